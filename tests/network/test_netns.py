"""VPCs as network namespaces, with real ones: who reaches whom, and what is left behind (nothing)."""

import asyncio
import json
import os
import select
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from network.world import (
    CIDR,
    CONNECT,
    ENDPOINT,
    INSTANCE,
    NEEDS_NAMESPACES,
    OTHER_VPC,
    RESOLVER,
    VPC,
    attached,
    driver,
    greeter,
    said,
    started,
)
from qanat.net.drivers.choose import open_driver
from qanat.net.drivers.netns import available
from qanat.net.errors import NetworkUnavailable

pytestmark = NEEDS_NAMESPACES


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
        sock.settimeout(30)
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


NEIGHBOUR = """
import socket, sys
socket.create_connection((sys.argv[1], 443), 30).close()
(line,) = [line for line in open("/proc/net/arp") if line.startswith(sys.argv[1] + " ")]
print(line.split()[3])
"""


def test_one_instance_that_leaves_does_not_cut_off_the_others() -> None:
    """They know by which hardware address the endpoint is reached, and it must stay the same."""

    async def scenario() -> list[str]:
        async with driver() as netns, greeter(netns, VPC, ENDPOINT, "endpoint"):
            seen = []
            for _ in range(2):
                async with attached(netns) as network:
                    seen.append(await said(network, NEIGHBOUR, ENDPOINT))
            return seen

    first, second = asyncio.run(scenario())
    assert first == second


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
    assert select.select([holder], [], [], 60)[0], "the holder outlived the server"
    os.close(holder)
    assert set(links) & seen_namespaces() == set()
    assert sorted(path.name for path in Path("/sys/class/net").iterdir()) == devices
    assert not any("qanat" in path.name for path in Path("/run/netns").glob("*"))
