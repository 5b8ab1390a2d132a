"""A program run as an instance: what it is and has, and what it can never do."""

import asyncio
import json
import os
import signal
import socket
import sys
from pathlib import Path

import pytest

from network.world import (
    CONNECT,
    ENDPOINT,
    INSTANCE,
    NEEDS_NAMESPACES,
    RESOLVER,
    SQS,
    VPC,
    attached,
    driver,
    greeter,
    ran,
    said,
    started,
)
from qanat.net import fds, instance
from qanat.net.errors import NetworkUnavailable
from qanat.net.resolver import Resolver
from qanat.net.zone import Zone

pytestmark = NEEDS_NAMESPACES


# Each attempt prints the name of the error it met. Without `ip`: what a program would really do.
ATTEMPTS = """
import ctypes, errno, json, os, socket, struct, sys
host, holder = sys.argv[1:]
libc = ctypes.CDLL(None, use_errno=True)
NEWNS, NEWNET, NEWUSER = 0x20000, 0x40000000, 0x10000000
SEIZE = 0x4206  # of ptrace: unlike an attachment, it stops nobody, should it be allowed
def checked(result):
    if result != 0:
        raise OSError(ctypes.get_errno(), "")
def enter(path, kind):
    checked(libc.setns(os.open(path, os.O_RDONLY), kind))
def netlink(kind, body):
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0) as sock:
        sock.sendto(struct.pack("=IHHII", 16 + len(body), kind, 0x605, 1, 0) + body, (0, 0))
        number = -struct.unpack_from("=i", sock.recv(4096), 16)[0]
        if number:
            raise OSError(number, "")
def index():
    return socket.if_nametoindex("eth0")
def add_address():
    packed = socket.inet_aton("10.0.1.99")
    attributes = b"".join(struct.pack("=HH", 8, number) + packed for number in (1, 2))
    netlink(20, struct.pack("=BBBBI", 2, 16, 0, 0, index()) + attributes)
def take_link_down():
    netlink(16, struct.pack("=BxHiII", 0, 0, index(), 0, 1))
def in_child(action):
    heard, told = os.pipe()
    if os.fork() == 0:
        try:
            action()
            os.write(told, b"done")
        except OSError as error:
            os.write(told, errno.errorcode[error.errno].encode())
        finally:
            os._exit(0)
    os.close(told)
    os.wait()
    with os.fdopen(heard) as file:
        return file.read()
def own_user_namespace_first(action):
    def both():
        checked(libc.unshare(NEWUSER))
        action()
    return both
def freebind():
    with socket.socket() as sock:
        sock.setsockopt(0, 15, 1)
        sock.bind(("10.0.1.99", 0))
        sock.connect(("10.0.1.37", 443))
attempts = {
    "add an address": add_address,
    "add an address, as root of a user namespace": own_user_namespace_first(add_address),
    "take the link down": take_link_down,
    "raw socket": lambda: socket.socket(socket.AF_INET, socket.SOCK_RAW, 1),
    "packet socket": lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 3),
    "transparent proxy": lambda: socket.socket().setsockopt(0, 19, 1),
    "another's address by IP_FREEBIND": freebind,
    "new network": lambda: checked(libc.unshare(NEWNET)),
    "new mounts": lambda: checked(libc.unshare(NEWNS)),
    "unmount resolv.conf": lambda: checked(libc.umount2(b"/etc/resolv.conf", 2)),
    "the machine's network": lambda: enter(f"/proc/{host}/ns/net", NEWNET),
    "the machine's network, as root of a user namespace":
        own_user_namespace_first(lambda: enter(f"/proc/{host}/ns/net", NEWNET)),
    "the holder's network": lambda: enter(f"/proc/{holder}/ns/net", NEWNET),
    "the holder's user namespace": lambda: enter(f"/proc/{holder}/ns/user", NEWUSER),
    "the first process's network": lambda: enter("/proc/1/ns/net", NEWNET),
    "trace the server": lambda: checked(libc.ptrace(SEIZE, int(host), 0, 0)),
    "trace the holder": lambda: checked(libc.ptrace(SEIZE, int(holder), 0, 0)),
}
print(json.dumps({name: in_child(action) for name, action in attempts.items()}))
"""


def test_an_instance_can_neither_change_its_network_nor_leave_it() -> None:
    async def scenario() -> dict[str, str]:
        async with driver() as netns, greeter(netns, VPC, ENDPOINT, "endpoint"), attached(netns) as network:
            pids = (str(os.getpid()), str(netns.holder_pid))
            found: dict[str, str] = json.loads(await said(network, ATTEMPTS, *pids))
            assert await said(network, CONNECT, ENDPOINT, "443") == f"endpoint {INSTANCE}"
            return found

    found = asyncio.run(scenario())
    # Where the server is root its holder takes no user namespace: to enter one's own is invalid.
    allowed = {
        "the holder's user namespace": {"EPERM", "EACCES", "EINVAL"},
        "another's address by IP_FREEBIND": {"EINVAL", "ENETUNREACH"},
    }
    assert len(found) == 17
    assert {
        name: met for name, met in found.items() if met not in allowed.get(name, {"EPERM", "EACCES"})
    } == {}


SELF = """
import json, os
status = dict(line.split(":\\t", 1) for line in open("/proc/self/status").read().splitlines() if ":\\t" in line)
opened = sorted(int(name) for name in os.listdir("/proc/self/fd"))
print(json.dumps({"ids": [os.getuid(), os.getgid()], "effective": int(status["CapEff"], 16),
    "bounding": int(status["CapBnd"], 16), "no_new_privs": status["NoNewPrivs"], "fds": opened}))
"""

