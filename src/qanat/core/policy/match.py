"""The Action and Resource elements and their complements.

Invariant: actions are compared in lower case, resources as written. A resource with a variable that has no value
matches nothing, so its complement matches everything.
"""

import re
from dataclasses import dataclass
from typing import Final

from qanat.core.policy.actions import QUEUE_ACTIONS
from qanat.core.policy.endpoint_rules import note_arn
from qanat.core.policy.errors import COLONS, NO_ACTIONS, NO_RESOURCES, NO_VENDOR, PolicyInvalid, quoted, shown
from qanat.core.policy.findings import MISSING_ARN_FIELD, Reading
from qanat.core.policy.glob import ARN_COLONS, Patterns, Style, patterns
from qanat.core.policy.sizes import ACTIONS_MAX, PolicyKind, check_count
from qanat.core.policy.syntax import texts_of
from qanat.core.policy.variables import Context, Template, Variable, Wild, pieces, read_template

_PARTITIONS: Final = frozenset({"aws", "aws-cn", "aws-us-gov"})
_ACTION: Final = re.compile(r"[A-Za-z0-9*?-]+:[A-Za-z0-9*?]+\Z")
_VARIABLE: Final = re.compile(r"\$\{[^}]*\}")


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
    if reading.kind is PolicyKind.RESOURCE:
        check_count(len(texts), ACTIONS_MAX, "actions", "in a statement from the submitted policy")
    return Selector(patterns([_action(text, where, reading) for where, text in texts], Style.TEXT), negated)


def _action(text: str, path: str, reading: Reading) -> Template:
    if text != "*" and not _ACTION.match(text):
        reason = COLONS if text.count(":") > 1 else NO_VENDOR
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
    return Selector(
        patterns([_resource(text, where, reading) for where, text in texts], Style.RESOURCE), negated
    )


def _resource(text: str, path: str, reading: Reading) -> Template:
    template = read_template(text, path, reading, wildcards=True)
    if template == (Wild.MANY,):
        return template
    # Colons inside a variable divide no fields.
    fields = (_VARIABLE.sub("", text) if reading.variables else text).split(":")
    missing = len(fields) <= ARN_COLONS
    if fields[0] != "arn" or (missing and not text.endswith("*")):
        reason = f'Resource {shown(text)} must be in ARN format or "*".'
        raise PolicyInvalid(f"{quoted(text)} is neither an ARN of six fields nor `*`", path, reason)
    if missing:
        message = f"{shown(text)} has fewer than the six fields of an ARN; its last star stands for the rest"
        reading.find(MISSING_ARN_FIELD, message, path)
    _check_partition(fields[1], text, path)
    _check_variables(template, path)
    note_arn(text, path, reading)
    return template


def _check_partition(partition: str, text: str, path: str) -> None:
    if partition not in _PARTITIONS and "*" not in partition and "?" not in partition:
        reason = f'Partition "{shown(partition)}" is not valid for resource "{shown(text)}".'
        raise PolicyInvalid(f"{quoted(partition)} is not a partition", path, reason)


def _check_variables(template: Template, path: str) -> None:
    colons = 0
    for token in template:
        if isinstance(token, str):
            colons += token.count(":")
        elif isinstance(token, Variable) and colons < ARN_COLONS:
            raise PolicyInvalid("a policy variable may stand only after the fifth colon", path)
