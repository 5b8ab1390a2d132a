"""The Action and Resource elements and their complements.

Invariant: actions are compared in lower case, resources as written. A resource with a variable that has no value
matches nothing, so its complement matches everything.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from qanat.core.names import PARTITIONS
from qanat.core.policy.actions import QUEUE_ACTIONS
from qanat.core.policy.endpoint_rules import note_arn
from qanat.core.policy.errors import COLONS, NO_ACTIONS, NO_RESOURCES, NO_VENDOR, PolicyInvalid, quoted, shown
from qanat.core.policy.findings import MISSING_ARN_FIELD, Reading
from qanat.core.policy.glob import ARN_COLONS, Patterns, Style, patterns
from qanat.core.policy.sizes import ACTIONS_MAX, WITHOUT_PRINCIPAL, PolicyKind, check_count
from qanat.core.policy.syntax import texts_of
from qanat.core.policy.variables import Context, Template, Variable, Wild, pieces, read_template

_ACTION: Final = re.compile(r"[A-Za-z0-9*?-]+:[A-Za-z0-9*?]+\Z")
_VENDOR: Final = re.compile(r"[A-Za-z0-9*?.-]*\Z")
_VARIABLE: Final = re.compile(r"\$\{[^}]*\}")
_CONTROLS: Final = frozenset({PolicyKind.SERVICE_CONTROL, PolicyKind.RESOURCE_CONTROL})
# Fewer name no service.
_FIELDS_MIN: Final = 3


@dataclass(frozen=True, slots=True)
class Selector:
    """A list of patterns, or the complement of one."""

    patterns: Patterns
    negated: bool

    def match(self, text: str, context: Context) -> bool:
        return self.patterns.match(text, context) is not self.negated


EVERY_RESOURCE: Final = Selector(patterns([(Wild.MANY,)], Style.RESOURCE), negated=False)


def read_actions(node: object, path: str, reading: Reading, *, negated: bool) -> Selector:
    """`node` is what stands under Action or NotAction. Raises PolicyInvalid and PolicyTooLarge."""
    texts = texts_of(node, path)
    if not texts:
        raise PolicyInvalid("names no action", path, NO_ACTIONS)
    if reading.kind is PolicyKind.RESOURCE and not reading.lenient:
        check_count(len(texts), ACTIONS_MAX, "actions", "in a statement from the submitted policy")
    return Selector(patterns(_each(_action, texts, reading), Style.TEXT), negated)


def _each(
    read: Callable[[str, str, Reading], Template], texts: list[tuple[str, str]], reading: Reading
) -> list[Template]:
    """The patterns of one list; read leniently, what cannot be one is none, so that it matches nothing."""
    found = []
    for path, text in texts:
        try:
            found.append(read(text, path, reading))
        except PolicyInvalid:
            if not reading.lenient:
                raise
    return found


def _action(text: str, path: str, reading: Reading) -> Template:
    if text != "*" and not _ACTION.match(text):
        vendor, colon, _ = text.partition(":")
        reason = COLONS if text.count(":") > 1 else NO_VENDOR
        if reason == NO_VENDOR and colon and not _VENDOR.match(vendor):
            reason = f"Vendor {shown(vendor)} is not valid"
        raise PolicyInvalid(f"{quoted(text)} is not an action such as sqs:SendMessage, nor `*`", path, reason)
    template = pieces(text.lower(), wildcards=True)
    if reading.kind is PolicyKind.RESOURCE:
        pattern = patterns([template], Style.TEXT)
        if not any(pattern.match(action, {}) for action in QUEUE_ACTIONS):
            raise PolicyInvalid(f"{quoted(text)} is not an action of SQS", path)
    return template


def read_resources(node: object, path: str, reading: Reading, *, negated: bool) -> Selector:
    """`node` is what stands under Resource or NotResource. Raises PolicyInvalid."""
    texts = texts_of(node, path)
    if not texts:
        raise PolicyInvalid("names no resource", path, NO_RESOURCES)
    return Selector(patterns(_each(_resource, texts, reading), Style.RESOURCE), negated)


def _resource(text: str, path: str, reading: Reading) -> Template:
    if text == "*":
        return (Wild.MANY,)
    # Colons inside a variable divide no fields.
    fields = (_VARIABLE.sub("", text) if reading.variables else text).split(":")
    missing = ARN_COLONS + 1 - len(fields)
    completed = missing > 0 and len(fields) >= _FIELDS_MIN and _completes(text, reading)
    if fields[0] != "arn" or (missing > 0 and not completed and not text.endswith("*")):
        reason = f'Resource {shown(text)} must be in ARN format or "*".'
        raise PolicyInvalid(f"{quoted(text)} is neither an ARN of six fields nor `*`", path, reason)
    if missing > 0:
        message = f"{shown(text)} has fewer than the six fields of an ARN; stars stand for the rest"
        reading.find(MISSING_ARN_FIELD, message, path)
    if missing > 0 and not text.endswith("*"):
        text += ":*" * missing
    template = read_template(text, path, reading, wildcards=True)
    _check_partition(fields[1], text, path)
    _check_variables(template, path)
    note_arn(text, path, reading)
    return template


def _completes(text: str, reading: Reading) -> bool:
    """Whether an ARN such as `arn:aws:sqs` gets stars for the fields that it lacks (IAM User Guide, reference-arns):
    in identity policies. Session policies are refused for it, and where it is in a resource's policy without any star
    it matches nothing."""
    if not reading.lenient or reading.kind in _CONTROLS:
        return reading.kind is PolicyKind.IDENTITY
    return reading.kind in WITHOUT_PRINCIPAL or "*" in text


def _check_partition(partition: str, text: str, path: str) -> None:
    if partition not in PARTITIONS and "*" not in partition and "?" not in partition:
        reason = f'Partition "{shown(partition)}" is not valid for resource "{shown(text)}".'
        raise PolicyInvalid(f"{quoted(partition)} is not a partition", path, reason)


def _check_variables(template: Template, path: str) -> None:
    colons = 0
    for token in template:
        if isinstance(token, str):
            colons += token.count(":")
        elif isinstance(token, Variable) and colons < ARN_COLONS:
            raise PolicyInvalid("a policy variable may stand only after the fifth colon", path)
