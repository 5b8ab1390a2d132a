"""A decision taken apart, as values that go out as JSON.

Invariant: nothing of a session's secrets is in it: of the caller only its names, of the request only its context.
"""

from enum import StrEnum

from msgspec import Struct

from qanat.core.policy.decision import Layer

Seen = str | tuple[str, ...] | None
"""What the request had: None where it had nothing, a tuple where its key has many values."""


class Verdict(StrEnum):
    """What a layer said. Without a denial, the request is allowed exactly where no layer is silent."""

    DENIES = "denies"
    ALLOWS = "allows"
    SILENT = "silent"
    """It would have to allow, and nothing in it does."""
    NOT_ASKED = "not asked"
    """Its leave is not needed; it could only have denied."""
    ABSENT = "absent"


class Element(Struct, frozen=True):
    """Principal, Action or Resource of a statement, or its complement."""

    name: str
    """As it is written: `NotPrincipal`."""
    matched: bool
    written: tuple[str, ...]
    seen: str
    why: str = ""
    """Where there is something to say of it."""
    near: bool = False
    """It misses by something small, which `why` names."""


class Tested(Struct, frozen=True):
    """One key under one operator of a Condition."""

    operator: str
    key: str
    """As it is written."""
    matched: bool
    written: tuple[str, ...]
    seen: Seen
    why: str = ""
    at_fault: bool = False
    """It cannot hold as it is written, whatever the value: the policy is to be mended, not the request."""


class StatementTrace(Struct, frozen=True):
    """`index` counts from 0."""

    index: int
    sid: str | None
    effect: str
    applies: bool
    near: bool
    """An Allow that fails by little."""
    elements: tuple[Element, ...]
    conditions: tuple[Tested, ...]


class PolicyTrace(Struct, frozen=True):
    name: str
    statements: tuple[StatementTrace, ...]


class LayerTrace(Struct, frozen=True):
    layer: Layer
    level: int | None
    """Of service and resource control policies, from 1, the organization's root."""
    verdict: Verdict
    leave: Verdict
    """The verdict if nothing in it denied."""
    note: str
    policies: tuple[PolicyTrace, ...] = ()


class Advice(Struct, frozen=True):
    """One thing that would have to change; all of a trace's together are enough, of alternatives one."""

    layer: Layer
    policy: str
    """What it speaks of, in words."""
    text: str
    instead: bool = False
    """An alternative to the one before."""
    add: str | None = None
    """The smallest statement that would allow it, as JSON, to be added to `policy`."""


class Trace(Struct, frozen=True):
    principal: str
    """An ARN, a service, or `anonymous`."""
    principal_type: str
    unique_id: str
    action: str
    resource: str
    resource_account: str
    context: dict[str, str | tuple[str, ...]]
    allowed: bool
    reason: str
    message: str
    """AWS's own text of the denial; empty where it is allowed."""
    layers: tuple[LayerTrace, ...]
    advice: tuple[Advice, ...]
