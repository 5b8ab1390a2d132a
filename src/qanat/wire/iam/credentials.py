"""The rows of credentials that nobody has here: passwords, SSH keys, certificates, those of one service.

Terraform and others list them before they delete a user. So the lists are answered, always empty; what would make
one is not served.
"""

from qanat.core.identity import commands
from qanat.wire.iam.common import (
    IamInput,
    Marker,
    MaxItems,
    NewUserName,
    UserName,
    arn_meant,
    arn_of,
    user_meant,
    user_or_root,
)
from qanat.wire.service import Call, Operation, table


class ListOfUserInput(IamInput, frozen=True):
    user_name: UserName | None = None
    marker: Marker | None = None
    max_items: MaxItems = 100


class ListOfNewUserInput(IamInput, frozen=True):
    """The service model is stricter with the names in these."""

    user_name: NewUserName | None = None
    marker: Marker | None = None
    max_items: MaxItems = 100


class ListServiceSpecificCredentialsInput(ListOfNewUserInput, frozen=True):
    service_name: str | None = None


ListInput = ListOfUserInput | ListOfNewUserInput


class LoginProfileInput(IamInput, frozen=True):
    user_name: NewUserName | None = None


def _owner(given: ListInput, call: Call) -> str:
    return arn_meant(given.user_name, call)


def _existing(given: ListInput, call: Call) -> object:
    """Refused where there is no such user."""
    return commands.GetUser(call.account, user_or_root(given.user_name, call))


def _empty_list(name: str, items: str, given: type[ListInput] = ListOfUserInput) -> Operation:
    return Operation(
        name,
        given,
        f"iam:{name}",
        _owner,
        _existing,
        lambda reply, given, call: {items: [], "IsTruncated": False},
    )


def _login_profile(name: str) -> Operation:
    return Operation(
        name,
        LoginProfileInput,
        f"iam:{name}",
        lambda given, call: arn_of(user_meant(given.user_name, call), call),
        lambda given, call: commands.GetLoginProfile(call.account, user_meant(given.user_name, call)),
        lambda reply, given, call: None,
    )


CREDENTIAL_OPERATIONS = table(
    _empty_list("ListSSHPublicKeys", "SSHPublicKeys", ListOfNewUserInput),
    _empty_list("ListSigningCertificates", "Certificates"),
    _empty_list(
        "ListServiceSpecificCredentials", "ServiceSpecificCredentials", ListServiceSpecificCredentialsInput
    ),
    _login_profile("GetLoginProfile"),
    _login_profile("DeleteLoginProfile"),
)
