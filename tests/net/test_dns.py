"""The private resolver's answers: RFC 1035, 6891, 8914, and the guide's note on legacy names."""

import struct

import dns.edns
import dns.flags
import dns.message
import dns.opcode
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import pytest
from dns.rcode import Rcode
from hypothesis import given
from hypothesis import strategies as st

from qanat.net.dns import UDP_BYTES_MAX, answer
from qanat.net.zone import Zone

SQS = "sqs.us-east-2.amazonaws.com"
VPCE = "vpce-1-abcdefgh.sqs.us-east-2.vpce.amazonaws.com"
ADDRESSES = ("10.0.1.37", "10.0.2.40", "10.0.3.9")
ZONE = Zone("us-east-2", {SQS: ADDRESSES, VPCE: ("10.0.1.37",)})
EMPTY = Zone("us-east-2", {})


def query(name: str, kind: str = "A", *, edns: bool = True, payload: int = 1232) -> dns.message.Message:
    made: dns.message.Message = dns.message.make_query(name, kind, id=0, use_edns=0 if edns else None)
    if edns:
        made.use_edns(0, payload=payload)
    return made


def asked(message: dns.message.Message, zone: Zone = ZONE, *, stream: bool = False) -> dns.message.Message:
    reply = answer(zone, message.to_wire(), stream=stream)
    assert reply is not None
    read = dns.message.from_wire(reply)
    assert read.id == message.id
    assert read.flags & dns.flags.QR
    return read


def addresses(message: dns.message.Message) -> list[str]:
    return [record.address for rrset in message.answer for record in rrset]


def errors(message: dns.message.Message) -> list[tuple[int, str | None]]:
    return [
        (option.code, option.text) for option in message.options if isinstance(option, dns.edns.EDEOption)
    ]


def test_a_name_of_the_zone_has_its_addresses_for_a_minute() -> None:
    reply = asked(query(SQS))
    assert (reply.rcode(), sorted(addresses(reply)), errors(reply)) == (Rcode.NOERROR, sorted(ADDRESSES), [])
    assert {rrset.ttl for rrset in reply.answer} == {60}
    assert reply.flags & (dns.flags.AA | dns.flags.RA | dns.flags.RD | dns.flags.TC) == (
        dns.flags.AA | dns.flags.RA | dns.flags.RD
    )


def test_the_first_address_goes_round() -> None:
    firsts = []
    for number in range(3):
        message = query(SQS)
        message.id = number
        firsts.append(addresses(asked(message))[0])
    assert firsts == list(ADDRESSES)


def test_names_are_found_in_any_case_and_answered_in_that_case() -> None:
    """A client that mixes the case to foil forgers compares it."""
    mixed = "sQs.uS-EAST-2.amazonAWS.com."
    reply = asked(query(mixed))
    assert reply.question[0].name.to_text() == mixed
    assert [rrset.name.to_text() for rrset in reply.answer] == [mixed]


@pytest.mark.parametrize("kind", ["AAAA", "TXT", "HTTPS", "NS", "SOA", "MX", "TYPE65280"])
@pytest.mark.parametrize("name", [SQS, "us-east-2.amazonaws.com", "com", "."])
def test_other_types_and_names_above_have_no_data(name: str, kind: str) -> None:
    """RFC 2308 section 2.2."""
    reply = asked(query(name, kind))
    assert (reply.rcode(), reply.answer, errors(reply)) == (Rcode.NOERROR, [], [])
    assert [rrset.rdtype for rrset in reply.authority] == [dns.rdatatype.SOA]


NO_WAY_OUT = "this VPC has no way out: only names of its VPC endpoints exist here"
NO_ENDPOINT = "no VPC endpoint for SQS with private DNS in this VPC"


@pytest.mark.parametrize(
    ("zone", "name", "code", "text"),
    [
        (
            ZONE,
            "queue.amazonaws.com",
            21,
            f"private DNS does not cover legacy endpoint queue.amazonaws.com; use {SQS}",
        ),
        (
            ZONE,
            "US-East-2.queue.amazonaws.com",
            21,
            f"private DNS does not cover legacy endpoint us-east-2.queue.amazonaws.com; use {SQS}",
        ),
        (EMPTY, SQS, 0, NO_ENDPOINT),
        (EMPTY, "sqs.us-east-2.api.aws", 0, NO_ENDPOINT),
        (ZONE, f"vpce-2.{VPCE}", 0, "no such VPC endpoint in this VPC, or it is not available"),
        (ZONE, "sqs.eu-west-1.amazonaws.com", 15, NO_WAY_OUT),
        (ZONE, "example.com", 15, NO_WAY_OUT),
        (ZONE, f"x.{SQS}", 15, NO_WAY_OUT),
        (ZONE, r"sqs\.us-east-2.amazonaws.com", 15, NO_WAY_OUT),
    ],
)
@pytest.mark.parametrize("kind", ["A", "AAAA"])
def test_what_does_not_exist_is_denied_with_the_reason(
    zone: Zone, name: str, code: int, text: str, kind: str
) -> None:
    reply = asked(query(name, kind), zone)
    assert (reply.rcode(), reply.answer, errors(reply)) == (Rcode.NXDOMAIN, [], [(code, text)])
    assert [rrset.rdtype for rrset in reply.authority] == [dns.rdatatype.SOA]
    plain = asked(query(name, kind, edns=False), zone)
    assert (plain.rcode(), plain.edns) == (Rcode.NXDOMAIN, -1)


