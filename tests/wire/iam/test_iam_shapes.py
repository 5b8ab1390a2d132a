"""The rows of IAM against the service model that botocore ships: parameters, which are required, and their bounds."""

from collections.abc import Iterator
from typing import Any

import botocore.session
import pytest
from msgspec.inspect import IntType, StrType

from qanat.wire.iam import IAM
from qanat.wire.query import fields_of, without_none

MODEL = botocore.session.get_session().get_service_model("iam")
NOT_TAKEN = {
    # There are none of anybody, so there is nothing that asking for all would add.
    ("ListServiceSpecificCredentials", "AllUsers"),
}


@pytest.mark.parametrize("name", IAM.operations)
def test_an_operation_takes_what_the_model_says(name: str) -> None:
    shape = MODEL.operation_model(name).input_shape
    members = {} if shape is None else shape.members
    fields = fields_of(IAM.operations[name].input)
    assert set(fields) == {member for member in members if (name, member) not in NOT_TAKEN}
    for member, field in fields.items():
        assert field.required == (member in shape.required_members), member
        kind = without_none(field.type)
        bounds = members[member].metadata
        # A value of a list and an ARN have errors of their own.
        if isinstance(kind, StrType) and "enum" not in bounds and members[member].name != "arnType":
            told = {"min": kind.min_length, "max": kind.max_length, "pattern": kind.pattern}
            assert {key: value for key, value in told.items() if value is not None} == {
                key: bounds[key] for key in ("min", "max", "pattern") if key in bounds
            }, member
        elif isinstance(kind, IntType):
            assert (kind.ge, kind.le) == (bounds.get("min"), bounds.get("max")), member


@pytest.mark.parametrize("name", IAM.operations)
def test_the_action_has_the_operations_name(name: str) -> None:
    assert IAM.operations[name].action == f"iam:{name}"


def absent(answer: Any, shape: Any, at: str = "") -> Iterator[str]:
    """Members that the model requires and an answer has not."""
    if shape is None:
        return
    if shape.type_name == "structure":
        for member, inner in shape.members.items():
            if member in answer:
                yield from absent(answer[member], inner, f"{at}.{member}")
            elif member in shape.required_members:
                yield f"{at}.{member}"
    elif shape.type_name == "list":
        for index, one in enumerate(answer):
            yield from absent(one, shape.member, f"{at}[{index}]")


def assert_whole(name: str, answer: Any) -> None:
    """An answer has all that its operation's output must have."""
    assert list(absent(answer, MODEL.operation_model(name).output_shape)) == []
