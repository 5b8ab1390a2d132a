"""The AWS Query protocol's rules for names, lists and scalars."""

from contextlib import suppress
from urllib.parse import quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Struct, field

from qanat.core.errors import MalformedInput, MissingParameter, QanatError
from qanat.wire.query import DEPTH_MAX, PARAMETERS_MAX, UnknownParameter, convert, parse_form


class Leaf(Struct, frozen=True, rename="pascal"):
    name: str
    values: tuple[str, ...] = field(default=(), name="Value")


class Input(Struct, frozen=True, rename="pascal"):
    text: str = ""
    count: int | None = None
    flag: bool = False
    body: bytes = b""
    leaf: Leaf | None = None
    leaves: list[Leaf] = field(default_factory=list, name="LeafList")
    names: tuple[str, ...] = field(default=(), name="Name")
    counts: tuple[int, ...] = ()


def read(form: str) -> Input:
    return convert(parse_form(form.encode()), Input)


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        ("", Input()),
        ("&&", Input()),
        ("Text=a+b%26%C3%A9", Input(text="a b&é")),
        ("Text", Input(text="")),
        ("Text=a=b", Input(text="a=b")),
        ("Count=007", Input(count=7)),
        ("Count=%2B7", Input(count=7)),
        ("Count=-7", Input(count=-7)),
        ("Count=2147483647", Input(count=2**31 - 1)),
        ("Flag=true", Input(flag=True)),
        ("Flag=1", Input(flag=True)),
        ("Flag=false", Input(flag=False)),
        ("Flag=0", Input(flag=False)),
        ("Body=AAE%3D", Input(body=b"\0\1")),
        ("Name.1=a&Name.2=b", Input(names=("a", "b"))),
        ("Name.2=b&Name.1=a", Input(names=("a", "b"))),
        ("Name.member.1=a&Name.member.2=b", Input(names=("a", "b"))),
        ("Name.01=a&Name.10=b", Input(names=("a", "b"))),
        ("Name.10=a", Input(names=("a",))),
        ("Name=", Input(names=())),
        ("Counts.1=3", Input(counts=(3,))),
        ("Leaf.Name=a&Leaf.Value.1=b", Input(leaf=Leaf("a", ("b",)))),
        ("LeafList.1.Name=a&LeafList.2.Name=b", Input(leaves=[Leaf("a"), Leaf("b")])),
    ],
)
def test_what_a_form_says(form: str, expected: Input) -> None:
    assert read(form) == expected


@pytest.mark.parametrize(
    "form",
    [
        "Count=",
        "Count=1.0",
        "Count=1e3",
        "Count=+7",
        "Count=%207",
        "Count=7%0A",
        "Count=2147483648",
        "Count=" + "9" * 5_000,
        "Count=" + "0" * 5_000,
        "Count=%D9%A3",
        "Flag=True",
        "Flag=",
        "Flag=yes",
        "Body=A",
        "Body=%FF",
        "Text=%FF",
        "Text=a&Text=b",
        "Text=a&Text.1=b",
        "Text.1=b&Text=a",
        "Text.X=a",
        "Name=a",
        "Name.0=a",
        "Name.11=a",
        "Name.1=a&Name.12=b",
        "Name.1=a&Name.01=b",
        "Name.1=a&Name.x=b",
        "Name.-1=a",
        "Name.1000000000000=a",
        "Name.1.X=a",
        "Leaf=a",
        "LeafList.1=a",
        "a" + ".a" * DEPTH_MAX + "=1",
        "&".join(f"Name.{number}=a" for number in range(1, PARAMETERS_MAX + 2)),
    ],
)
def test_what_is_malformed(form: str) -> None:
    with pytest.raises(MalformedInput):
        read(form)


def test_a_required_name_that_is_missing_is_told_with_its_path() -> None:
    with pytest.raises(MissingParameter, match=r"The request must contain the parameter LeafList\.1\.Name\."):
        read("LeafList.1.Value.1=a")


@pytest.mark.parametrize(("form", "name"), [("Other=1", "Other"), ("Leaf.Name=a&Leaf.X=1", "Leaf.X")])
def test_a_name_that_is_not_known_is_refused_unless_leniency_is_asked_for(form: str, name: str) -> None:
    tree = parse_form(form.encode())
    with pytest.raises(UnknownParameter, match=f"The parameter {name} is not recognized"):
        convert(tree, Input)
    assert isinstance(convert(tree, Input, lenient=True), Input)


steps = st.sampled_from(
    ["Text", "Count", "Leaf", "LeafList", "Name", "Value", "member", "1", "2", "01", "99", ""]
)
names = st.lists(steps, min_size=1, max_size=5).map(".".join)
values = st.one_of(st.text(max_size=5), st.sampled_from(["true", "7", "AAE="]))
forms = st.lists(st.tuples(names, values), max_size=6)


@given(
    st.one_of(
        st.binary(), forms.map(lambda pairs: "&".join(f"{n}={quote_plus(v)}" for n, v in pairs).encode())
    )
)
def test_garbage_raises_only_errors_of_ours(form: bytes) -> None:
    with suppress(QanatError):
        assert isinstance(convert(parse_form(form), Input), Input)


@given(st.lists(st.text()), st.text(), st.integers(min_value=-(2**31) + 1, max_value=2**31 - 1))
def test_what_is_written_is_read(listed: list[str], text: str, count: int) -> None:
    pairs = [("Text", text), ("Count", str(count)), *((f"Name.{n}", one) for n, one in enumerate(listed, 1))]
    form = "&".join(f"{name}={quote_plus(value)}" for name, value in pairs)
    assert read(form) == Input(text=text, count=count, names=tuple(listed))