# NET_ADMIN, NET_RAW, SYS_MODULE, SYS_RAWIO, SYS_PTRACE, SYS_ADMIN, MKNOD (capability.h).
WAYS_OUT = sum(1 << number for number in (12, 13, 16, 17, 19, 21, 27))


def test_the_program_is_its_callers_without_power_and_holds_no_descriptor_of_ours() -> None:
    async def scenario() -> dict[str, object]:
        async with driver() as netns, attached(netns) as network:
            found: dict[str, object] = json.loads(await said(network, SELF))
            return found

    found = asyncio.run(scenario())
    effective, bounding = found["effective"], found["bounding"]
    assert isinstance(effective, int)
    assert isinstance(bounding, int)
    assert found["ids"] == [os.getuid(), os.getgid()]
    assert (effective | bounding) & WAYS_OUT == 0
    assert os.getuid() == 0 or effective | bounding == 0
    assert found["no_new_privs"] == "1"
    assert found["fds"] == [0, 1, 2, 3]  # the last is that of the listing itself


LOOK_UP = """
import json, socket, sys
def look_up(name):
    try:
        return sorted({address[4][0] for address in socket.getaddrinfo(name, 443, type=socket.SOCK_STREAM)})
    except socket.gaierror as error:
        return error.errno == socket.EAI_NONAME
print(json.dumps([look_up(name) for name in sys.argv[1:]]))
"""


def test_private_dns_answers_in_the_instance_and_says_no_at_once() -> None:
    """Seed page: "Private DNS doesn't support legacy endpoints such as queue.amazonaws.com"."""
    names = (SQS, "queue.amazonaws.com", "us-east-2.queue.amazonaws.com", "example.com")

    async def scenario() -> tuple[list[object], str]:
        resolver = Resolver(Zone("us-east-2", {SQS: (ENDPOINT,)}))
        async with driver() as netns, attached(netns) as network:
            for address in netns.resolvers(VPC):
                await resolver.serve(
                    await netns.listen_udp(VPC, address, 53), await netns.listen_tcp(VPC, address, 53)
                )
            try:
                found: list[object] = json.loads(await said(network, LOOK_UP, *names))
                raw = "import socket;s=socket.socket(2,2);s.settimeout(30);s.connect(('169.254.169.253',53));"
                query = (
                    "s.send(bytes.fromhex('0001010000010000000000000000010001'));print(s.recv(512)[:2].hex())"
                )
                return found, await said(network, raw + query)
            finally:
                await resolver.close()

    assert asyncio.run(scenario()) == ([[ENDPOINT], True, True, True], "0001")


def test_the_instances_files_are_its_own(tmp_path: Path) -> None:
    authority = tmp_path / "ca.pem"
    authority.write_text("-----AUTHORITY-----\n")
    before = Path("/etc/resolv.conf").read_bytes() if Path("/etc/resolv.conf").exists() else None
    read = "import sys; print(*[line for line in open(sys.argv[1]) if line.strip()][int(sys.argv[2]):], sep='', end='')"

    async def scenario() -> list[str]:
        async with driver() as netns, attached(netns) as network:
            files = [("/etc/resolv.conf", "0"), ("/etc/nsswitch.conf", "-1"), (bundle, "-1")]
            return [await said(network, read, *file, ca_file=str(authority)) for file in files]

    bundles = ("/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem")
    bundle = next(path for path in bundles if Path(path).is_file())
    assert asyncio.run(scenario()) == [
        f"nameserver {RESOLVER}\noptions timeout:1 attempts:2 edns0",
        "hosts: files dns",
        "-----AUTHORITY-----",
    ]
    assert (Path("/etc/resolv.conf").read_bytes() if before is not None else None) == before


@pytest.mark.parametrize(
    ("command", "status"),
    [
        (["sh", "-c", "exit 0"], 0),
        (["sh", "-c", "exit 7"], 7),
        (["sh", "-c", "kill -TERM $$"], 128 + signal.SIGTERM),
        (["sh", "-c", "kill -KILL $$"], 128 + signal.SIGKILL),
        (["sh", "-c", "exit 127"], 127),
        (["no-such-command"], 127),
        (["/etc/passwd"], 126),
        (["/etc"], 126),
    ],
)
def test_the_exit_status_is_the_programs(command: list[str], status: int) -> None:
    async def scenario() -> int:
        async with driver() as netns, attached(netns) as network:
            return (await ran(network, command))[0]

    assert asyncio.run(scenario()) == status


def test_standard_streams_and_signals_pass_through() -> None:
    echo = "import sys; sys.stdout.write(sys.stdin.read()); sys.stderr.write('noted')"
    await_signal = (
        "import signal, sys; signal.signal(signal.SIGTERM, lambda *_: sys.exit(5)); print('ready', flush=True);"
        "signal.pause()"
    )

    async def scenario() -> tuple[tuple[int, str, str], int | None]:
        async with driver() as netns, attached(netns) as network:
            echoed = await ran(network, [sys.executable, "-c", echo], "a line")
            process = await started(network, [sys.executable, "-c", await_signal])
            assert process.stdout is not None
            assert await process.stdout.readline() == b"ready\n"
            process.send_signal(signal.SIGTERM)
            await process.communicate()
            return echoed, process.returncode

    assert asyncio.run(scenario()) == ((0, "a line", "noted"), 5)


def test_a_network_that_is_refused_or_garbled_is_an_error_of_ours() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        instance.send_refusal(ours, "there is no VPC vpc-none")
        with pytest.raises(NetworkUnavailable, match="there is no VPC vpc-none"):
            instance.receive_network(theirs)
        fds.send(ours, {"network": {"vpc_id": VPC}}, [theirs.fileno()])
        with pytest.raises(NetworkUnavailable, match="not the network of an instance"):
            instance.receive_network(theirs)
