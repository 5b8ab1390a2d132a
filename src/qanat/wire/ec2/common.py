"""What EC2's operations share: inputs, tags, filters, pages and the row that knows a dry run."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from msgspec import Struct, field

from qanat.core.errors import InvalidParameterValue, QanatError
from qanat.core.names import ec2_arn
from qanat.core.network.commands import Filter
from qanat.core.network.model import Tags
from qanat.core.page import Page
from qanat.wire.service import Call, Operation, Output

# EC2 API reference, tagging limits of one resource.
TAGS_MAX: Final = 50
TAG_KEY_LENGTH_MAX: Final = 128
TAG_VALUE_LENGTH_MAX: Final = 256
RESERVED_PREFIX: Final = "aws:"

RESULTS_MIN: Final = 5
RESULTS_MAX: Final = 1_000

TRUE: Final[Mapping[str, object]] = {"return": True}
"""What an operation answers that has nothing to say."""


class DryRunOperation(QanatError):
    code = "DryRunOperation"
    default = "Request would have succeeded, but DryRun flag is set."


class TagLimitExceeded(QanatError):
    code = "TagLimitExceeded"
    default = "The maximum number of Tags for a resource has been reached."


class Ec2Input(Struct, frozen=True, rename="pascal", kw_only=True):
    dry_run: bool = False


class TagInput(Struct, frozen=True, rename="pascal"):
    key: str
    value: str = ""


class TagSpecification(Struct, frozen=True, rename="pascal"):
    resource_type: str
    tags: tuple[TagInput, ...] = field(default=(), name="Tag")


class FilterInput(Struct, frozen=True, rename="pascal"):
    name: str
    values: tuple[str, ...] = field(default=(), name="Value")


class DescribeInput(Ec2Input, frozen=True, kw_only=True):
    filters: tuple[FilterInput, ...] = field(default=(), name="Filter")
    max_results: int | None = None
    next_token: str | None = None


def row(
    name: str,
    given: type[Ec2Input],
    resource: Callable[[Any, Call], str | tuple[str, ...]],
    command: Callable[[Any, Call], object],
    output: Callable[[Any, Any, Call], Output],
) -> Operation:
    """A dry run ends where the command would begin: after parsing and authorisation."""

    def unless_dry_run(given: Any, call: Call) -> object:
        if given.dry_run:
            raise DryRunOperation
        return command(given, call)

    return Operation(name, given, f"ec2:{name}", resource, unless_dry_run, output)


def everything(given: object, call: Call) -> str:
    """The resource of operations that EC2 cannot narrow down (service authorization reference)."""
    return "*"


def arn(call: Call, kind: str, resource_id: str = "*") -> str:
    return ec2_arn(call.region, call.account, kind, resource_id)


def nothing(reply: object, given: object, call: Call) -> Output:
    return TRUE


def tags_for(kind: str, specifications: Iterable[TagSpecification]) -> Tags:
    """The tags for the one kind of resource that is being made, sorted by key; raises InvalidParameterValue."""
    tags: dict[str, str] = {}
    for specification in specifications:
        if specification.resource_type != kind:
            raise InvalidParameterValue(
                f"'{specification.resource_type}' is not a valid taggable resource type for this operation."
            )
        for tag in specification.tags:
            _check_tag(tag)
            if tag.key in tags:
                raise InvalidParameterValue("Duplicate tag keys found. Tag keys must be unique.")
            tags[tag.key] = tag.value
    if len(tags) > TAGS_MAX:
        raise TagLimitExceeded
    return tuple(sorted(tags.items()))


def _check_tag(tag: TagInput) -> None:
    if not 1 <= len(tag.key) <= TAG_KEY_LENGTH_MAX:
        raise InvalidParameterValue(f"Tag key must be 1 to {TAG_KEY_LENGTH_MAX} characters long.")
    if len(tag.value) > TAG_VALUE_LENGTH_MAX:
        raise InvalidParameterValue(
            f"Tag value exceeds the maximum length of {TAG_VALUE_LENGTH_MAX} characters"
        )
    if tag.key.lower().startswith(RESERVED_PREFIX):
        raise InvalidParameterValue(
            f"Tag keys starting with '{RESERVED_PREFIX}' are reserved for internal use"
        )


def tag_set(tags: Tags) -> list[Mapping[str, object]]:
    return [{"key": key, "value": value} for key, value in tags]


def filters(given: Iterable[FilterInput]) -> tuple[Filter, ...]:
    return tuple(Filter(one.name, one.values) for one in given)


def max_results(given: DescribeInput) -> int | None:
    """Raises InvalidParameterValue."""
    wanted = given.max_results
    if wanted is not None and not RESULTS_MIN <= wanted <= RESULTS_MAX:
        raise InvalidParameterValue(
            f"Value ( {wanted} ) for parameter maxResults is invalid. "
            f"Expecting a value between {RESULTS_MIN} and {RESULTS_MAX}."
        )
    return wanted


def page_output(
    name: str, show: Callable[[Any, Call], Mapping[str, object]]
) -> Callable[[Page[Any], object, Call], Output]:
    """The output function of a Describe: each item as `show` puts it, and the token of the next page."""

    def output(page: Page[Any], given: object, call: Call) -> Output:
        return {name: [show(item, call) for item in page.items], "nextToken": page.next_token}

    return output


def require(parameter: str, value: object, *supported: object) -> None:
    """Raises InvalidParameterValue for what EC2 can do and this server cannot, rather than doing something else."""
    if value is not None and value not in supported:
        allowed = ", ".join(map(str, supported))
        raise InvalidParameterValue(
            f"Value ({value}) for parameter {parameter} is invalid. Supported here: {allowed}."
        )
