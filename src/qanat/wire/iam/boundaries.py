"""The rows of permissions boundaries, and the ARNs of policies as requests name them."""

from collections.abc import Mapping
from typing import Final

from msgspec import field

from qanat.core.identity.errors import InvalidInput, ValidationError
from qanat.core.identity.holders import HolderKind
from qanat.core.identity.policy_commands import DeletePermissionsBoundary, PutPermissionsBoundary
from qanat.core.names import PARTITION, Arn
from qanat.wire.iam.common import (
    BOUNDARY_KEY,
    IamInput,
    NewUserName,
    RoleName,
    boundary_context,
    holder_arn,
)
from qanat.wire.service import Call, Context, Operation, Output, table

_ARN_LENGTH_MAX: Final = 2_048


def read_policy_arn(text: str) -> str:
    """`text`, which may name a policy. Raises ValidationError and InvalidInput, as AWS was recorded to."""
    arn = Arn.parse(text)
    if arn is None or len(text) > _ARN_LENGTH_MAX:
        raise ValidationError("Invalid ARN:  Could not be parsed!")
    if arn.partition != PARTITION:
        raise ValidationError("Invalid ARN partition")
    if arn.service != "iam" or not arn.resource.startswith("policy/"):
        raise InvalidInput(f"ARN {text} is not valid.")
    return text


def shown_boundary(arn: str | None) -> Mapping[str, object] | None:
    """The service model has `PermissionsBoundaryPolicy` for the type; what AWS answers is `Policy`."""
    return None if arn is None else {"PermissionsBoundaryType": "Policy", "PermissionsBoundaryArn": arn}


class PutUserBoundaryInput(IamInput, frozen=True):
    holder: NewUserName = field(name="UserName")
    permissions_boundary: str


class DeleteUserBoundaryInput(IamInput, frozen=True):
    holder: NewUserName = field(name="UserName")


class PutRoleBoundaryInput(IamInput, frozen=True):
    holder: RoleName = field(name="RoleName")
    permissions_boundary: str


class DeleteRoleBoundaryInput(IamInput, frozen=True):
    holder: RoleName = field(name="RoleName")


PutInput = PutUserBoundaryInput | PutRoleBoundaryInput
DeleteInput = DeleteUserBoundaryInput | DeleteRoleBoundaryInput


def _rows(
    kind: HolderKind, put_input: type[PutInput], delete_input: type[DeleteInput]
) -> Mapping[str, Operation]:
    name = f"{kind.capitalize()}PermissionsBoundary"

    def resource(given: PutInput | DeleteInput, call: Call) -> str:
        return holder_arn(kind, given.holder, call)

    def put(given: PutInput, call: Call) -> object:
        arn = read_policy_arn(given.permissions_boundary)
        return PutPermissionsBoundary(kind, call.account, given.holder, arn)

    def delete(given: DeleteInput, call: Call) -> object:
        return DeletePermissionsBoundary(kind, call.account, given.holder)

    def to_be(given: PutInput, call: Call) -> Context:
        return {BOUNDARY_KEY: given.permissions_boundary}

    def as_it_is(given: DeleteInput, call: Call) -> Context:
        return boundary_context(kind, given.holder, call)

    return table(
        Operation(f"Put{name}", put_input, f"iam:Put{name}", resource, put, _done, context=to_be),
        Operation(
            f"Delete{name}", delete_input, f"iam:Delete{name}", resource, delete, _done, context=as_it_is
        ),
    )


def _done(reply: None, given: object, call: Call) -> Output:
    return None


BOUNDARY_OPERATIONS = {
    **_rows(HolderKind.USER, PutUserBoundaryInput, DeleteUserBoundaryInput),
    **_rows(HolderKind.ROLE, PutRoleBoundaryInput, DeleteRoleBoundaryInput),
}
