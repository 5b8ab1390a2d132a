"""What is common to the services that speak Query: unknown actions, statuses, garbage."""

from typing import Any
from urllib.parse import quote_plus

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from qanat.core.errors import AccessDenied, InternalFailure, InvalidAction, MissingParameter, QanatError
from qanat.core.identity.errors import NoSuchUser
from qanat.core.sigv4 import ExpiredToken, RequestExpired
from qanat.wire.ec2 import EC2
from qanat.wire.iam import IAM
from qanat.wire.service import Service
from qanat.wire.sts import STS

SERVICES = (EC2, IAM, STS)


@pytest.mark.parametrize("service", SERVICES, ids=lambda service: service.name)
def test_an_unknown_action_is_invalid(service: Service) -> None:
    with pytest.raises(InvalidAction) as refusal:
        service.parse(b"Action=FooBar&Version=1")
    status, body = service.render_error(refusal.value, "id")
    assert status == 400
    assert (
        b"<Code>InvalidAction</Code><Message>The action FooBar is not valid for this endpoint.</Message>"
        in body
    )
    for form in (b"", b"Version=1"):
        with pytest.raises(MissingParameter):
            service.parse(form)
    with pytest.raises(InvalidAction):
        service.parse(b"Action.1=DescribeVpcs")


@pytest.mark.parametrize(
    ("service", "error", "status", "code", "message"),
    [
        (
            EC2,
            AccessDenied("User: x is not authorized"),
            403,
            "UnauthorizedOperation",
            "You are not authorized to perform this operation. User: x is not authorized",
        ),
        (IAM, AccessDenied("User: x is not authorized"), 403, "AccessDenied", "User: x is not authorized"),
        (IAM, NoSuchUser("x"), 404, "NoSuchEntity", "The user with name x cannot be found."),
        (EC2, InternalFailure(), 500, "InternalError", InternalFailure.default),
        (IAM, InternalFailure(), 500, "ServiceFailure", InternalFailure.default),
        (STS, InternalFailure(), 500, "InternalFailure", InternalFailure.default),
        (IAM, ExpiredToken(), 403, "ExpiredToken", "The security token included in the request is expired"),
        (STS, ExpiredToken(), 403, "ExpiredToken", "The security token included in the request is expired"),
        (EC2, ExpiredToken(), 400, "RequestExpired", "Request has expired."),
        (IAM, RequestExpired("Signature expired: x"), 403, "SignatureDoesNotMatch", "Signature expired: x"),
        (EC2, RequestExpired("Signature expired: x"), 400, "RequestExpired", "Signature expired: x"),
    ],
)
def test_statuses_and_codes(
    service: Service, error: QanatError, status: int, code: str, message: str
) -> None:
    rendered_status, body = service.render_error(error, "id")
    assert rendered_status == status
    assert f"<Code>{code}</Code><Message>{message}</Message>" in body.decode()
    if service is not EC2:
        assert ("<Type>Receiver</Type>" in body.decode()) is (status >= 500)


@pytest.mark.parametrize(
    "code", ["InvalidClientTokenId", "SignatureDoesNotMatch", "MissingAuthenticationToken"]
)
def test_ec2_does_not_say_why_a_caller_is_not_identified(code: str) -> None:
    error = type("Unidentified", (QanatError,), {"code": code})("details")
    status, body = EC2.render_error(error, "id")
    assert status == 401
    assert b"<Code>AuthFailure</Code>" in body
    assert b"details" not in body


def test_a_signature_in_the_query_string_is_not_a_parameter() -> None:
    form = b"Action=DescribeVpcs&Version=2016-11-15&X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Signature=00"
    operation, _ = EC2.parse(form)
    assert operation.name == "DescribeVpcs"


@pytest.mark.parametrize("service", SERVICES, ids=lambda service: service.name)
def test_rows_are_named_and_permitted_by_their_own_names(service: Service) -> None:
    for name, operation in service.operations.items():
        assert operation.name == name
        assert operation.action in (f"{service.name}:{name}", None)


actions = st.sampled_from(
    [(place, name) for place, service in enumerate(SERVICES) for name in service.operations]
)


@st.composite
def requests(draw: st.DrawFn) -> tuple[int, bytes]:
    """A place in SERVICES (the tables are too long to show), and names with values that mostly do not suit them."""
    place, name = draw(actions)
    fields = sorted(SERVICES[place].operations[name].input.__struct_encode_fields__)
    suffixes = st.sampled_from(["", "", ".1", ".member.1", ".1.Key", ".Value", ".1.Name", ".1.IpProtocol"])
    texts = st.one_of(
        st.sampled_from(
            ["", "true", "1", "vpc-1", "vpce-00000000", "10.0.0.0/16", "tcp", "Interface", "bob", "/", "\x00"]
        ),
        st.text(max_size=8),
    )
    pairs = draw(st.lists(st.tuples(st.sampled_from(fields), suffixes, texts), max_size=8)) if fields else []
    spelt = [f"{field}{suffix}={quote_plus(text)}" for field, suffix, text in pairs]
    return place, "&".join([f"Action={name}", *spelt]).encode()


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    max_examples=400,
    deadline=None,
)
@given(request=requests())
def test_whatever_is_asked_is_answered(cloud: Any, request: tuple[int, bytes]) -> None:
    place, form = request
    status, body = cloud.send(SERVICES[place], form)
    assert status in (200, 400, 403, 404, 409, 410, 412)
    assert body.startswith(b"<?xml")
