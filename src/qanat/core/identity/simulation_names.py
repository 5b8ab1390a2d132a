"""What a simulation is about, by name: actions, resources, whose they are, and users, groups and roles.

AWS's own sentences where they were recorded.
"""

from typing import Final

from qanat.core.identity.errors import InvalidInput
from qanat.core.identity.holders import HolderKind
from qanat.core.identity.simulation_commands import Simulate
from qanat.core.names import ACCOUNT_ID, Arn

_KINDS: Final = {kind.value: kind for kind in HolderKind}


def check_asked(command: Simulate) -> None:
    """Raises InvalidInput."""
    for action in command.actions:
        service, colon, name = action.partition(":")
        if not colon or not service or not name or any(one in action for one in "*? \t\n"):
            raise InvalidInput(f"Invalid Input Action: {action} is not an action such as sqs:SendMessage.")
    for resource in command.resources:
        if resource != "*" and Arn.parse(resource) is None:
            raise InvalidInput(f"Invalid Input Resource: {resource} is neither an ARN nor *.")
        if command.resource_policy is not None and _is_role(resource):
            raise InvalidInput("Simulation of resource-based policies isn't supported for IAM roles.")


def _is_role(resource: str) -> bool:
    arn = Arn.parse(resource)
    return arn is not None and arn.service == "iam" and arn.resource.startswith("role/")


def owner_of(command: Simulate, default: str) -> str:
    """Whose the resources are that do not tell by their ARN. Raises InvalidInput."""
    if command.resource_owner is None:
        return default
    arn = Arn.parse(command.resource_owner)
    if arn is None or (arn.service, arn.resource) != ("iam", "root") or not ACCOUNT_ID.match(arn.account):
        raise InvalidInput(f"'{command.resource_owner}' is not a valid as a Resource Owner.")
    return arn.account


def account_of(resource: str, owner: str) -> str:
    arn = Arn.parse(resource)
    return arn.account if arn is not None and ACCOUNT_ID.match(arn.account) else owner


def entity_of(text: str) -> tuple[Arn, HolderKind, str]:
    """Raises InvalidInput."""
    arn = Arn.parse(text)
    if arn is None or arn.service != "iam" or not ACCOUNT_ID.match(arn.account):
        raise unclear(text)
    kind, _, rest = arn.resource.partition("/")
    name = rest.rpartition("/")[2]
    if kind not in _KINDS or not name:
        raise unclear(text)
    return arn, _KINDS[kind], name


def unclear(text: str) -> InvalidInput:
    return InvalidInput(f"Invalid Entity Arn: {text} does not clearly define entity type and name.")
