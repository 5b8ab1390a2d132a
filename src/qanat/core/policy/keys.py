"""The global condition keys (IAM User Guide, reference_policies_condition-keys): what they hold, when they are there.

Invariant: names are compared without case, and told as AWS writes them.
"""

from difflib import get_close_matches
from enum import Enum
from typing import Final

from msgspec import Struct


class Holds(Enum):
    """What a key's values are, with the families of operators that make sense of them."""

    TEXT = ("String", "Binary")
    ARN = ("Arn", "String")
    BOOLEAN = ("Bool", "String")
    DATE = ("Date",)
    EPOCH = ("Numeric", "Date")
    NUMBER = ("Numeric",)
    ADDRESS = ("IpAddress", "NotIpAddress")


class Key(Struct, frozen=True):
    name: str
    """As AWS writes it."""
    holds: Holds = Holds.TEXT
    many: bool = False
    """Multivalued: it needs ForAllValues or ForAnyValue."""


_KEYS: Final = (
    Key("aws:AssumedRoot", Holds.BOOLEAN),
    Key("aws:CalledVia", many=True),
    Key("aws:CalledViaFirst"),
    Key("aws:CalledViaLast"),
    Key("aws:ChatbotSourceArn", Holds.ARN),
    Key("aws:CurrentTime", Holds.DATE),
    Key("aws:Ec2InstanceSourcePrivateIPv4", Holds.ADDRESS),
    Key("aws:Ec2InstanceSourceVpc"),
    Key("aws:EpochTime", Holds.EPOCH),
    Key("aws:FederatedProvider"),
    Key("aws:MultiFactorAuthAge", Holds.NUMBER),
    Key("aws:MultiFactorAuthPresent", Holds.BOOLEAN),
    Key("aws:PrincipalAccount"),
    Key("aws:PrincipalArn", Holds.ARN),
    Key("aws:PrincipalIsAWSService", Holds.BOOLEAN),
    Key("aws:PrincipalOrgID"),
    Key("aws:PrincipalOrgPaths", many=True),
    Key("aws:PrincipalServiceName"),
    Key("aws:PrincipalServiceNamesList", many=True),
    Key("aws:PrincipalType"),
    Key("aws:Referer"),
    Key("aws:RequestedRegion"),
    Key("aws:ResourceAccount"),
    Key("aws:ResourceOrgID"),
    Key("aws:ResourceOrgPaths", many=True),
    Key("aws:SecureTransport", Holds.BOOLEAN),
    Key("aws:SourceAccount"),
    Key("aws:SourceArn", Holds.ARN),
    Key("aws:SourceIdentity"),
    Key("aws:SourceIp", Holds.ADDRESS),
    Key("aws:SourceOrgID"),
    Key("aws:SourceOrgPaths", many=True),
    Key("aws:SourceVpc"),
    Key("aws:SourceVpcArn", Holds.ARN),
    Key("aws:SourceVpce"),
    Key("aws:TagKeys", many=True),
    Key("aws:TokenIssueTime", Holds.DATE),
    Key("aws:UserAgent"),
    Key("aws:ViaAWSService", Holds.BOOLEAN),
    Key("aws:VpceAccount"),
    Key("aws:VpceOrgID"),
    Key("aws:VpceOrgPaths", many=True),
    Key("aws:VpcSourceIp", Holds.ADDRESS),
    Key("aws:userid"),
    Key("aws:username"),
)
_BY_NAME: Final = {key.name.lower(): key for key in _KEYS}
_TAGS: Final = ("aws:PrincipalTag/", "aws:RequestTag/", "aws:ResourceTag/")

THROUGH_ENDPOINT: Final = frozenset(
    {
        "aws:sourcevpc",
        "aws:sourcevpcarn",
        "aws:sourcevpce",
        "aws:vpceaccount",
        "aws:vpceorgid",
        "aws:vpceorgpaths",
        "aws:vpcsourceip",
    }
)
"""Keys of requests that came through a VPC endpoint, in lower case."""
OF_ORGANIZATIONS: Final = frozenset(
    {
        "aws:principalorgid",
        "aws:principalorgpaths",
        "aws:resourceorgid",
        "aws:resourceorgpaths",
        "aws:vpceorgid",
        "aws:vpceorgpaths",
    }
)
"""Keys of requests by, to or through what belongs to an organization."""
OUTSIDE_ENDPOINT: Final = frozenset({"aws:sourceip"})
"""Keys of requests that did not."""


def global_key(name: str) -> Key | None:
    """The key that `name`, in any case, is; None for one that AWS does not have."""
    found = _BY_NAME.get(name.lower())
    if found is not None:
        return found
    prefix = tag_prefix(name)
    if prefix is None or len(name) == len(prefix):
        return None
    return Key(prefix + name[len(prefix) :])


def tag_prefix(name: str) -> str | None:
    """`aws:ResourceTag/` and the like, as AWS writes it, where `name` begins so."""
    return next((prefix for prefix in _TAGS if name.lower().startswith(prefix.lower())), None)


def lacks_tag(name: str) -> str | None:
    """The prefix that `name` is, with its slash or without, where the tag's key is missing after it."""
    return next((prefix for prefix in _TAGS if name.lower() in (prefix.lower(), prefix.lower()[:-1])), None)


def meant(name: str) -> str | None:
    """The key that was probably meant by `name`."""
    vendor, _, rest = name.lower().partition(":")
    if vendor == "aws" and (prefix := next((p for p in _TAGS if rest.startswith(p[4:-1].lower())), None)):
        return f"{prefix}tag-key"
    # A threshold that takes one or two slips of the finger in a word of ten letters.
    found = get_close_matches(f"aws:{rest}", _BY_NAME, n=1, cutoff=0.8)
    return _BY_NAME[found[0]].name if found else None