def test_the_reason_is_given_only_to_a_client_with_edns() -> None:
    """RFC 6891 section 7: no OPT in an answer to a query without."""
    assert asked(query("example.com", edns=False)).options == ()
    assert asked(query("example.com")).payload == UDP_BYTES_MAX


MANY = Zone("us-east-2", {SQS: tuple(f"10.0.{number}.1" for number in range(60))})


@pytest.mark.parametrize(
    ("payload", "stream", "truncated"),
    [(None, False, True), (512, False, True), (100, False, True), (4096, False, False), (None, True, False)],
)
def test_an_answer_too_long_for_the_client_says_so(
    payload: int | None, stream: bool, truncated: bool
) -> None:
    """60 addresses are 989 bytes; UDP carries 512, or what EDNS says, up to 1232."""
    message = query(SQS, edns=payload is not None, payload=payload or 0)
    reply = asked(message, MANY, stream=stream)
    assert bool(reply.flags & dns.flags.TC) is truncated
    assert len(addresses(reply)) == (0 if truncated else 60)


def test_no_udp_answer_is_longer_than_what_is_never_fragmented() -> None:
    many = Zone("us-east-2", {SQS: tuple(f"10.{number // 250}.{number % 250}.1" for number in range(1000))})
    reply = answer(many, query(SQS, payload=65_535).to_wire())
    assert reply is not None
    assert len(reply) <= UDP_BYTES_MAX
    assert len(addresses(asked(query(SQS), many, stream=True))) == 1000


HEADER = struct.Struct("!6H")
QUESTION = query(SQS, edns=False).to_wire()[12:]


@pytest.mark.parametrize(
    ("packet", "rcode"),
    [
        (HEADER.pack(7, 0x0100, 0, 0, 0, 0), Rcode.FORMERR),
        (HEADER.pack(7, 0x0100, 2, 0, 0, 0) + QUESTION + QUESTION, Rcode.FORMERR),
        (HEADER.pack(7, 0x0100, 1, 0, 0, 0), Rcode.FORMERR),
        (HEADER.pack(7, 0x0100, 1, 0, 0, 0) + QUESTION + b"junk", Rcode.FORMERR),
        (HEADER.pack(7, 0x0100, 1, 0, 0, 0) + b"\xc0\x0c" + QUESTION[-4:], Rcode.FORMERR),
        (HEADER.pack(7, 0x2100, 1, 0, 0, 0) + QUESTION, Rcode.NOTIMP),
        (HEADER.pack(7, 0x2900, 0, 0, 0, 0), Rcode.NOTIMP),
        (HEADER.pack(7, 0x0100, 1, 0, 0, 0) + QUESTION[:-1] + b"\x03", Rcode.REFUSED),
        (HEADER.pack(7, 0x0100, 1, 0, 0, 0) + QUESTION[:-4] + b"\x00\xfc\x00\x01", Rcode.REFUSED),
    ],
    ids=["no question", "two", "cut", "junk", "loop", "opcode NOTIFY", "opcode UPDATE", "class CH", "AXFR"],
)
def test_what_is_no_plain_question_is_refused(packet: bytes, rcode: Rcode) -> None:
    reply = answer(ZONE, packet)
    assert reply is not None
    query_id, flags, _, answers, *_ = HEADER.unpack_from(reply)
    assert (query_id, flags & 0x8000, flags & 0xF, answers) == (7, 0x8000, rcode, 0)


def test_an_edns_version_that_we_do_not_know_is_named() -> None:
    message = query(SQS)
    message.use_edns(1)
    assert (asked(message).rcode(), asked(message).edns) == (Rcode.BADVERS, 0)


def test_an_answer_is_never_answered() -> None:
    reply = answer(ZONE, query(SQS).to_wire())
    assert reply is not None
    assert answer(ZONE, reply) is None


@pytest.mark.parametrize("packet", [b"", b"\x00", bytes(11)])
def test_less_than_a_header_is_dropped(packet: bytes) -> None:
    assert answer(ZONE, packet) is None


@given(st.binary(max_size=600), st.booleans())
def test_no_packet_breaks_it(packet: bytes, stream: bool) -> None:
    reply = answer(ZONE, packet, stream=stream)
    assert reply is None or (reply[:2] == packet[:2] and reply[2] & 0x80)


@given(st.data())
def test_no_damaged_query_breaks_it(data: st.DataObject) -> None:
    """Bytes of a good query changed, put in or cut off."""
    packet = bytearray(query(SQS).to_wire())
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(0, len(packet)))
        packet[at : at + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=3))
    reply = answer(ZONE, bytes(packet))
    assert reply is None or (
        len(reply) <= UDP_BYTES_MAX and dns.message.from_wire(reply).flags & dns.flags.QR
    )
