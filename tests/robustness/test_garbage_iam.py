"""Garbage for every operation of IAM and STS, and session tokens that are none: refused, never a fault of ours."""

from base64 import b64decode, b64encode
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.inspect import ListType, StructType, VarTupleType

from qanat.wire.iam import IAM
from qanat.wire.query import without_none
from qanat.wire.sts import STS
from support.clients import Clients
from support.garbage import FEW, form, is_xml_error
from support.raw import Answer
from support.server import ACCOUNT, Key, Server
from support.signing import FORM, Signed

pytestmark = pytest.mark.usefixtures("serves_afterwards")

ROOT = f"arn:aws:iam::{ACCOUNT}"
POLICY = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}'
TRUST = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"*"},"Action":"sts:AssumeRole"}]}'
# What is right somewhere, so that garbage comes as far as it can; and what is right nowhere.
VALUES = [
    "user",
    "group",
    "role",
    "policy",
    "/",
    "/a/",
    "v1",
    "true",
    "1",
    "3600",
    "900",
    "Active",
    "Local",
    "PermissionsBoundary",
    "dGVzdA==",
    "YWE",
    "AKIAIOSFODNN7EXAMPLE",
    "sqs:SendMessage",
    "aws:SourceIp",
    "ipList",
    "inline",
    POLICY,
    TRUST,
    f"{ROOT}:policy/policy",
    f"{ROOT}:policy/",
    f"{ROOT}:policy//////",
    f"{ROOT}:user/user",
    f"{ROOT}:group/group",
    f"{ROOT}:role/role",
    f"{ROOT}:role/",
    "arn:aws:iam::999999999999:policy/policy",
    "arn:aws:iam::aws:policy/AdministratorAccess",
    "arn:aws:iam:::::::",
    "",
    " ",
    "*",
    "${aws:username}",
    "-1",
    "9" * 400,
    "\x00",
    "a\r\nb",
    "\x1b[2J",
    "\u2028",
    "ä",
    "\U0001f600",
    "a" * 2_000,
    "ä" * 100_000,
    "v9999999999999999999",
    "v1.x",
    "{",
    "[" * 5_000,
]
texts = st.sampled_from(VALUES) | st.text(st.characters(codec="utf-8"), max_size=20)


def names_of(kind: Any, name: str) -> Iterator[str]:
    """The parameters that fill a member: of a list its first two."""
    kind = without_none(kind)
    if isinstance(kind, StructType):
        for field in kind.fields:
            yield from names_of(field.type, f"{name}.{field.encode_name}" if name else field.encode_name)
    elif isinstance(kind, ListType | VarTupleType):
        for number in (1, 2):
            yield from names_of(kind.item_type, f"{name}.member.{number}")
    else:
        yield name


OPERATIONS = [
    (service.name, operation.name, sorted(names_of(msgspec.inspect.type_info(operation.input), "")))
    for service in (IAM, STS)
    for operation in service.operations.values()
]


@pytest.fixture(scope="module", autouse=True)
def things(target: Server) -> None:
    clients = Clients(target)
    iam = clients.of("iam", scheme="http")
    iam.create_group(GroupName="group")
    iam.create_role(RoleName="role", AssumeRolePolicyDocument=TRUST)
    iam.create_policy(PolicyName="policy", PolicyDocument=POLICY)
    iam.create_instance_profile(InstanceProfileName="profile")
    clients.close()


@pytest.mark.parametrize(("service", "operation", "names"), OPERATIONS, ids=[row[1] for row in OPERATIONS])
@given(data=st.data())
@settings(FEW, max_examples=25)
def test_any_form(
    target: Server, service: str, operation: str, names: list[str], data: st.DataObject
) -> None:
    odd = st.sampled_from(["UserName", "X", "Tags.member.x.Key", "Tags.member.1", "PolicyArns", "a.b.c.d.e"])
    name = st.sampled_from(names) | odd if names else odd
    if data.draw(st.booleans()) and names:
        given_names = names
    else:
        given_names = data.draw(st.lists(name, max_size=6))
    parameters = {"Action": operation, **{one: data.draw(texts) for one in given_names}}
    answer = form(target, service, urlencode(parameters).encode())
    if answer.status != 200:
        is_xml_error(answer)


@pytest.fixture(scope="module")
def session(target: Server) -> tuple[Key, str]:
    """The key and the token of a session."""
    text = form(target, "sts", b"Action=GetSessionToken&Version=2011-06-15").body.decode()
    key_id, secret, token = (
        text.partition(f"<{name}>")[2].partition("<")[0]
        for name in ("AccessKeyId", "SecretAccessKey", "SessionToken")
    )
    return Key(key_id, secret), token


def who(target: Server, key: Key, token: str | None) -> Answer:
    body = b"Action=GetCallerIdentity&Version=2011-06-15"
    return Signed(key, body, {"Content-Type": FORM}, service="sts", token=token).send(target)


def test_keys_and_tokens_belong_together(target: Server, session: tuple[Key, str]) -> None:
    key, token = session
    assert who(target, key, token).status == 200
    other = Key("ASIA" + "X" * 16, key.secret)
    for wrong_key, wrong_token in ((key, None), (other, token), (target.administrator(), token)):
        answer = who(target, wrong_key, wrong_token)
        assert b"<Code>InvalidClientTokenId</Code>" in answer.body
    assert b"<Code>SignatureDoesNotMatch</Code>" in who(target, Key(key.access_key_id, "x" * 40), token).body


@given(data=st.data())
@settings(FEW, max_examples=200)
def test_any_session_token(target: Server, session: tuple[Key, str], data: st.DataObject) -> None:
    """Changed in a bit, cut short, made longer, or made up: nobody's."""
    key, token = session
    box = bytearray(b64decode(token))
    how = data.draw(st.sampled_from(["bit", "cut", "longer", "text", "letters", "another"]))
    if how == "bit":
        at = data.draw(st.integers(0, len(box) * 8 - 1))
        box[at // 8] ^= 1 << at % 8
        forged = b64encode(box)
    elif how == "cut":
        forged = b64encode(box[: data.draw(st.integers(0, len(box) - 1))])
    elif how == "longer":
        forged = b64encode(box + data.draw(st.binary(min_size=1, max_size=20)))
    elif how == "letters":
        at = data.draw(st.integers(0, len(token) - 1))
        forged = (token[:at] + "=" + token[at:]).encode()
    elif how == "another":
        forged = b64encode(b"\x01" + data.draw(st.binary(min_size=0, max_size=300)))
    else:
        letters = st.characters(min_codepoint=0x21, max_codepoint=0x7E)
        forged = data.draw(st.text(letters, min_size=1, max_size=200)).encode()
    answer = who(target, key, forged.decode())
    is_xml_error(answer, 403)
    assert b"<Code>InvalidClientTokenId</Code>" in answer.body
