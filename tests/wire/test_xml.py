"""XML answers: well formed whatever they hold, in the shapes of AWS Query and EC2."""

from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qanat.wire.xml import EC2, QUERY, SQS, Fault, Flat, Timestamp, element

HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n'


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("", "<x/>"),
        ("a<b>&\"c'", "<x>a&lt;b&gt;&amp;&quot;c'</x>"),
        ("a\r\n\tb", "<x>a&#xD;\n\tb</x>"),
        ("\0\x1b\ufffe", "<x>\ufffd\ufffd\ufffd</x>"),
        ("\ud800", "<x>\ufffd</x>"),
        (True, "<x>true</x>"),
        (False, "<x>false</x>"),
        (0, "<x>0</x>"),
        (None, ""),
        (Timestamp(1_700_000_000_123), "<x>2023-11-14T22:13:20.123Z</x>"),
        (Timestamp(0), "<x>1970-01-01T00:00:00.000Z</x>"),
        ([], "<x/>"),
        (["a", {"b": 1}], "<x><i>a</i><i><b>1</b></i></x>"),
        ((), "<x/>"),
        (Flat(("a", "b")), "<x>a</x><x>b</x>"),
        (Flat(()), ""),
        ({"a": None, "b": {"c": "d"}}, "<x><b><c>d</c></b></x>"),
    ],
)
def test_values(value: object, written: str) -> None:
    assert element("x", value, "i") == written


def test_what_has_no_form_is_a_bug() -> None:
    with pytest.raises(TypeError):
        element("x", object(), "i")


# A parser reads a lone line feed for what was written as a reference, and everything else as it was.
possible = st.text(st.characters(exclude_categories=["Cs", "Cc", "Cn"], include_characters="\t\r\n"))


@given(possible)
def test_text_survives_a_parser(text: str) -> None:
    assert (ET.fromstring(element("x", text, "i")).text or "") == text


@given(st.text(st.characters(codec=None)))
def test_any_text_makes_a_well_formed_document(text: str) -> None:
    document = QUERY.error(Fault(text, text, sender=True), "urn:x", text)
    assert ET.fromstring(document).tag == "{urn:x}ErrorResponse"


FAULT = Fault("Code", "Message", sender=True)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (
            QUERY.response("Op", {"List": ["a"]}, "urn:x", "id"),
            (
                '<OpResponse xmlns="urn:x"><OpResult><List><member>a</member></List></OpResult>'
                "<ResponseMetadata><RequestId>id</RequestId></ResponseMetadata></OpResponse>"
            ),
        ),
        (
            QUERY.response("Op", None, "urn:x", "id"),
            (
                '<OpResponse xmlns="urn:x">'
                "<ResponseMetadata><RequestId>id</RequestId></ResponseMetadata></OpResponse>"
            ),
        ),
        (
            QUERY.error(FAULT, "urn:x", "id"),
            (
                '<ErrorResponse xmlns="urn:x"><Error><Type>Sender</Type><Code>Code</Code><Message>Message</Message>'
                "</Error><RequestId>id</RequestId></ErrorResponse>"
            ),
        ),
        (
            EC2.response("Op", {"set": ["a"]}, "urn:x", "id"),
            '<OpResponse xmlns="urn:x"><requestId>id</requestId><set><item>a</item></set></OpResponse>',
        ),
        (
            EC2.error(FAULT, "urn:x", "id"),
            (
                "<Response><Errors><Error><Code>Code</Code><Message>Message</Message></Error></Errors>"
                "<RequestID>id</RequestID></Response>"
            ),
        ),
    ],
)
def test_whole_bodies(body: bytes, expected: str) -> None:
    assert body.decode() == HEAD + expected


def test_an_error_of_sqs_as_it_was_recorded() -> None:
    assert SQS.error(Fault("C", "M", sender=False), "urn:x", "id").decode() == (
        '<?xml version="1.0"?><ErrorResponse xmlns="urn:x"><Error><Type>Receiver</Type><Code>C</Code>'
        "<Message>M</Message><Detail/></Error><RequestId>id</RequestId></ErrorResponse>"
    )
