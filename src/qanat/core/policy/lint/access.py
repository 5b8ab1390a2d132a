"""What a policy means: whom it lets in who should not be, and whom it shuts out who should not be.

Invariant: what can be tried is tried with sample requests; the rest looks at what one statement names.
"""

import re
from collections.abc import Iterator
from typing import Final

from qanat.core.identity.model import ANONYMOUS, Caller, PrincipalType
from qanat.core.names import Arn, user_arn
from qanat.core.policy.actions import NOT_SHAREABLE
from qanat.core.policy.document import Document
from qanat.core.policy.errors import shown
from qanat.core.policy.keys import OUTSIDE_ENDPOINT, THROUGH_ENDPOINT, global_key
from qanat.core.policy.lint.arns import check_arn
from qanat.core.policy.lint.items import matched_actions
from qanat.core.policy.lint.view import Item, Report, View
from qanat.core.policy.lockout import ACTION, locks_out_administrators
from qanat.core.policy.samples import ANY_ADDRESS, ANY_ENDPOINT, ANY_VPC
from qanat.core.policy.sizes import PolicyKind
from qanat.core.policy.statement import Effect, Statement

_ACCOUNT: Final = re.compile(r"(?<![0-9])[0-9]{12}(?![0-9])")
_SOMEONE: Final = "123456789012"
_STRANGER_ACCOUNT: Final = "000000000077"
_STRANGER: Final = Caller(
    PrincipalType.USER,
    _STRANGER_ACCOUNT,
    user_arn(_STRANGER_ACCOUNT, "stranger"),
    "AIDA0000000000000077",
    "stranger",
)
_FOR_SERVICES: Final = "UNSUPPORTED_CONDITION_KEY_FOR_SERVICE_PRINCIPAL"
_OF_PRINCIPALS: Final = frozenset(
    {
        "aws:principalaccount",
        "aws:principalarn",
        "aws:principalorgid",
        "aws:principalorgpaths",
        "aws:principaltype",
        "aws:userid",
        "aws:username",
    }
)
_SOURCES: Final = ("aws:sourcearn", "aws:sourceaccount", "aws:sourceorg")
_AWAY: Final = {
    "aws:currenttime": "1767225600",
    "aws:epochtime": "1767225600",
    "aws:securetransport": "true",
    "aws:viaawsservice": "false",
    "aws:sourceip": ANY_ADDRESS,
}
_THROUGH: Final = {
    "aws:principalisawsservice": "false",
    "aws:securetransport": "true",
    "aws:viaawsservice": "false",
    "aws:sourcevpc": ANY_VPC,
    "aws:sourcevpce": ANY_ENDPOINT,
    "aws:vpcsourceip": ANY_ADDRESS,
}


def check_complements(view: View, report: Report) -> None:
    """Allow with what is not named, and Deny with who is not."""
    if view.allows:
        for element, code in (
            ("NotPrincipal", "ALLOW_WITH_NOT_PRINCIPAL"),
            ("NotAction", "ALLOW_WITH_NOT_ACTION"),
            ("NotResource", "ALLOW_WITH_NOT_RESOURCE"),
        ):
            if element in view.node:
                report.find(code, f"{view.path}.{element}", at_key=True)
    elif view.denies:
        _check_not_principal(view, report)


def _check_not_principal(view: View, report: Report) -> None:
    items = [item for kind, item in view.principals("NotPrincipal") if kind == "AWS"]
    named = {item.text for item in items}
    for item in items:
        account = account_of(item.text)
        arn = Arn.parse(item.text)
        if account is None or arn is None or arn.resource == "root":
            continue
        root = f"arn:aws:iam::{account}:root"
        if named.isdisjoint({root, account, "*"}):
            report.find("NOT_PRINCIPAL_WITHOUT_ACCOUNT", item.path, principal=shown(item.text), missing=root)


def account_of(principal: str) -> str | None:
    """The account that a principal is, or is of."""
    if principal.isdigit() and len(principal) == 12:
        return principal
    arn = Arn.parse(principal)
    return arn.account if arn is not None and arn.account.isdigit() else None


def check_services(view: View, report: Report) -> None:
    if not view.allows or any(test.key.lower().startswith(_SOURCES) for test in view.tests()):
        return
    for kind, item in view.principals():
        if kind == "Service":
            report.find("RESTRICT_ACCESS_TO_SERVICE_PRINCIPAL", item.path)


