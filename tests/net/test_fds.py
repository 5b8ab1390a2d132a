"""Messages with descriptors between our own processes: whole, bounded, and never a descriptor left open."""

import contextlib
import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from qanat.net import fds
from qanat.net.errors import NetworkUnavailable, PeerGone

Pair = tuple[socket.socket, socket.socket]


@pytest.fixture(params=[socket.SOCK_STREAM, socket.SOCK_SEQPACKET], ids=["stream", "packets"])
def pair(request: pytest.FixtureRequest) -> Iterator[Pair]:
    ours, theirs = socket.socketpair(socket.AF_UNIX, request.param)
    for sock in (ours, theirs):
        sock.settimeout(60)
    with ours, theirs:
        yield ours, theirs


def copies(sock: socket.socket) -> int:
    """How many descriptors of that socket this process has; other descriptors may come and go meanwhile."""
    wanted, found = os.fstat(sock.fileno()), 0
    for path in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):  # that of the listing itself
            found += os.path.samestat(path.stat(), wanted)
    return found


def test_a_message_arrives_with_its_descriptors(pair: Pair) -> None:
    heard, told = os.pipe()
    fds.send(pair[0], {"name": "ö", "n": [1]}, [heard, told])
    value, handed = fds.receive(pair[1])
    assert value == {"name": "ö", "n": [1]}
    assert [os.fstat(fd).st_ino for fd in handed] == [os.fstat(fd).st_ino for fd in (heard, told)]
    assert not any(os.get_inheritable(fd) for fd in handed)
    fds.close_all([heard, told, *handed])


def test_a_long_message_arrives_in_pieces() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1)
        ours.send(b'{"text":')
        ours.send(b'"x"}\n')
        assert fds.receive(theirs) == ({"text": "x"}, [])


@pytest.mark.parametrize("line", [b"\n", b"[]\n", b"{\n", b"\xff\n", b"{}\n{}\n", b"[" * 50_000 + b"\n"])
def test_a_line_that_is_not_ours_is_refused_and_its_descriptors_closed(pair: Pair, line: bytes) -> None:
    before = copies(pair[0])
    socket.send_fds(pair[0], [line], [pair[0].fileno()])
    with pytest.raises(NetworkUnavailable):
        fds.receive(pair[1])
    assert copies(pair[0]) == before


def test_a_line_without_an_end_is_cut_off(pair: Pair) -> None:
    pair[0].setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 200_000)
    for _ in range(3):
        pair[0].send(b"x" * 30_000)
    with pytest.raises(NetworkUnavailable, match="too large"):
        fds.receive(pair[1])


def test_more_descriptors_than_any_message_has_are_refused(pair: Pair) -> None:
    before = copies(pair[0])
    socket.send_fds(pair[0], [b"{}\n"], [pair[0].fileno()] * (fds.FDS_MAX + 1))
    with pytest.raises(NetworkUnavailable, match="too large"):
        fds.receive(pair[1])
    assert copies(pair[0]) == before


@pytest.mark.parametrize("value", [{"x": "x" * fds.LINE_BYTES_MAX}])
def test_too_much_is_not_sent(pair: Pair, value: dict[str, object]) -> None:
    with pytest.raises(NetworkUnavailable, match="too large"):
        fds.send(pair[0], value)


def test_a_peer_that_is_gone_or_silent_is_told_apart(pair: Pair) -> None:
    pair[1].settimeout(0.01)
    with pytest.raises(PeerGone, match="does not answer"):
        fds.receive(pair[1])
    pair[0].close()
    with pytest.raises(PeerGone, match="has ended"):
        fds.receive(pair[1])
    with pytest.raises(PeerGone, match="cannot be reached"):
        fds.send(pair[1], {})
