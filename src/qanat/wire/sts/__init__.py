"""STS in the Query protocol: who am I, and temporary credentials."""

from typing import Final

from msgspec import Struct

from qanat.core.identity.commands import GetCallerIdentity
from qanat.core.identity.model import Caller
from qanat.wire.iam.common import check, missing
from qanat.wire.service import Call, Operation, Output, Service, table
from qanat.wire.sts.assume_role import ASSUME_ROLE
from qanat.wire.sts.tokens import GET_FEDERATION_TOKEN, GET_SESSION_TOKEN
from qanat.wire.xml import QUERY


class GetCallerIdentityInput(Struct, frozen=True):
    pass


def _identity(caller: Caller, given: object, call: Call) -> Output:
    return {"Arn": caller.arn, "UserId": caller.unique_id, "Account": caller.account}


STS: Final = Service(
    "sts",
    "2011-06-15",
    "https://sts.amazonaws.com/doc/2011-06-15/",
    QUERY,
    table(
        Operation(
            "GetCallerIdentity",
            GetCallerIdentityInput,
            # No permission is needed, and none can be taken away (STS API reference).
            None,
            lambda given, call: "*",
            lambda given, call: GetCallerIdentity(call.caller),
            _identity,
        ),
        ASSUME_ROLE,
        GET_SESSION_TOKEN,
        GET_FEDERATION_TOKEN,
    ),
    check=check,
    missing=missing,
)
