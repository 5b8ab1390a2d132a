"""VPCs as network namespaces, with real ones: all of this runs as whoever runs the tests, and if that is root once
more as an ordinary user. Only namespaces made here, and this machine's loopback, get any traffic.

The VPC has the seed page's shape: an interface endpoint at 10.0.1.37, an instance at 10.0.1.50, a resolver at 10.0.0.2.
"""

import asyncio
import json
import os
import select
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from qanat.net import fds, instance
from qanat.net.drivers.base import InstanceNetwork
from qanat.net.drivers.choose import open_driver
from qanat.net.drivers.netns import NetnsDriver, available
from qanat.net.errors import NetworkUnavailable
from qanat.net.resolver import Resolver
from qanat.net.zone import Zone

pytestmark = pytest.mark.skipif(
    os.environ.get("QANAT_TESTS_WITHOUT_NAMESPACES") == "1",
    reason="left out by QANAT_TESTS_WITHOUT_NAMESPACES=1",
)

VPC, OTHER_VPC, CIDR = "vpc-0a", "vpc-0b", "10.0.0.0/16"
ENDPOINT, INSTANCE, RESOLVER = "10.0.1.37", "10.0.1.50", "10.0.0.2"
SQS = "sqs.us-east-2.amazonaws.com"

# What `qanat instance run` does, without the server's answer to ask for: the network comes over a descriptor.
RUNNER = """
import os, socket, sys
from pathlib import Path
from qanat.net.instance import receive_network, run
with socket.socket(fileno=int(sys.argv[1])) as sock:
    network, details = receive_network(sock)
ca_file = Path(details["ca_file"]) if "ca_file" in details else None
sys.exit(run(network, sys.argv[2:], os.environ, ca_file))
"""

# An address that no host has is found unreachable after some seconds, or met with silence: both are no answer.
CONNECT = """
import errno, socket, sys
try:
    print(socket.create_connection((sys.argv[1], int(sys.argv[2])), 2).makefile().read())
except TimeoutError:
    print("no answer")
except OSError as error:
    print("no answer" if error.errno == errno.EHOSTUNREACH else errno.errorcode[error.errno])
"""


@asynccontextmanager
async def driver() -> AsyncIterator[NetnsDriver]:
    netns = NetnsDriver()
    await netns.open()
    try:
        await netns.add_vpc(VPC, CIDR)
        yield netns
    finally:
        await netns.close()


