"""Each statement of a policy against one request."""

from typing import Final

from qanat.core.policy.decision import Named, Request
from qanat.core.policy.principals import Grade
from qanat.core.policy.statement import Effect, Statement
from qanat.core.policy.trace.conditions import tested
from qanat.core.policy.trace.elements import action_element, is_of_its_service, resource_element
from qanat.core.policy.trace.model import Element, PolicyTrace, StatementTrace, Tested
from qanat.core.policy.trace.principals import principal_element
from qanat.core.policy.trace.written import Written, written

# How far an Allow is from applying, element by element; what misses by something small counts like a condition.
_SMALL: Final = 1
_FAR: Final = {
    "Action": 3,
    "NotAction": 3,
    "Resource": 3,
    "NotResource": 3,
    "Principal": 9,
    "NotPrincipal": 9,
}
NEAR_MAX: Final = 3


def policy_trace(policy: Named, request: Request, *, bounded: bool = False) -> PolicyTrace:
    """`bounded` where a resource's policy meets a caller with a permissions boundary."""
    found = zip(policy.document.statements, written(policy.document), strict=True)
    return PolicyTrace(policy.name, tuple(_statement(one, text, request, bounded) for one, text in found))


def _statement(statement: Statement, text: Written, request: Request, bounded: bool) -> StatementTrace:
    context = request.context
    elements = []
    if statement.principals is not None:
        assert text.principal is not None
        # IAM User Guide, reference_policies_elements_notprincipal: with Deny, it always denies who has a boundary.
        matched = statement.principals.match(request.caller) is not Grade.NONE or (
            bounded and statement.principals.negated and statement.effect is Effect.DENY
        )
        elements.append(
            principal_element(statement.principals, *text.principal, request.caller, matched=matched)
        )
    elements.append(action_element(statement.actions, *text.action, request.action))
    if text.resource is not None:
        elements.append(resource_element(statement, *text.resource, request.resource, context))
    pairs = zip(statement.conditions, text.conditions, strict=True)
    conditions = tuple(tested(condition, one, context) for condition, one in pairs)
    applies = all(element.matched for element in elements) and all(one.matched for one in conditions)
    near = (
        statement.effect is Effect.ALLOW
        and not applies
        and distance(elements, conditions) <= NEAR_MAX
        and not _would_open(elements)
        and is_of_its_service(*text.action, request.action)
    )
    return StatementTrace(
        statement.index, statement.sid, statement.effect.value, applies, near, tuple(elements), conditions
    )


def distance(elements: list[Element] | tuple[Element, ...], conditions: tuple[Tested, ...]) -> int:
    """Nought where the statement applies."""
    return sum(
        _SMALL if element.near else _FAR[element.name] for element in elements if not element.matched
    ) + sum(_SMALL for one in conditions if not one.matched)


def _would_open(elements: list[Element]) -> bool:
    """Whether a statement about everyone misses by more than a trifle: to widen it would widen it for everyone."""
    everyone = any(element.name == "Principal" and "*" in element.written for element in elements)
    return everyone and any(not element.matched and not element.near for element in elements)
