"""What `qanat queue send` makes of its flags."""

import argparse

import pytest

from qanat.cli.queue_send import attribute


@pytest.mark.parametrize(
    ("text", "made"),
    [
        ("kind=String:order", ("kind", {"DataType": "String", "StringValue": "order"})),
        ("n=Number.int:5", ("n", {"DataType": "Number.int", "StringValue": "5"})),
        ("a=String:x=y:z", ("a", {"DataType": "String", "StringValue": "x=y:z"})),
        ("b=Binary:AAE=", ("b", {"DataType": "Binary", "BinaryValue": "AAE="})),
    ],
)
def test_attributes(text: str, made: object) -> None:
    assert attribute(text) == made


@pytest.mark.parametrize("text", ["", "a", "a=", "a=x", "a=x:y", "=String:x", "a=String", "b=Binary:?"])
def test_attributes_that_are_none(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError):
        attribute(text)
