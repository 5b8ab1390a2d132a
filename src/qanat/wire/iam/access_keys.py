"""The rows of access keys."""

from qanat.core.identity import commands
from qanat.core.identity.model import AccessKey
from qanat.core.page import Page
from qanat.wire.iam.common import (
    AccessKeyId,
    IamInput,
    Marker,
    MaxItems,
    UserName,
    arn_of,
    instant,
    page_fields,
    user_meant,
)
from qanat.wire.service import Call, Operation, Output, table


class CreateAccessKeyInput(IamInput, frozen=True):
    user_name: UserName | None = None


class ListAccessKeysInput(IamInput, frozen=True):
    user_name: UserName | None = None
    marker: Marker | None = None
    max_items: MaxItems = 100


class DeleteAccessKeyInput(IamInput, frozen=True):
    access_key_id: AccessKeyId
    user_name: UserName | None = None


def _create(given: CreateAccessKeyInput, call: Call) -> object:
    name = user_meant(given.user_name, call)
    return commands.CreateAccessKey(call.account, name, call.ids.access_key(), call.ids.secret())


def _list(given: ListAccessKeysInput, call: Call) -> object:
    name = user_meant(given.user_name, call)
    return commands.ListAccessKeys(call.account, name, given.marker, given.max_items)


def _delete(given: DeleteAccessKeyInput, call: Call) -> object:
    name = user_meant(given.user_name, call)
    return commands.DeleteAccessKey(call.account, name, given.access_key_id)


def _shown(key: AccessKey) -> dict[str, object]:
    return {
        "UserName": key.user_name,
        "AccessKeyId": key.access_key_id,
        "Status": "Active" if key.active else "Inactive",
        "CreateDate": instant(key.created_at_ms),
    }


def _listed(page: Page[AccessKey], given: object, call: Call) -> Output:
    return {"AccessKeyMetadata": [_shown(key) for key in page.items], **page_fields(page)}


def _resource(given: CreateAccessKeyInput | ListAccessKeysInput | DeleteAccessKeyInput, call: Call) -> str:
    return arn_of(user_meant(given.user_name, call), call)


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
        "DeleteAccessKey",
        DeleteAccessKeyInput,
        "iam:DeleteAccessKey",
        _resource,
        _delete,
        lambda reply, given, call: None,
    ),
)
