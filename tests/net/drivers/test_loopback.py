"""The driver without isolation: distinct addresses of this machine for each address of each VPC."""

import asyncio
import socket

import pytest

from qanat.net.drivers.choose import open_driver
from qanat.net.drivers.loopback import OCTETS, LoopbackDriver
from qanat.net.errors import NetworkUnavailable


def free_port() -> int:
    with socket.create_server(("127.64.1.37", 0)) as sock:
        return int(sock.getsockname()[1])


def test_an_address_of_a_vpc_is_one_of_this_machine_and_always_the_same_one() -> None:
    async def scenario() -> tuple[tuple[str, int], tuple[str, int]]:
        drivers = LoopbackDriver(9325), LoopbackDriver(9325)
        for driver in drivers:
            await driver.add_vpc("vpc-1", "10.0.0.0/16")
        one, other = (driver.where("vpc-1", "10.0.1.37", 443) for driver in drivers)
        return one, other

    one, other = asyncio.run(scenario())
    assert one == other
    assert one[0].split(".")[0::2] == ["127", "1"]
    assert int(one[0].split(".")[1]) in OCTETS
    assert (one[0].split(".")[3], one[1]) == ("37", 9325)


def test_every_vpc_has_a_network_of_its_own_until_there_are_no_more() -> None:
    async def scenario() -> None:
        driver = LoopbackDriver(9325)
        for number in range(len(OCTETS)):
            await driver.add_vpc(f"vpc-{number}", "10.0.0.0/16")
        assert len({driver.where(f"vpc-{number}", "10.0.0.4", 443) for number in range(len(OCTETS))}) == len(
            OCTETS
        )
        with pytest.raises(NetworkUnavailable, match="no more than 191 VPCs"):
            await driver.add_vpc("vpc-more", "10.0.0.0/16")
        await driver.remove_vpc("vpc-7")
        await driver.add_vpc("vpc-more", "10.0.0.0/16")

    asyncio.run(scenario())


def test_sockets_are_bound_there_and_do_not_block() -> None:
    async def scenario() -> None:
        driver = LoopbackDriver(free_port())
        await driver.add_vpc("vpc-1", "10.0.0.0/16")
        with (
            await driver.listen_tcp("vpc-1", "10.0.1.37", 443) as tcp,
            await driver.listen_udp("vpc-1", "10.0.0.2", 53) as udp,
        ):
            assert tcp.getsockname() == driver.where("vpc-1", "10.0.1.37", 443)
            assert udp.getsockname() == driver.where("vpc-1", driver.resolvers("vpc-1")[0], 53)
            assert (tcp.getblocking(), udp.getblocking()) == (False, False)
            assert tcp.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN) == 1
            with pytest.raises(
                NetworkUnavailable, match=r"Address already in use; choose another --listen port"
            ):
                await driver.listen_tcp("vpc-1", "10.0.1.37", 443)

    asyncio.run(scenario())


def test_an_instance_has_nothing_to_enter() -> None:
    async def scenario() -> tuple[int, ...]:
        driver = LoopbackDriver(9325)
        await driver.add_vpc("vpc-1", "10.0.0.0/16")
        network = await driver.attach_instance("vpc-1", "10.0.1.50")
        await driver.detach_instance("vpc-1", "10.0.1.50")
        return network.fds

    assert asyncio.run(scenario()) == ()


def test_refusals_are_one_clear_line() -> None:
    async def scenario() -> None:
        driver = LoopbackDriver(9325)
        await driver.add_vpc("vpc-1", "10.0.0.0/16")
        await driver.add_vpc("vpc-1", "10.0.0.0/16")
        with pytest.raises(NetworkUnavailable, match="another CIDR block"):
            await driver.add_vpc("vpc-1", "10.1.0.0/16")
        with pytest.raises(NetworkUnavailable, match="has no vpc-2"):
            await driver.listen_tcp("vpc-2", "10.0.1.37", 443)
        with pytest.raises(NetworkUnavailable, match=r"10\.1\.0\.1 is not an address of vpc-1"):
            await driver.attach_instance("vpc-1", "10.1.0.1")
        with pytest.raises(NetworkUnavailable, match="not an address"):
            await driver.attach_instance("vpc-1", "elsewhere")
        with pytest.raises(NetworkUnavailable, match="not a CIDR block"):
            await driver.add_vpc("vpc-3", "10.0.0.0/99")

    asyncio.run(scenario())


def test_loopback_is_chosen_when_asked_for_and_says_what_it_is_not() -> None:
    driver, why = asyncio.run(open_driver("loopback", 9325))
    assert (driver.name, driver.isolates, why) == (
        "loopback",
        False,
        "loopback, as asked: VPCs are not isolated",
    )


def test_an_unknown_driver_is_refused() -> None:
    with pytest.raises(NetworkUnavailable, match="no network driver 'vlan'"):
        asyncio.run(open_driver("vlan", 9325))
