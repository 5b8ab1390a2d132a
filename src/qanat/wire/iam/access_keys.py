"""The rows of access keys."""

from typing import Final

from qanat.core.identity import commands
from qanat.core.identity.model import AccessKey, KeyUse
from qanat.core.names import user_arn
from qanat.core.page import Page
from qanat.wire.iam.common import (
    AccessKeyId,
    IamInput,
    Marker,
    MaxItems,
    UserName,
    arn_of,
    instant,
    one_of,
    page_fields,
    user_meant,
)
from qanat.wire.service import Call, Operation, Output, table

_ACTIVE: Final = "Active"
_INACTIVE: Final = "Inactive"
_STATUSES: Final = (_ACTIVE, _INACTIVE)


class CreateAccessKeyInput(IamInput, frozen=True):
    user_name: UserName | None = None


class ListAccessKeysInput(IamInput, frozen=True):
    user_name: UserName | None = None
    marker: Marker | None = None
    max_items: MaxItems = 100


class UpdateAccessKeyInput(IamInput, frozen=True):
    access_key_id: AccessKeyId
    status: str
    user_name: UserName | None = None


class GetAccessKeyLastUsedInput(IamInput, frozen=True):
    access_key_id: AccessKeyId


class DeleteAccessKeyInput(IamInput, frozen=True):
    access_key_id: AccessKeyId
    user_name: UserName | None = None


def _create(given: CreateAccessKeyInput, call: Call) -> object:
    name = user_meant(given.user_name, call)
    return commands.CreateAccessKey(call.account, name, call.ids.access_key(), call.ids.secret())


def _list(given: ListAccessKeysInput, call: Call) -> object:
    name = user_meant(given.user_name, call)
    return commands.ListAccessKeys(call.account, name, given.marker, given.max_items)


def _update(given: UpdateAccessKeyInput, call: Call) -> object:
    name = user_meant(given.user_name, call)
    active = one_of(given.status, "status", _STATUSES) == _ACTIVE
    return commands.UpdateAccessKey(call.account, name, given.access_key_id, active)


def _delete(given: DeleteAccessKeyInput, call: Call) -> object:
    name = user_meant(given.user_name, call)
    return commands.DeleteAccessKey(call.account, name, given.access_key_id)


def _shown(key: AccessKey) -> dict[str, object]:
    return {
        "UserName": key.user_name,
        "AccessKeyId": key.access_key_id,
        "Status": _ACTIVE if key.active else _INACTIVE,
        "CreateDate": instant(key.created_at_ms),
    }


def _listed(page: Page[AccessKey], given: object, call: Call) -> Output:
    return {"AccessKeyMetadata": [_shown(key) for key in page.items], **page_fields(page)}


def _last_used(reply: tuple[AccessKey, KeyUse | None], given: object, call: Call) -> Output:
    key, use = reply
    # IAM API reference, AccessKeyLastUsed: N/A, and no date, where the key was never used.
    used: dict[str, object] = {"ServiceName": "N/A", "Region": "N/A"}
    if use is not None:
        used = {"LastUsedDate": instant(use.at_ms), "ServiceName": use.service, "Region": use.region}
    return {"UserName": key.user_name, "AccessKeyLastUsed": used}


def _resource(
    given: CreateAccessKeyInput | ListAccessKeysInput | UpdateAccessKeyInput | DeleteAccessKeyInput,
    call: Call,
) -> str:
    return arn_of(user_meant(given.user_name, call), call)


def _owner(given: GetAccessKeyLastUsedInput, call: Call) -> str:
    """The user whose key it is; a key that is not of the account could be any user's."""
    key = call.directory.key(given.access_key_id)
    if key is None or key.account != call.account:
        return user_arn(call.account, "*")
    return arn_of(key.user_name, call)


ACCESS_KEY_OPERATIONS = table(
    Operation(
        "CreateAccessKey",
        CreateAccessKeyInput,
        "iam:CreateAccessKey",
        _resource,
        _create,
        # The one time that the secret is told.
        lambda key, given, call: {"AccessKey": {**_shown(key), "SecretAccessKey": key.secret}},
    ),
    Operation("ListAccessKeys", ListAccessKeysInput, "iam:ListAccessKeys", _resource, _list, _listed),
    Operation(
        "UpdateAccessKey",
        UpdateAccessKeyInput,
        "iam:UpdateAccessKey",
        _resource,
        _update,
        lambda reply, given, call: None,
    ),
    Operation(
        "GetAccessKeyLastUsed",
        GetAccessKeyLastUsedInput,
        "iam:GetAccessKeyLastUsed",
        _owner,
        lambda given, call: commands.GetAccessKeyLastUsed(call.account, given.access_key_id),
        _last_used,
    ),
    Operation(
        "DeleteAccessKey",
        DeleteAccessKeyInput,
        "iam:DeleteAccessKey",
        _resource,
        _delete,
        lambda reply, given, call: None,
    ),
)
