"""What a request would have to be so that a condition holds, or fails."""

from collections.abc import Mapping
from typing import Final

from qanat.core.policy.keys import OF_ORGANIZATIONS
from qanat.core.policy.trace.conditions import bare, is_negated
from qanat.core.policy.trace.model import Tested
from qanat.core.policy.trace.words import had, listed
from qanat.core.policy.variables import Context

# Words for a request whose value is, or is not, among those written.
_AMONG: Final[Mapping[str, str]] = {
    "aws:sourcevpce": "come through the VPC endpoint {}",
    "aws:sourcevpc": "come through an endpoint in the VPC {}",
    "aws:sourcevpcarn": "come through an endpoint in the VPC {}",
    "aws:vpceaccount": "come through a VPC endpoint of account {}",
    "aws:vpcsourceip": "come through a VPC endpoint from {}",
    "aws:sourceip": "come by the public listener from {}",
    "aws:principalarn": "make the request as {}",
    "aws:principalaccount": "make the request as a principal of account {}",
    "aws:requestedregion": "make the request in the Region {}",
}
_NOT_AMONG: Final[Mapping[str, str]] = {
    "aws:sourcevpce": "come through no endpoint, or another than {}",
    "aws:sourcevpc": "come from no VPC, or another than {}",
    "aws:sourceip": "come from another address than {}",
    "aws:vpcsourceip": "come from another address than {}",
    "aws:principalarn": "make the request as somebody else than {}",
}
_TAGS: Final[Mapping[str, str]] = {
    "aws:principaltag/": "give the principal the tag {} = {}",
    "aws:resourcetag/": "give the resource the tag {} = {}",
    "aws:requesttag/": "set the tag {} = {} in the request",
}
_PLACES: Final = frozenset(
    {
        "aws:sourcevpce",
        "aws:sourcevpc",
        "aws:sourcevpcarn",
        "aws:vpceaccount",
        "aws:vpcsourceip",
        "aws:sourceip",
    }
)
_EQUALITIES: Final = ("Equals", "NotEquals", "IgnoreCase", "Like", "Bool", "IpAddress")

_WITH_MFA: Final = (
    "use credentials that GetSessionToken gave for a code of an MFA device (AssumeRole takes one itself)"
)


def way(test: Tested, context: Context, *, to_hold: bool) -> str:
    """What to do, with what the request was."""
    return f"{_what(test, to_hold=to_hold)} ({_was(test, context)})"


def _what(test: Tested, *, to_hold: bool) -> str:
    name, key = bare(test.operator), test.key.lower()
    if key in OF_ORGANIZATIONS:
        return f"take {test.key} out of the statement, for there are no organizations here"
    if name == "Null" and test.operator != name:
        return f"take {test.operator} out of the policy, for no request changes it"
    if name == "Null":
        # Either list member suffices, so one of both kinds always holds.
        absent = ("true" in test.written) is to_hold
        return f"have no {test.key}" if absent else f"have {test.key}"
    if key == "aws:securetransport" and name == "Bool":
        return "use HTTPS" if ("true" in test.written) is to_hold else "use plain HTTP"
    if key == "aws:multifactorauthpresent" and name == "Bool" and ("true" in test.written) is to_hold:
        return _WITH_MFA
    if not name.endswith(_EQUALITIES) or name.endswith(("LessThanEquals", "GreaterThanEquals")):
        return f"have {test.key} so that {test.operator} {listed(test.written)} {'holds' if to_hold else 'fails'}"
    values = listed(test.written)
    if to_hold is is_negated(test.operator):
        return _NOT_AMONG.get(key, f"have {test.key} other than {{}}").format(values)
    for prefix, words in _TAGS.items():
        if key.startswith(prefix):
            return words.format(test.key[len(prefix) :], values)
    return _AMONG.get(key, f"have {test.key} = {{}}").format(values)


def _was(test: Tested, context: Context) -> str:
    if test.key.lower() in _PLACES:
        if "aws:sourcevpce" in context:
            return f"the request came through {context['aws:sourcevpce']} from {_address(context)}"
        if "aws:sourceip" in context:
            return f"the request came by the public listener from {_address(context)}"
    return f"the request had {had(test.seen)}"


def _address(context: Context) -> str:
    return str(context.get("aws:vpcsourceip") or context.get("aws:sourceip") or "an unknown address")
