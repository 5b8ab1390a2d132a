"""IAM: users, groups, keys and the policies written inside them, in the Query protocol."""

from collections.abc import Mapping
from typing import Final

from qanat.wire.iam.access_keys import ACCESS_KEY_OPERATIONS
from qanat.wire.iam.account import ACCOUNT_OPERATIONS
from qanat.wire.iam.attachments import ATTACHMENT_OPERATIONS
from qanat.wire.iam.authorization_details import AUTHORIZATION_DETAILS_OPERATIONS
from qanat.wire.iam.boundaries import BOUNDARY_OPERATIONS
from qanat.wire.iam.common import check, missing
from qanat.wire.iam.credential_report import CREDENTIAL_REPORT_OPERATIONS
from qanat.wire.iam.credentials import CREDENTIAL_OPERATIONS
from qanat.wire.iam.groups import GROUP_OPERATIONS
from qanat.wire.iam.inline_policies import INLINE_POLICY_OPERATIONS
from qanat.wire.iam.instance_profiles import INSTANCE_PROFILE_OPERATIONS
from qanat.wire.iam.managed_policies import POLICY_OPERATIONS
from qanat.wire.iam.mfa_devices import MFA_DEVICE_OPERATIONS
from qanat.wire.iam.roles import ROLE_OPERATIONS
from qanat.wire.iam.simulations import SIMULATION_OPERATIONS
from qanat.wire.iam.users import USER_OPERATIONS
from qanat.wire.service import ErrorRow, Service
from qanat.wire.xml import QUERY

_ERRORS: Final[Mapping[str, ErrorRow]] = {
    "NoSuchEntity": ErrorRow(404),
    "EntityAlreadyExists": ErrorRow(409),
    "DeleteConflict": ErrorRow(409),
    "LimitExceeded": ErrorRow(409),
    "InvalidAuthenticationCode": ErrorRow(403),
    "ReportNotPresent": ErrorRow(410),
    "ReportExpired": ErrorRow(410),
    "InternalFailure": ErrorRow(500, "ServiceFailure"),
}

IAM: Final = Service(
    "iam",
    "2010-05-08",
    "https://iam.amazonaws.com/doc/2010-05-08/",
    QUERY,
    {
        **USER_OPERATIONS,
        **GROUP_OPERATIONS,
        **ACCESS_KEY_OPERATIONS,
        **INLINE_POLICY_OPERATIONS,
        **CREDENTIAL_OPERATIONS,
        **MFA_DEVICE_OPERATIONS,
        **ACCOUNT_OPERATIONS,
        **ROLE_OPERATIONS,
        **POLICY_OPERATIONS,
        **ATTACHMENT_OPERATIONS,
        **BOUNDARY_OPERATIONS,
        **INSTANCE_PROFILE_OPERATIONS,
        **SIMULATION_OPERATIONS,
        **AUTHORIZATION_DETAILS_OPERATIONS,
        **CREDENTIAL_REPORT_OPERATIONS,
    },
    _ERRORS,
    check,
    missing,
)
