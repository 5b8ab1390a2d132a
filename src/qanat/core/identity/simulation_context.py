"""The context of a simulation: what follows from its caller, and what its ContextEntries say."""

from collections.abc import Callable, Mapping
from typing import Final

from qanat.core.identity.errors import InvalidInput
from qanat.core.identity.model import Caller, Texts
from qanat.core.identity.simulation_commands import ContextEntry
from qanat.core.policy.simulate_caller import CaseInvalid, context_filled, context_given
from qanat.core.policy.values import address, binary, boolean, instant_ms, network, number

Context = dict[str, str | tuple[str, ...]]

_LIST: Final = "List"
_CHECKS: Final[Mapping[str, Callable[[str], object]]] = {
    "string": lambda text: text,
    "numeric": number,
    "boolean": boolean,
    "ip": lambda text: address(text) or network(text),
    "binary": binary,
    "date": instant_ms,
}
CONTEXT_KEY_TYPES: Final = tuple(name for kind in _CHECKS for name in (kind, kind + _LIST))


def context_of_entries(entries: tuple[ContextEntry, ...]) -> Context:
    """Keys in lower case. An entry without values is none. Raises InvalidInput."""
    given: dict[str, str | list[str]] = {}
    for entry in entries:
        if entry.name in given:
            raise InvalidInput(f"The context key {entry.name} is given twice.")
        many = entry.kind.endswith(_LIST)
        check = _CHECKS[entry.kind.removesuffix(_LIST)]
        for value in entry.values:
            if check(value) is None:
                raise InvalidInput(
                    f"The context key {entry.name} is of type {entry.kind}, which {value} is not."
                )
        if entry.values:
            given[entry.name] = list(entry.values) if many or len(entry.values) > 1 else entry.values[0]
    try:
        context = context_given(given)
    except CaseInvalid as error:
        raise InvalidInput(error.message) from error
    return {key: value for key, value in context.items() if value is not None}


def facts_of(caller: Caller, tags: Texts) -> Context:
    """What is known of a caller, its tags among it. Whose the resource is stands elsewhere."""
    found = dict(context_filled({}, caller, ""))
    return {**found, **{f"aws:principaltag/{key.lower()}": value for key, value in tags}}