def check_trust(view: View, report: Report) -> None:
    """A role that everyone may assume."""
    everyone = any(kind == "AWS" and item.text == "*" for kind, item in view.principals())
    if view.allows and everyone and not any(view.tests()):
        report.find("ROLE_TRUSTS_EVERYONE", f"{view.path}.Principal")


def check_across_accounts(view: View, account: str | None, report: Report) -> None:
    """Actions that are granted to other accounts in vain. `account` is the queue's, where it is known."""
    if not view.allows:
        return
    owner = account or next((found for found in map(_owner, view.items("Resource")) if found), None)
    principals = [account_of(item.text) for kind, item in view.principals() if kind == "AWS"]
    foreign = next((one for one in principals if one is not None and one != owner), None)
    if owner is None or foreign is None:
        return
    for item in view.items("Action"):
        if item.text.lower() in NOT_SHAREABLE:
            report.find("ACTION_NOT_GRANTED_ACROSS_ACCOUNTS", item.path, action=item.text, account=foreign)


def _owner(resource: Item) -> str | None:
    arn = Arn.parse(resource.text)
    return arn.account if arn is not None and arn.account.isdigit() else None


def check_resources(view: View, report: Report) -> None:
    """Resources that cannot be meant."""
    for item in view.items("Resource"):
        service = item.text.split(":")[2:3]
        if view.kind is PolicyKind.RESOURCE and item.text.startswith("arn:") and service:
            wild = "*" in service[0] or "?" in service[0]
            if not wild and service[0] != "sqs":
                report.find("UNSUPPORTED_RESOURCE_ARN_IN_POLICY", item.path)
    for item in (*view.items("Resource"), *view.items("NotResource")):
        check_arn(item, report)
    names = {item.text.lower(): item for item in view.items("Action")}
    listing = names.get("sqs:listqueues")
    resources = view.items("Resource")
    if view.allows and listing and resources and all(item.text.strip("*") for item in resources):
        report.find("ACTION_NEEDS_ALL_RESOURCES", listing.path)


def check_presence(view: View, statement: Statement, report: Report) -> None:
    """Keys that are never in one request, and what a statement does where a key is absent."""
    needed = {c.key: c for c in statement.conditions if not c.holds({})}
    absent = {
        c.key
        for c in statement.conditions
        if c.operator == "Null" and c.holds({}) and not c.holds({c.key: "x"})
    }
    places = {test.key.lower(): test.path for test in view.tests()}
    inside = sorted(THROUGH_ENDPOINT & needed.keys())
    outside = sorted(OUTSIDE_ENDPOINT & needed.keys())
    if inside and outside:
        why = f"{_name(inside[0])} is there through a VPC endpoint only, {_name(outside[0])} only outside one"
        _contradiction(places[outside[0]], _name(inside[0]), _name(outside[0]), why, report)
    elif inside and (gone := sorted(THROUGH_ENDPOINT & absent)):
        why = "they are there together, through a VPC endpoint"
        _contradiction(places[gone[0]], _name(inside[0]), f"the absence of {_name(gone[0])}", why, report)
    elif outside and view.kind is PolicyKind.ENDPOINT:
        report.find("CONDITION_KEY_NEVER_PRESENT", places[outside[0]], at_key=True, key=_name(outside[0]))
    if view.allows and {kind for kind, _ in view.principals()} == {"Service"}:
        lacking = sorted(filter(_of_no_service, needed))
        if lacking:
            names = ", ".join(map(_name, lacking))
            report.find(_FOR_SERVICES, places[lacking[0]], at_key=True, keys=names)
    _check_denied_endpoints(view, statement, places, report)


def _of_no_service(key: str) -> bool:
    """Whether a service that calls for itself never has the key."""
    return key in THROUGH_ENDPOINT or key in _OF_PRINCIPALS or key.startswith("aws:principaltag/")


def _contradiction(path: str, key: str, other: str, why: str, report: Report) -> None:
    report.find("CONTRADICTORY_CONDITION_KEYS", path, at_key=True, key=key, other=other, why=why)


