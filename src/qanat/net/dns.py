"""The answer of a VPC's private resolver to one packet: a function of the zone and the packet, which never raises.

It is authoritative for all there is: what the zone does not hold does not exist here, and an Extended DNS Error says
why, so that a client fails at once and its user knows the reason. It never answers an answer.
"""

import struct
from typing import Final

import dns.edns
import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.opcode
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import dns.rrset
from dns.edns import EDECode
from dns.rcode import Rcode
from dns.rdatatype import RdataType

from qanat.core.names import dual_stack_sqs_host, legacy_sqs_hosts, sqs_host
from qanat.net.zone import Zone

UDP_BYTES_MAX: Final = 1232
"""Never fragmented on any path (DNS flag day 2020)."""
UDP_BYTES_MIN: Final = 512
"""What a client without EDNS takes (RFC 1035)."""
TTL_S: Final = 60
NEGATIVE_TTL_S: Final = 5
"""Short, since the endpoint that a user creates next must be found at once."""

HEADER: Final = struct.Struct("!6H")
QR: Final = 0x8000
KEPT_FLAGS: Final = 0x7800 | int(dns.flags.RD)
"""Of a query, in its answer: the opcode and "recursion desired"."""
META_TYPES: Final = range(249, 255)
"""TKEY, TSIG, IXFR, AXFR, MAILB, MAILA: not data."""

Error = tuple[EDECode, str]


def answer(zone: Zone, packet: bytes, *, stream: bool = False) -> bytes | None:
    """The reply to `packet`, which came by TCP if `stream`; None where there must be none."""
    if len(packet) < HEADER.size:
        return None
    flags = HEADER.unpack_from(packet)[1]
    if flags & QR:
        return None
    if dns.opcode.from_flags(flags) != dns.opcode.QUERY:
        return _bare(packet, Rcode.NOTIMP)
    try:
        # keyring=False: a signature we do not know is no reason to leave a query unread.
        query = dns.message.from_wire(packet, keyring=False)
    except Exception:  # noqa: BLE001 -- whatever a packet may do to the parser, the resolver lives on
        return _bare(packet, Rcode.FORMERR)
    try:
        limit = 65_535 if stream else _udp_limit(query)
        return _rendered(_reply(zone, query), limit)
    except Exception:  # noqa: BLE001 -- the same
        return _bare(packet, Rcode.SERVFAIL)


def _reply(zone: Zone, query: dns.message.Message) -> dns.message.Message:
    reply = dns.message.QueryMessage(id=query.id)
    reply.flags = dns.flags.QR | dns.flags.RA | (query.flags & dns.flags.RD)
    reply.question = list(query.question)
    error: Error | None = None
    if query.edns > 0:
        reply.use_edns(0, payload=UDP_BYTES_MAX)
        reply.set_rcode(Rcode.BADVERS)
        return reply
    if len(query.question) != 1 or query.question[0].rdtype == RdataType.OPT:
        reply.set_rcode(Rcode.FORMERR)
    elif query.question[0].rdclass != dns.rdataclass.IN or query.question[0].rdtype in META_TYPES:
        reply.set_rcode(Rcode.REFUSED)
    else:
        reply.flags |= dns.flags.AA
        error = _look_up(zone, query, reply)
    if query.edns == 0:
        options: list[dns.edns.Option] = [] if error is None else [dns.edns.EDEOption(*error)]
        reply.use_edns(0, query.ednsflags & dns.flags.DO, UDP_BYTES_MAX, options=options)
    return reply


def _look_up(zone: Zone, query: dns.message.Message, reply: dns.message.Message) -> Error | None:
    """Fill in `reply`; the reason if the name does not exist."""
    question = query.question[0]
    name = question.name.to_text(omit_final_dot=True).lower() if question.name != dns.name.root else ""
    addresses = zone.names.get(name)
    if addresses and question.rdtype in (RdataType.A, RdataType.ANY):
        # The first address is the one that most clients use: the query's id, a random number, spreads them.
        first = query.id % len(addresses)
        reply.answer = [_a(question.name, address) for address in addresses[first:] + addresses[:first]]
        return None
    if addresses or zone.holds_below(name):
        reply.authority = [_soa(question.name)]
        return None
    reply.set_rcode(Rcode.NXDOMAIN)
    reply.authority = [_soa(dns.name.root)]
    return _why_not(zone, name)


def _why_not(zone: Zone, name: str) -> Error:
    """Codes from RFC 8914."""
    service = sqs_host(zone.region)
    if name in legacy_sqs_hosts(zone.region):
        return EDECode.NOT_SUPPORTED, f"private DNS does not cover legacy endpoint {name}; use {service}"
    if name in (service, dual_stack_sqs_host(zone.region)):
        return EDECode.OTHER, "no VPC endpoint for SQS with private DNS in this VPC"
    if name.endswith(f".sqs.{zone.region}.vpce.amazonaws.com"):
        return EDECode.OTHER, "no such VPC endpoint in this VPC, or it is not available"
    return EDECode.BLOCKED, "this VPC has no way out: only names of its VPC endpoints exist here"


def _rendered(reply: dns.message.Message, limit: int) -> bytes:
    """`reply` in at most `limit` bytes; one that does not fit says so and holds no data (RFC 2181 section 9)."""
    wire = reply.to_wire(max_size=65_535)
    if len(wire) <= limit:
        return wire
    reply.answer, reply.authority = [], []
    reply.flags |= dns.flags.TC
    if reply.edns == 0:
        reply.use_edns(0, reply.ednsflags & dns.flags.DO, UDP_BYTES_MAX)
    return reply.to_wire(max_size=65_535)


def _udp_limit(query: dns.message.Message) -> int:
    return max(UDP_BYTES_MIN, min(query.payload, UDP_BYTES_MAX)) if query.edns >= 0 else UDP_BYTES_MIN


def _bare(packet: bytes, code: Rcode) -> bytes:
    """A header with nothing behind it, for a query that we do not or cannot read on."""
    query_id, flags = HEADER.unpack_from(packet)[:2]
    return HEADER.pack(query_id, QR | flags & KEPT_FLAGS | code, 0, 0, 0, 0)


def _a(name: dns.name.Name, address: str) -> dns.rrset.RRset:
    # One set an address: the library shuffles within a set.
    return dns.rrset.from_text(name, TTL_S, "IN", "A", address)


def _soa(name: dns.name.Name) -> dns.rrset.RRset:
    """Lets a client keep the denial (RFC 2308)."""
    soa = f"resolver.qanat.internal. nobody.invalid. 1 3600 600 86400 {NEGATIVE_TTL_S}"
    return dns.rrset.from_text(name, NEGATIVE_TTL_S, "IN", "SOA", soa)