@asynccontextmanager
async def greeter(netns: NetnsDriver, vpc: str, address: str, greeting: str) -> AsyncIterator[None]:
    """A listener in the VPC that tells each client `greeting` and the client's own address."""

    async def greet(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(f"{greeting} {writer.get_extra_info('peername')[0]}".encode())
        writer.close()

    server = await asyncio.start_server(greet, sock=await netns.listen_tcp(vpc, address, 443))
    try:
        yield
    finally:
        server.close()
        await server.wait_closed()


async def started(
    network: InstanceNetwork, command: Sequence[str], **details: str
) -> asyncio.subprocess.Process:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        instance.send_network(ours, network, details)
        return await asyncio.create_subprocess_exec(
            sys.executable,
            "-c",
            RUNNER,
            str(theirs.fileno()),
            *command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            pass_fds=(theirs.fileno(),),
        )


async def ran(
    network: InstanceNetwork, command: Sequence[str], given: str = "", **details: str
) -> tuple[int, str, str]:
    """Exit status, standard output and standard error of `command` as an instance."""
    process = await started(network, command, **details)
    out, err = await process.communicate(given.encode())
    assert process.returncode is not None
    return process.returncode, out.decode().strip(), err.decode().strip()


async def said(network: InstanceNetwork, code: str, *arguments: str, **details: str) -> str:
    """What a Python program prints as an instance; it must end well."""
    status, out, err = await ran(network, [sys.executable, "-c", code, *arguments], **details)
    assert (status, err) == (0, ""), err
    return out


@asynccontextmanager
async def attached(
    netns: NetnsDriver, vpc: str = VPC, address: str = INSTANCE
) -> AsyncIterator[InstanceNetwork]:
    network = await netns.attach_instance(vpc, address)
    try:
        yield network
    finally:
        network.close()
        await netns.detach_instance(vpc, address)


def test_this_system_has_network_namespaces() -> None:
    assert asyncio.run(available()) is None


def test_netns_is_chosen_where_it_can_be() -> None:
    async def scenario() -> tuple[str, bool, str]:
        chosen, why = await open_driver(None, 9325)
        await chosen.close()
        return chosen.name, chosen.isolates, why

    assert asyncio.run(scenario()) == (
        "netns",
        True,
        "netns: each VPC is a network namespace with no way out",
    )


def test_an_instance_reaches_an_endpoint_and_is_seen_by_its_own_address() -> None:
    async def scenario() -> str:
        async with driver() as netns, greeter(netns, VPC, ENDPOINT, "endpoint"), attached(netns) as network:
            assert netns.where(VPC, ENDPOINT, 443) == (ENDPOINT, 443)
            return await said(network, CONNECT, ENDPOINT, "443")

    assert asyncio.run(scenario()) == f"endpoint {INSTANCE}"


UNREACHABLE = """
import errno, json, os, socket, sys
def attempt(family, address):
    with socket.socket(family) as sock:
        sock.settimeout(5)
        try:
            sock.connect(address)
        except OSError as error:
            return errno.errorcode.get(error.errno, repr(error))
        return "reached"
places = json.loads(sys.argv[1])
found = [attempt(getattr(socket, family), address if isinstance(address, str) else tuple(address))
         for family, address in places]
print(json.dumps({"places": found, "devices": sorted(name for _, name in socket.if_nameindex())}))
"""


def test_an_instance_has_no_way_out() -> None:
    """A documentation address, this machine's own listeners on loopback and without a path, and IPv6."""
    name = f"\0qanat-test-{os.getpid()}"

    async def scenario() -> dict[str, list[str]]:
        with socket.create_server(("127.0.0.1", 0)) as local, socket.socket(socket.AF_UNIX) as nameless:
            nameless.bind(name)
            nameless.listen()
            places = [
                ("AF_INET", ("192.0.2.1", 443)),
                ("AF_INET", local.getsockname()),
                ("AF_UNIX", name),
                ("AF_INET6", ("2001:db8::1", 443)),
            ]
            async with driver() as netns, attached(netns) as network:
                found: dict[str, list[str]] = json.loads(await said(network, UNREACHABLE, json.dumps(places)))
                return found

    found = asyncio.run(scenario())
    assert found["places"][:3] == ["ENETUNREACH", "ECONNREFUSED", "ECONNREFUSED"]
    assert found["places"][3] in ("ENETUNREACH", "EADDRNOTAVAIL", "EAFNOSUPPORT")
    assert found["devices"] == ["eth0", "lo"]


def test_two_vpcs_with_one_cidr_block_are_separate() -> None:
    async def scenario() -> list[str]:
        async with driver() as netns:
            await netns.add_vpc(OTHER_VPC, CIDR)
            async with (
                greeter(netns, VPC, ENDPOINT, "first"),
                greeter(netns, OTHER_VPC, ENDPOINT, "second"),
                attached(netns, VPC) as one,
                attached(netns, OTHER_VPC) as other,
            ):
                return [await said(network, CONNECT, ENDPOINT, "443") for network in (one, other)]

    assert asyncio.run(scenario()) == [f"first {INSTANCE}", f"second {INSTANCE}"]


SERVE_ONE = """
import socket
with socket.create_server(("", 8080)) as server:
    print("listening", flush=True)
    server.settimeout(60)
    while True:
        client, peer = server.accept()
        client.sendall(f"seen {peer[0]}".encode())
        client.close()
"""


def test_an_instance_reaches_instances_of_its_own_vpc_and_of_no_other() -> None:
    async def scenario() -> list[str]:
        async with driver() as netns:
            await netns.add_vpc(OTHER_VPC, CIDR)
            async with (
                attached(netns, VPC, "10.0.1.60") as server,
                attached(netns, VPC, INSTANCE) as near,
                attached(netns, OTHER_VPC, INSTANCE) as far,
            ):
                process = await started(server, [sys.executable, "-c", SERVE_ONE])
                assert process.stdout is not None
                assert await process.stdout.readline() == b"listening\n"
                try:
                    return [await said(network, CONNECT, "10.0.1.60", "8080") for network in (near, far)]
                finally:
                    process.terminate()
                    await process.communicate()

    assert asyncio.run(scenario()) == [f"seen {INSTANCE}", "no answer"]


# Each attempt prints the name of the error it met. Without `ip`: what a program would really do.
ATTEMPTS = """
import ctypes, errno, json, os, socket, struct, sys
host, holder = sys.argv[1:]
libc = ctypes.CDLL(None, use_errno=True)
NEWNS, NEWNET, NEWUSER = 0x20000, 0x40000000, 0x10000000
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
    "trace the server": lambda: checked(libc.ptrace(16, int(host), 0, 0)),
    "trace the holder": lambda: checked(libc.ptrace(16, int(holder), 0, 0)),
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
                raw = "import socket;s=socket.socket(2,2);s.settimeout(5);s.connect(('169.254.169.253',53));"
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
        f"nameserver {RESOLVER}\noptions timeout:1 attempts:1 edns0",
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


def test_what_is_released_detached_or_removed_is_cut_off() -> None:
    async def scenario() -> list[str]:
        async with driver() as netns, greeter(netns, VPC, ENDPOINT, "endpoint"), attached(netns) as network:
            heard = [await said(network, CONNECT, ENDPOINT, "443")]
            await netns.release(VPC, ENDPOINT)
            heard.append(await said(network, CONNECT, ENDPOINT, "443"))
            async with greeter(netns, VPC, "10.0.1.38", "next"):
                heard.append(await said(network, CONNECT, "10.0.1.38", "443"))
                await netns.remove_vpc(VPC)
                heard.append(await said(network, CONNECT, "10.0.1.38", "443"))
            return heard

    # Without its VPC the instance has lost its only device, and with it every route.
    assert asyncio.run(scenario()) == [f"endpoint {INSTANCE}", "no answer", f"next {INSTANCE}", "ENETUNREACH"]


def test_every_call_may_be_made_twice() -> None:
    async def scenario() -> str:
        async with driver() as netns:
            await netns.open()
            await netns.add_vpc(VPC, CIDR)
            first = await netns.attach_instance(VPC, INSTANCE)
            async with attached(netns) as second, greeter(netns, VPC, ENDPOINT, "endpoint"):
                assert [os.fstat(fd).st_ino for fd in first.fds] == [os.fstat(fd).st_ino for fd in second.fds]
                first.close()
                (await netns.listen_tcp(VPC, ENDPOINT, 444)).close()
                heard = await said(second, CONNECT, ENDPOINT, "443")
            for _ in range(2):
                await netns.detach_instance(VPC, INSTANCE)
                await netns.release(VPC, ENDPOINT)
            for _ in range(2):
                await netns.remove_vpc(VPC)
            await netns.add_vpc(VPC, "10.1.0.0/16")
            return heard

    assert asyncio.run(scenario()) == f"endpoint {INSTANCE}"


def test_refusals_are_one_clear_line() -> None:
    async def scenario() -> list[str]:
        async with driver() as netns, attached(netns):
            (await netns.listen_udp(VPC, RESOLVER, 53)).close()
            taken = await netns.listen_tcp(VPC, ENDPOINT, 443)
            calls = [
                netns.listen_tcp("vpc-none", ENDPOINT, 443),
                netns.listen_tcp(VPC, "10.1.0.1", 443),
                netns.listen_tcp(VPC, "elsewhere", 443),
                netns.listen_tcp(VPC, ENDPOINT, 70_000),
                netns.listen_tcp(VPC, ENDPOINT, 443),
                netns.listen_tcp(VPC, INSTANCE, 443),
                netns.listen_tcp(VPC, "10.0.0.1", 443),
                netns.attach_instance(VPC, "10.0.0.1"),
                netns.attach_instance(VPC, ENDPOINT),
                netns.add_vpc(VPC, "10.1.0.0/16"),
                netns.add_vpc("vpc-bad", "10.0.0.0/99"),
            ]
            found = []
            for call in calls:
                with pytest.raises(NetworkUnavailable) as refused:
                    await call
                found.append(str(refused.value))
            taken.close()
            return found

    assert asyncio.run(scenario()) == [
        "there is no private network for vpc-none",
        "10.1.0.1 is not an address of vpc-0a",
        "Expected 4 octets in 'elsewhere'",
        "bind(): port must be 0-65535.",
        "Address already in use",
        "10.0.1.50 is the address of an instance",
        "10.0.0.1 is reserved for the router of the VPC",
        "10.0.0.1 is reserved for the router of the VPC",
        "10.0.1.37 is the address of an endpoint or of the resolver",
        "vpc-0a is there already with another CIDR block",
        "'99' is not a valid netmask",
    ]


def test_after_the_holder_ended_calls_say_so() -> None:
    async def scenario() -> None:
        async with driver() as netns:
            assert netns.holder_pid is not None
            os.kill(netns.holder_pid, signal.SIGKILL)
            for told in ("the other process", "restart the server"):
                with pytest.raises(NetworkUnavailable, match=told):
                    await netns.add_vpc(OTHER_VPC, CIDR)

    asyncio.run(scenario())


SERVER = """
import asyncio, json, os, signal
from qanat.net.drivers.netns import NetnsDriver
async def main():
    netns = NetnsDriver()
    await netns.open()
    await netns.add_vpc("vpc-0a", "10.0.0.0/16")
    listener = await netns.listen_tcp("vpc-0a", "10.0.1.37", 443)
    network = await netns.attach_instance("vpc-0a", "10.0.1.50")
    links = [os.readlink(f"/proc/{netns.holder_pid}/ns/net"), f"net:[{os.fstat(network.network_fd).st_ino}]"]
    print(json.dumps([netns.holder_pid, links]), flush=True)
    signal.pause()
asyncio.run(main())
"""


def seen_namespaces() -> set[str]:
    """Every namespace that a process of this machine is in or holds open, as far as we may look."""
    found = set()
    for link in Path("/proc").glob("[0-9]*/ns/*"), Path("/proc").glob("[0-9]*/fd/*"):
        for path in link:
            try:
                found.add(str(path.readlink()))
            except OSError:
                continue
    return found


def test_a_killed_server_leaves_no_process_no_namespace_and_no_device() -> None:
    devices = sorted(path.name for path in Path("/sys/class/net").iterdir())
    with subprocess.Popen([sys.executable, "-c", SERVER], stdout=subprocess.PIPE) as server:
        assert server.stdout is not None
        holder_pid, links = json.loads(server.stdout.readline())
        holder = os.pidfd_open(holder_pid)
        assert set(links) & seen_namespaces() or os.getuid() != 0
        server.kill()
    assert select.select([holder], [], [], 20)[0], "the holder outlived the server"
    os.close(holder)
    assert set(links) & seen_namespaces() == set()
    assert sorted(path.name for path in Path("/sys/class/net").iterdir()) == devices
    assert not any("qanat" in path.name for path in Path("/run/netns").glob("*"))


def test_a_network_that_is_refused_or_garbled_is_an_error_of_ours() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        instance.send_refusal(ours, "there is no VPC vpc-none")
        with pytest.raises(NetworkUnavailable, match="there is no VPC vpc-none"):
            instance.receive_network(theirs)
        fds.send(ours, {"network": {"vpc_id": VPC}}, [theirs.fileno()])
        with pytest.raises(NetworkUnavailable, match="not the network of an instance"):
            instance.receive_network(theirs)


# Becomes an ordinary user, to whom the interpreter and the tests stay readable even if they lie in root's home.
AS_USER = """
import os, sys, tempfile
from pathlib import Path
from qanat.net import linux
from qanat.net.linux import Clone, Mount
uid, basetemp, needed, command = int(sys.argv[1]), sys.argv[2], sys.argv[3].split(":"), sys.argv[4:]
os.chown(basetemp, uid, uid)
linux.unshare(Clone.NEWNS)
linux.mount("none", "/", flags=Mount.REC | Mount.PRIVATE)
def closed(path):
    return next((str(at) for at in reversed(Path(path).parents) if not at.stat().st_mode & 1), None)
shut = {path: closed(path) for path in needed if closed(path)}
stage = tempfile.mkdtemp()
linux.mount("tmpfs", stage, "tmpfs")
for number, path in enumerate(shut):
    Path(stage, str(number)).mkdir()
    linux.mount(path, f"{stage}/{number}", flags=Mount.BIND | Mount.REC)
for directory in set(shut.values()):
    linux.mount("tmpfs", directory, "tmpfs", data="mode=755")
for number, path in enumerate(shut):
    Path(path).mkdir(parents=True, exist_ok=True)
    linux.mount(f"{stage}/{number}", path, flags=Mount.BIND | Mount.REC)
linux.unmount(stage)
os.rmdir(stage)
os.setgroups([])
os.setresgid(uid, uid, uid)
os.setresuid(uid, uid, uid)
os.execv(command[0], command)
"""


@pytest.mark.skipif(os.getuid() != 0, reason="the tests above ran as an ordinary user already")
def test_all_of_this_as_an_ordinary_user(tmp_path_factory: pytest.TempPathFactory) -> None:
    root = Path(__file__).parents[2]
    basetemp = Path("/tmp") / f"qanat-test-{os.getpid()}"
    basetemp.mkdir()
    needed = ":".join(dict.fromkeys(map(str, (sys.base_prefix, sys.prefix, root))))
    tests = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        f"--basetemp={basetemp}/t",
        __file__,
    ]
    try:
        ended = subprocess.run(
            [sys.executable, "-c", AS_USER, "23456", str(basetemp), needed, *tests],
            cwd=root,
            env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1", "HOME": str(basetemp), "USER": "qanat-test"},
            capture_output=True,
            text=True,
            check=False,
        )
    finally:
        subprocess.run(["rm", "-rf", str(basetemp)], check=True)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert " passed" in ended.stdout
    assert "1 skipped" in ended.stdout  # this test itself