def _check_denied_endpoints(view: View, statement: Statement, places: dict[str, str], report: Report) -> None:
    if (
        statement.effect is not Effect.DENY
        or view.kind is PolicyKind.ENDPOINT
        or "aws:sourceip" not in places
        # Whoever says which endpoints are meant to pass has thought of them.
        or THROUGH_ENDPOINT & places.keys()
    ):
        return
    if all(condition.holds(_THROUGH) for condition in statement.conditions):
        report.find("DENY_HITS_ENDPOINTS", places["aws:sourceip"], at_key=True)


def _name(key: str) -> str:
    found = global_key(key)
    return key if found is None else found.name


def check_public(document: Document, views: list[View], report: Report) -> None:
    """Allow statements of a queue policy that let strangers in, from anywhere."""
    for view, statement in zip(views, document.statements, strict=True):
        if statement.effect is not Effect.ALLOW:
            continue
        resource = _sample_queue(view, None, _SOMEONE)
        for caller, who in ((ANONYMOUS, "without a signature, too"), (_STRANGER, "of any account")):
            actions = [
                action
                for action in _shareable(view)
                if _lets(statement, caller, resource) and not _denies(document, caller, action, resource)
            ]
            if actions:
                element = "Principal" if "Principal" in view.node else "NotPrincipal"
                report.find("PUBLIC_QUEUE", f"{view.path}.{element}", actions=_few(actions), who=who)
                break


def _shareable(view: View) -> Iterator[str]:
    if "NotAction" in view.node:
        yield "sqs:SendMessage"
    for item in view.items("Action"):
        yield from (action for action in matched_actions(item.text) if action.lower() not in NOT_SHAREABLE)


def _context(caller: Caller) -> dict[str, str]:
    if caller is ANONYMOUS:
        return {**_AWAY, "aws:principalaccount": caller.account, "aws:principaltype": caller.type.value}
    return {
        **_AWAY,
        "aws:principalaccount": caller.account,
        "aws:principalarn": caller.arn,
        "aws:principalisawsservice": "false",
        "aws:principaltype": caller.type.value,
        "aws:userid": caller.unique_id,
        "aws:username": caller.user_name or "",
    }


def _lets(statement: Statement, caller: Caller, resource: str) -> bool:
    named = statement.principals is not None and statement.principals.match(caller)
    return bool(named) and statement.applies(resource, _context(caller))


def _denies(document: Document, caller: Caller, action: str, resource: str) -> bool:
    return any(_lets(statement, caller, resource) for statement in document.for_action(action.lower())[0])


def _few(actions: list[str]) -> str:
    first = list(dict.fromkeys(actions))
    return ", ".join(first[:3]) + (f" and {len(first) - 3} more" if len(first) > 3 else "")


def _sample_queue(view: View, account: str | None, owner: str) -> str:
    """The ARN of a queue that the statement is about.

    `account` is the queue's, where it is known; `owner` stands in where the statement does not say.
    """
    for item in view.items("Resource"):
        arn = Arn.parse(item.text)
        if arn is None or arn.service != "sqs":
            continue
        region = "us-east-1" if "*" in arn.region or "?" in arn.region else arn.region
        found = arn.account if arn.account.isdigit() and account is None else owner
        name = arn.resource.replace("*", "x").replace("?", "x")
        return f"arn:{arn.partition}:sqs:{region}:{found}:{name}"
    return f"arn:aws:sqs:us-east-1:{owner}:queue"


def check_lockout(document: Document, views: list[View], account: str | None, report: Report) -> None:
    """Whether the queue that the policy is about can still be mended."""
    named = (_ACCOUNT.search(repr(view.node)) for view in views)
    owner = account or next((found[0] for found in named if found), _SOMEONE)
    queues = dict.fromkeys(
        _sample_queue(view, account, owner)
        for view, statement in zip(views, document.statements, strict=True)
        if statement.effect is Effect.DENY and statement.actions.match(ACTION, {})
    )
    for queue in queues:
        found = locks_out_administrators(document, queue)
        if found is None:
            continue
        view = views[found.statement]
        actions = [item for item in view.items("Action") if _means_setting(item)]
        path = actions[0].path if actions else f"{view.path}.NotAction"
        said = ", ".join(shown(item.text) for item in actions) or "NotAction"
        code = "LOCKS_OUT_EVERYONE" if found.everywhere else "LOCKS_OUT_ADMINISTRATORS"
        report.find(code, path, actions=said, refusal=found.text)
        return


def _means_setting(item: Item) -> bool:
    return "sqs:SetQueueAttributes" in matched_actions(item.text)
