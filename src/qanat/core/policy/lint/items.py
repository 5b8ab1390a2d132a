"""One action, resource, principal or condition value that the parser refuses: its code, and what was probably meant."""

import re
from difflib import get_close_matches
from ipaddress import ip_interface
from typing import Final

from qanat.core.names import ACCOUNT_ID, PARTITION
from qanat.core.policy.actions import QUEUE_ACTIONS
from qanat.core.policy.conditions import read_conditions, spelling_of
from qanat.core.policy.errors import PolicyInvalid, shown
from qanat.core.policy.findings import Reading
from qanat.core.policy.glob import ARN_COLONS, Style, patterns
from qanat.core.policy.lint.view import Item, Report, View
from qanat.core.policy.match import read_actions, read_resources
from qanat.core.policy.principals import read_principals
from qanat.core.policy.sizes import PolicyKind
from qanat.core.policy.values import instant_ms
from qanat.core.policy.variables import pieces

ACTION_NAMES: Final = (
    "sqs:AddPermission",
    "sqs:CancelMessageMoveTask",
    "sqs:ChangeMessageVisibility",
    "sqs:CreateQueue",
    "sqs:DeleteMessage",
    "sqs:DeleteQueue",
    "sqs:GetQueueAttributes",
    "sqs:GetQueueUrl",
    "sqs:ListDeadLetterSourceQueues",
    "sqs:ListMessageMoveTasks",
    "sqs:ListQueues",
    "sqs:ListQueueTags",
    "sqs:PurgeQueue",
    "sqs:ReceiveMessage",
    "sqs:RemovePermission",
    "sqs:SendMessage",
    "sqs:SetQueueAttributes",
    "sqs:StartMessageMoveTask",
    "sqs:TagQueue",
    "sqs:UntagQueue",
    "qanat:PeekMessages",
)
"""Of queues, as AWS writes them (and one of ours)."""
_BY_NAME: Final = {name.lower(): name for name in ACTION_NAMES}
_SERVICES: Final = frozenset({"sqs", "qanat"})
_QUEUE_URL: Final = re.compile(r"https?://sqs\.([a-z0-9-]+)\.amazonaws\.com/([0-9]{12})/([A-Za-z0-9_.-]+)\Z")
_SERVICE: Final = re.compile(
    r"[a-z0-9-]+(?:\.[a-z0-9-]+)*\.(?:amazonaws\.com(?:\.cn)?|amazon\.com|aws\.internal)\Z"
)
_TIME_WITHOUT_ZONE: Final = re.compile(r"[0-9-]{10}T[0-9:.]+\Z")
_FAMILIES: Final = (
    ("Date", "TYPE_MISMATCH_DATE"),
    ("Numeric", "TYPE_MISMATCH_NUMBER"),
    ("Bool", "TYPE_MISMATCH_BOOLEAN"),
    ("Null", "TYPE_MISMATCH_BOOLEAN"),
    ("Binary", "TYPE_MISMATCH_STRING"),
    ("IpAddress", "TYPE_MISMATCH_IP_RANGE"),
    ("NotIpAddress", "TYPE_MISMATCH_IP_RANGE"),
)
_VARIABLE: Final = re.compile(r"\$\{([^{}]*)\}")
_TAKES_VARIABLES: Final = ("String", "Arn", "Bool")


def _reading(view: View) -> Reading:
    return Reading(view.kind, variables=view.variables, bound={})


def check_action(item: Item, view: View, report: Report) -> None:
    text = item.text
    if "${" in text:
        report.find("VARIABLE_UNSUPPORTED_IN_ELEMENT", item.path, variable=shown(text))
        return
    try:
        read_actions(text, item.path, _reading(view), negated=False)
    except PolicyInvalid:
        service, colon, _ = text.lower().partition(":")
        foreign = colon and service not in _SERVICES and service.isalnum()
        if foreign and text.count(":") == 1 and view.kind is PolicyKind.RESOURCE:
            report.find("UNSUPPORTED_ACTION_IN_POLICY", item.path, action=shown(text))
        else:
            report.find("INVALID_ACTION", item.path, action=shown(text), hint=_meant_action(text))
        return
    service = text.lower().partition(":")[0]
    if text != "*" and ("*" in service or "?" in service):
        report.find("WILDCARD_IN_SERVICE_NAME", item.path)
    if service in _SERVICES and not matched_actions(text):
        report.find("INVALID_ACTION", item.path, action=shown(text), hint=_meant_action(text))


def matched_actions(text: str) -> tuple[str, ...]:
    """The actions on queues that the pattern `text` matches, as AWS writes them."""
    if text.lower() in QUEUE_ACTIONS:
        return (_BY_NAME[text.lower()],)
    pattern = patterns([pieces(text.lower(), wildcards=True)], Style.TEXT)
    return tuple(name for lower, name in _BY_NAME.items() if pattern.match(lower, {}))


def _meant_action(text: str) -> str:
    lower = text.lower()
    single = _BY_NAME.get(lower.removesuffix("batch"))
    if single is not None:
        return f" Did you mean {single}? A batch needs the permission for one message."
    name = lower.rpartition(":")[2]
    found = get_close_matches(f"sqs:{name}", _BY_NAME, n=1, cutoff=0.75)
    return f" Did you mean {_BY_NAME[found[0]]}?" if found else ""


