"""EC2: the operations that VPCs and their endpoints need, in the EC2 Query protocol."""

from collections.abc import Mapping
from typing import Final

from qanat.wire.ec2.endpoints import ENDPOINT_OPERATIONS
from qanat.wire.ec2.interfaces import INTERFACE_OPERATIONS
from qanat.wire.ec2.security_groups import SECURITY_GROUP_OPERATIONS
from qanat.wire.ec2.subnets import SUBNET_OPERATIONS
from qanat.wire.ec2.vpcs import VPC_OPERATIONS
from qanat.wire.service import ErrorRow, Service
from qanat.wire.xml import EC2 as DIALECT

# EC2 tells a caller whom it cannot identify one thing only, whatever was wrong.
_NOT_IDENTIFIED: Final = ErrorRow(
    401, "AuthFailure", "AWS was not able to validate the provided access credentials"
)

_ERRORS: Final[Mapping[str, ErrorRow]] = {
    "AccessDenied": ErrorRow(
        403, "UnauthorizedOperation", prefix="You are not authorized to perform this operation. "
    ),
    "DryRunOperation": ErrorRow(412),
    # One code of EC2's has both meanings (API reference, common client errors).
    "ExpiredToken": ErrorRow(400, "RequestExpired", "Request has expired."),
    "RequestExpired": ErrorRow(400),
    "InvalidClientTokenId": _NOT_IDENTIFIED,
    "MissingAuthenticationToken": _NOT_IDENTIFIED,
    "SignatureDoesNotMatch": _NOT_IDENTIFIED,
    "InternalFailure": ErrorRow(500, "InternalError"),
    "ServiceUnavailable": ErrorRow(503, "Unavailable"),
}

EC2: Final = Service(
    "ec2",
    "2016-11-15",
    "http://ec2.amazonaws.com/doc/2016-11-15/",
    DIALECT,
    {
        **VPC_OPERATIONS,
        **SUBNET_OPERATIONS,
        **SECURITY_GROUP_OPERATIONS,
        **ENDPOINT_OPERATIONS,
        **INTERFACE_OPERATIONS,
    },
    _ERRORS,
)
