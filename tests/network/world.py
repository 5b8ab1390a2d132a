"""A VPC like the one in DG sqs-internetwork-traffic-privacy, to test in, and programs run in it.

An interface endpoint at 10.0.1.37, an instance at 10.0.1.50, the resolver at 10.0.0.2. Only namespaces made here, and
this machine's loopback, get any traffic.
"""

import asyncio
import os
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Final

import pytest

from qanat.net import instance
from qanat.net.drivers.base import InstanceNetwork
from qanat.net.drivers.netns import NetnsDriver

NEEDS_NAMESPACES: Final = pytest.mark.skipif(
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
    print(socket.create_connection((sys.argv[1], int(sys.argv[2])), 5).makefile().read())
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