def check_resource(item: Item, view: View, report: Report) -> None:
    text = item.text
    check_spaces(item, view, report)
    try:
        read_resources(text, item.path, _reading(view), negated=False)
    except PolicyInvalid as error:
        fields = text.split(":", ARN_COLONS)
        if "${" in text and view.variables and (code := _variable_code(text)):
            report.find(code, item.path)
        elif fields[0] != "arn":
            report.find("INVALID_ARN_PREFIX", item.path, hint=_meant_resource(text))
        elif len(fields) <= ARN_COLONS:
            report.find("MISSING_ARN_FIELD", item.path, fields=ARN_COLONS + 1)
        elif "partition" in error.detail:
            report.find(
                "INVALID_PARTITION",
                item.path,
                service=shown(fields[2]),
                partition=shown(fields[1]),
                partitions="aws, aws-cn, aws-us-gov",
            )
        else:
            report.find("POLICY_REFUSED", item.path, detail=error.detail)


def _meant_resource(text: str) -> str:
    found = _QUEUE_URL.match(text)
    if found is None:
        return f" An ARN is arn:{PARTITION}:sqs:region:account:queue."
    return f" Did you mean arn:{PARTITION}:sqs:{found[1]}:{found[2]}:{found[3]}?"


def check_principal(kind: str, item: Item, view: View, report: Report) -> None:
    if kind == "Service" and "*" not in item.text and not _SERVICE.match(item.text):
        report.find("INVALID_SERVICE_PRINCIPAL_FORMAT", item.path)
    try:
        read_principals({kind: item.text}, item.path, _reading(view), negated=False, denies=False)
    except PolicyInvalid as error:
        wildcard = "*" in item.text or "?" in item.text
        if wildcard:
            hint = ' Use "*" with a condition on aws:PrincipalArn.' if kind == "AWS" else ""
            report.find("UNSUPPORTED_WILDCARD_IN_PRINCIPAL", item.path, key=kind, hint=hint)
        else:
            report.find("INVALID_PRINCIPAL", item.path, detail=error.detail, hint=_meant_principal(item.text))


def _meant_principal(text: str) -> str:
    name = text.strip()
    digits = name.replace("-", "")
    if name != text or (digits != name and ACCOUNT_ID.match(digits)):
        return f" (did you mean {shown(digits if ACCOUNT_ID.match(digits) else name)}?)"
    if ":group/" in text:
        return "; a group cannot be a principal"
    return ""


def is_key(key: str) -> bool:
    """Whether the parser takes `key` for a condition key."""
    try:
        reading = Reading(PolicyKind.IDENTITY, variables=True, bound={})
        read_conditions({"StringEquals": {key: "x"}}, "", reading, denies=False)
    except PolicyInvalid:
        return False
    return True


def check_operand(operator: str, item: Item, view: View, report: Report) -> None:
    check_spaces(item, view, report)
    try:
        spelling = spelling_of(operator, "")
    except PolicyInvalid:
        return
    reading = _reading(view)
    # STS takes literals in session policies that are none; they never do what was meant.
    reading.kind = PolicyKind.IDENTITY if view.kind is PolicyKind.SESSION else view.kind
    try:
        read_conditions({operator: {"aws:key": item.text}}, "", reading, denies=view.denies)
    except PolicyInvalid as error:
        variable = "${" in item.text and view.variables
        if variable and not spelling.name.startswith(_TAKES_VARIABLES):
            report.find("INVALID_VARIABLE_FOR_OPERATOR", item.path)
        elif variable and (code := _variable_code(item.text)):
            report.find(code, item.path)
        else:
            family = next((code for name, code in _FAMILIES if spelling.name.startswith(name)), None)
            report.find(
                family or "POLICY_REFUSED",
                item.path,
                operator=operator,
                hint=_meant_operand(spelling.name, item.text),
                detail=error.detail,
            )


def check_spaces(item: Item, view: View, report: Report) -> None:
    """Spaces around the name of a policy variable; the key of a tag may have some in it."""
    for found in _VARIABLE.finditer(item.text) if view.variables else ():
        name = found[1].partition(",")[0]
        if name != name.strip():
            report.find("UNSUPPORTED_SPACE_IN_VARIABLE", item.path)
            return


def _variable_code(text: str) -> str | None:
    """What is wrong with the last variable of `text`, where Access Analyzer has a name for it."""
    rest = text[text.rfind("${") + 2 :]
    inside, closed, _ = rest.partition("}")
    if not closed:
        return "MISSING_BRACE_IN_VARIABLE"
    if not inside.strip():
        return "EMPTY_VARIABLE"
    _, comma, default = inside.partition(",")
    default = default.strip()
    if comma and (len(default) < 2 or default[0] != "'" or default[-1] != "'"):
        return "MISSING_QUOTE_IN_VARIABLE"
    return None


def _meant_operand(name: str, text: str) -> str:
    if name.startswith("Date") and _TIME_WITHOUT_ZONE.match(text) and instant_ms(f"{text}Z") is not None:
        return f" A time needs its zone: {text}Z."
    if name.endswith("IpAddress"):
        try:
            network = ip_interface(text).network
        except ValueError:
            return ""
        return f" An IPv6 range has no bits after its prefix: {network}."
    return ""
