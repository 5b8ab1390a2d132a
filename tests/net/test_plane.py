"""The network plane: what it says of an endpoint holds of its sockets, whatever fails or changes meanwhile."""

import asyncio
import logging
import socket
import ssl
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import uvloop

from qanat.core.control import Control, TakeSnapshot
from qanat.core.identity.commands import CreateAccount
from qanat.core.network import commands as ec2
from qanat.core.network.model import EndpointState
from qanat.net.errors import TlsUnusable
from qanat.net.tls import endpoint_hosts, open_authority
from support.plane import ACCOUNT, HOME, REGION, SQS, World, unavailable, world

AVAILABLE = ("available", None)
RESOLVERS = {"10.0.0.2", "169.254.169.253"}
Scenario = Callable[[World], Awaitable[None]]


def played(scenario: Scenario) -> None:
    async def play() -> None:
        async with world() as made:
            await scenario(made)

    asyncio.run(play())


class TestFollowing:
    def test_an_endpoint_and_its_names(self) -> None:
        async def scenario(w: World) -> None:
            vpc_id = w.vpc()
            endpoint_id = w.endpoint(vpc_id, w.subnet(vpc_id))
            assert w.state(endpoint_id) == ("pending", None)
            await w.settled()
            assert w.state(endpoint_id) == AVAILABLE
            assert w.driver.listening(vpc_id) == {"10.0.1.4", *RESOLVERS}
            assert w.names(vpc_id)[SQS] == ("10.0.1.4",)
            w.delete(endpoint_id)
            await w.settled()
            assert w.driver.listening(vpc_id) == RESOLVERS
            assert w.names(vpc_id) == {}
            assert w.driver.calls[-1] == "release 10.0.1.4"

        played(scenario)

    def test_a_vpc_goes(self) -> None:
        async def scenario(w: World) -> None:
            vpc_id = w.vpc()
            await w.settled()
            assert w.driver.vpcs == {vpc_id}
            w.do(ec2.DeleteVpc(HOME, vpc_id))
            await w.settled()
            assert (w.driver.vpcs, w.driver.listening(vpc_id)) == (set(), set())

        played(scenario)

    def test_the_resolver_comes_and_goes_with_dns_support(self) -> None:
        async def scenario(w: World) -> None:
            vpc_id = w.vpc()
            await w.settled()
            for wanted in (False, True, False):
                w.do(ec2.ModifyVpcAttribute(HOME, vpc_id, enable_dns_support=wanted))
                await w.settled()
                assert w.driver.listening(vpc_id) == (RESOLVERS if wanted else set())

        played(scenario)

    def test_what_a_log_tells_is_placed_before_start_returns(self) -> None:
        control = Control()

        async def first() -> str:
            async with world(control) as w:
                vpc_id = w.vpc()
                endpoint_id = w.endpoint(vpc_id, w.subnet(vpc_id))
                await w.settled()
                return endpoint_id

        async def second(endpoint_id: str) -> None:
            async with world(control) as w:
                assert w.state(endpoint_id) == AVAILABLE
                assert "10.0.1.4" in w.driver.listening(w.found(endpoint_id).vpc_id)
                assert w.reported == []

        asyncio.run(second(asyncio.run(first())))

    def test_what_can_no_longer_be_placed_does_not_stay_available_over_a_start(self) -> None:
        control = Control()

        async def scenario() -> None:
            async with world(control) as w:
                vpc_id = w.vpc()
                endpoint_id = w.endpoint(vpc_id, w.subnet(vpc_id))
                await w.settled()
                assert w.state(endpoint_id) == AVAILABLE
            again = World(control)
            again.driver.refused["add_vpc"] = unavailable("no room")
            await again.plane.start()
            assert again.state(endpoint_id) == ("failed", "no room")
            await again.plane.close()

        asyncio.run(scenario())


class TestFailures:
    @pytest.mark.parametrize(
        ("call", "error", "reason"),
        [
            ("listen_tcp 10.0.1.4", unavailable("taken"), "taken"),
            ("listen_tcp 10.0.1.4", OSError(24, "Too many open files"), "[Errno 24] Too many open files"),
            ("add_vpc", unavailable("no room"), "no room"),
            ("listen_udp 10.0.0.2", unavailable("port 53 is taken"), "port 53 is taken"),
            ("listen_tcp 169.254.169.253", unavailable("also taken"), "also taken"),
            ("add_vpc", ValueError("a bug"), "the server met a fault of its own; its log says more"),
        ],
    )
    def test_are_reported_with_the_reason_and_tried_again_at_the_next_change(
        self, call: str, error: Exception, reason: str
    ) -> None:
        async def scenario(w: World) -> None:
            w.driver.refused[call] = error
            vpc_id = w.vpc()
            endpoint_id = w.endpoint(vpc_id, w.subnet(vpc_id))
            await w.settled()
            assert w.state(endpoint_id) == ("failed", reason)
            assert w.names(vpc_id) == {} if vpc_id in w.plane._placed else True
            # Nothing was said in between: one word for one failure, however often it was tried.
            assert w.reported == [(endpoint_id, EndpointState.FAILED, reason)]
            w.vpc()
            await w.settled()
            assert len(w.reported) == 1
            w.driver.refused.clear()
            w.do(ec2.ModifyVpcAttribute(HOME, w.vpc(), enable_dns_support=False))
            await w.settled()
            assert w.state(endpoint_id) == AVAILABLE
            assert w.driver.listening(vpc_id) == {"10.0.1.4", *RESOLVERS}
            assert w.names(vpc_id)[SQS] == ("10.0.1.4",)

        played(scenario)

    def test_a_certificate_that_cannot_be_made(self) -> None:
        async def scenario(w: World) -> None:
            right = w.tls

            def wrong(host: str) -> None:
                raise TlsUnusable(f"no certificate for {host}")

            w.tls = wrong  # type: ignore[assignment]  # it never returns
            vpc_id = w.vpc()
            endpoint_id = w.endpoint(vpc_id, w.subnet(vpc_id))
            await w.settled()
            assert w.state(endpoint_id) == ("failed", "no certificate for 10.0.1.4")
            w.tls = right
            w.vpc()
            await w.settled()
            assert w.state(endpoint_id) == AVAILABLE

        played(scenario)

    def test_one_endpoint_that_fails_leaves_the_others_alone(self) -> None:
        async def scenario(w: World) -> None:
            w.driver.refused["listen_tcp 10.0.1.4"] = unavailable("taken")
            vpcs = [w.vpc(), w.vpc()]
            subnets = [w.subnet(vpcs[0]), w.subnet(vpcs[0], 2), w.subnet(vpcs[1], 3)]
            failing = w.endpoint(vpcs[0], subnets[0], private_dns=False)
            others = [w.endpoint(vpcs[0], subnets[1]), w.endpoint(vpcs[1], subnets[2])]
            await w.settled()
            assert w.state(failing) == ("failed", "taken")
            assert [w.state(other) for other in others] == [AVAILABLE, AVAILABLE]
            assert w.names(vpcs[0])[SQS] == ("10.0.2.4",)

        played(scenario)

    def test_an_address_that_could_not_be_released_is_tried_again_unless_it_is_used_again(self) -> None:
        async def scenario(w: World) -> None:
            vpc_id = w.vpc()
            subnets = w.subnet(vpc_id), w.subnet(vpc_id, 2)
            first, second = w.endpoint(vpc_id, subnets[0]), w.endpoint(vpc_id, subnets[1], private_dns=False)
            await w.settled()
            w.driver.refused["release"] = unavailable("not now")
            w.delete(first)
            w.delete(second)
            await w.settled()
            assert w.driver.listening(vpc_id) == RESOLVERS
            third = w.endpoint(vpc_id, subnets[0])
            await w.settled()
            assert w.state(third) == AVAILABLE
            w.driver.refused.clear()
            w.driver.calls.clear()
            w.vpc()
            await w.settled()
            assert [call for call in w.driver.calls if "release" in call] == ["release 10.0.2.4"]

        played(scenario)

    def test_what_the_system_refuses_is_no_bug_and_is_said_once(
        self, caplog: pytest.LogCaptureFixture
    ) -> None:
        async def scenario(w: World) -> None:
            w.driver.refused["listen_tcp 10.0.1.4"] = unavailable("taken")
            vpc_id = w.vpc()
            w.endpoint(vpc_id, w.subnet(vpc_id))
            await w.settled()
            w.vpc()
            await w.settled()

        played(scenario)
        assert [record.levelno for record in caplog.records if "taken" in record.message] == [logging.WARNING]

    def test_closing_goes_on_where_the_driver_has_ended(self) -> None:
        async def scenario(w: World) -> None:
            vpcs = [w.vpc(), w.vpc()]
            await w.settled()
            w.driver.refused["remove_vpc"] = unavailable("the holder has ended")
            await w.plane.close()
            await asyncio.sleep(0)  # a transport closes its socket a turn later
            assert [w.driver.listening(vpc_id) for vpc_id in vpcs] == [set(), set()]

        played(scenario)


class TestChangesOnTheWay:
    def test_a_subnet_that_is_added_meanwhile(self) -> None:
        """A stale word that all is available must never be said of sockets that do not listen."""

        async def scenario(w: World) -> None:
            vpc_id = w.vpc()
            subnets = w.subnet(vpc_id), w.subnet(vpc_id, 2)
            endpoint_id = w.endpoint(vpc_id, subnets[0])
            first, go_on_first = w.driver.hold("listen_tcp 10.0.1.4")
            second, go_on_second = w.driver.hold("listen_tcp 10.0.2.4")
            await first.wait()
            w.modify(endpoint_id, add=(subnets[1],))
            go_on_first.set()
            await second.wait()
            assert w.reported == []
            assert w.state(endpoint_id) == ("pending", None)
            go_on_second.set()
            await w.settled()
            assert w.state(endpoint_id) == AVAILABLE
            assert w.driver.listening(vpc_id) == {"10.0.1.4", "10.0.2.4", *RESOLVERS}

        played(scenario)

    def test_names_stay_while_a_subnet_is_added(self) -> None:
        async def scenario(w: World) -> None:
            vpc_id = w.vpc()
            subnets = w.subnet(vpc_id), w.subnet(vpc_id, 2)
            endpoint_id = w.endpoint(vpc_id, subnets[0])
            await w.settled()
            begun, go_on = w.driver.hold("listen_tcp 10.0.2.4")
            w.modify(endpoint_id, add=(subnets[1],))
            await begun.wait()
            assert (w.state(endpoint_id)[0], w.names(vpc_id)[SQS]) == ("pending", ("10.0.1.4",))
            go_on.set()
            await w.settled()
            assert w.names(vpc_id)[SQS] == ("10.0.1.4", "10.0.2.4")

        played(scenario)

    @pytest.mark.parametrize("fails", [False, True])
    def test_an_interface_that_is_removed_meanwhile(self, fails: bool) -> None:
        async def scenario(w: World) -> None:
            vpc_id = w.vpc()
            subnets = w.subnet(vpc_id), w.subnet(vpc_id, 2)
            endpoint_id = w.endpoint(vpc_id, *subnets)
            begun, go_on = w.driver.hold("listen_tcp 10.0.2.4")
            await begun.wait()
            w.modify(endpoint_id, remove=(subnets[1],))
            if fails:
                w.driver.refused["listen_tcp 10.0.2.4"] = unavailable("taken")
            go_on.set()
            await w.settled()
            assert w.state(endpoint_id) == AVAILABLE
            assert w.driver.listening(vpc_id) == {"10.0.1.4", *RESOLVERS}
            assert EndpointState.FAILED not in [state for _, state, _ in w.reported]
            assert w.names(vpc_id)[SQS] == ("10.0.1.4",)

        played(scenario)

    def test_an_endpoint_that_is_deleted_meanwhile(self) -> None:
        async def scenario(w: World) -> None:
            vpc_id = w.vpc()
            endpoint_id = w.endpoint(vpc_id, w.subnet(vpc_id))
            begun, go_on = w.driver.hold("listen_tcp 10.0.1.4")
            await begun.wait()
            w.delete(endpoint_id)
            go_on.set()
            await w.settled()
            assert w.driver.listening(vpc_id) == RESOLVERS
            assert (w.reported, w.driver.calls[-1]) == ([], "release 10.0.1.4")

        played(scenario)

    def test_a_vpc_that_is_deleted_meanwhile(self) -> None:
        async def scenario(w: World) -> None:
            begun, go_on = w.driver.hold("add_vpc")
            first, second = w.vpc(), w.vpc()
            await begun.wait()
            w.do(ec2.DeleteVpc(HOME, first))
            w.do(ec2.DeleteVpc(HOME, second))
            go_on.set()
            await w.settled()
            assert w.driver.vpcs == set()
            assert f"add_vpc {max(first, second)}" not in w.driver.calls

        played(scenario)

    def test_nobody_is_let_in_through_an_interface_that_is_gone(self) -> None:
        """Its socket may live a moment longer than its definition."""

        async def scenario(w: World) -> None:
            vpc_id = w.vpc()
            subnets = w.subnet(vpc_id), w.subnet(vpc_id, 2)
            endpoint_id = w.endpoint(vpc_id, *subnets)
            await w.settled()
            listeners = w.plane._placed[vpc_id].listeners
            doors = {
                interface.private_ip: listeners[interface.interface_id].door
                for interface in w.interfaces(endpoint_id)
            }
            group = w.found(endpoint_id).security_group_ids[0]
            w.do(ec2.AttachInstance("eni-instance", vpc_id, subnets[0], (group,)))
            assert [door.admits("10.0.1.5") for door in doors.values()] == [True, True]
            assert [door.admits("10.0.1.6") for door in doors.values()] == [False, False]
            w.modify(endpoint_id, remove=(subnets[1],))
            assert (doors["10.0.1.4"].admits("10.0.1.5"), doors["10.0.2.4"].admits("10.0.1.5")) == (
                True,
                False,
            )
            w.delete(endpoint_id)
            assert not doors["10.0.1.4"].admits("10.0.1.5")

        played(scenario)

    def test_after_it_stops_accepting_nothing_is_placed(self) -> None:
        async def scenario(w: World) -> None:
            vpc_id = w.vpc()
            await w.settled()
            w.plane.stop_accepting()
            w.endpoint(vpc_id, w.subnet(vpc_id))
            await asyncio.sleep(0)
            assert w.driver.listening(vpc_id) == RESOLVERS

        played(scenario)


class TestItsCost:
    def test_changes_outside_the_network_do_not_wake_it(self) -> None:
        async def scenario(w: World) -> None:
            vpc_id = w.vpc()
            w.endpoint(vpc_id, w.subnet(vpc_id))
            await w.settled()
            for command in (
                CreateAccount(ACCOUNT),
                ec2.CreateSecurityGroup(HOME, "sg-x", vpc_id, "x", "x", "sgr-x"),
                ec2.AttachInstance("eni-x", vpc_id),
                ec2.DetachInstance("eni-x"),
            ):
                w.do(command)
                assert not w.plane._changed.is_set(), command

        played(scenario)

    def test_only_the_vpc_that_changed_is_looked_at(self, monkeypatch: pytest.MonkeyPatch) -> None:
        async def scenario(w: World) -> None:
            vpcs = [w.vpc() for _ in range(5)]
            for vpc_id in vpcs:
                w.endpoint(vpc_id, w.subnet(vpc_id))
            await w.settled()
            looked_at = set()
            follow = w.plane._follow_vpc

            async def noting(vpc_id: str) -> None:
                looked_at.add(vpc_id)
                await follow(vpc_id)

            monkeypatch.setattr(w.plane, "_follow_vpc", noting)
            w.endpoint(vpcs[3], w.subnet(vpcs[3], 2), private_dns=False)
            await w.settled()
            assert looked_at == {vpcs[3]}

        played(scenario)

    def test_a_snapshot_moves_nothing(self) -> None:
        async def scenario(w: World) -> None:
            vpc_id = w.vpc()
            endpoint_id = w.endpoint(vpc_id, w.subnet(vpc_id))
            await w.settled()
            calls = list(w.driver.calls)
            w.do(TakeSnapshot())
            await w.settled()
            assert (w.driver.calls, w.state(endpoint_id)) == (calls, AVAILABLE)

        played(scenario)


def test_settled_waits_for_what_was_asked_before_it() -> None:
    async def scenario(w: World) -> None:
        await w.plane.settled()
        begun, go_on = w.driver.hold("add_vpc")
        vpc_id = w.vpc()
        waiting = asyncio.create_task(w.plane.settled())
        await begun.wait()
        assert not waiting.done()
        go_on.set()
        await waiting
        assert w.driver.vpcs == {vpc_id}

    played(scenario)


def test_without_isolation_no_security_group_can_be_asked() -> None:
    async def scenario(w: World) -> None:
        w.driver.isolates = False
        vpc_id = w.vpc()
        endpoint_id = w.endpoint(vpc_id, w.subnet(vpc_id))
        await w.settled()
        (listener,) = w.plane._placed[vpc_id].listeners.values()
        assert listener.door.admits("127.0.0.1")
        w.delete(endpoint_id)
        assert not listener.door.admits("127.0.0.1")

    played(scenario)


HANDSHAKE_BEGUN = bytes.fromhex("160301020001")


def clients_of(address: tuple[str, int], authority: Path) -> list[socket.socket]:
    """One that is connected, one in its handshake, one that has said nothing yet."""
    context = ssl.create_default_context(cafile=str(authority))
    connected = context.wrap_socket(socket.create_connection(address), server_hostname=SQS)
    begun, silent = socket.create_connection(address), socket.create_connection(address)
    begun.sendall(HANDSHAKE_BEGUN)
    connected.sendall(b"GET")
    found = [connected, begun, silent]
    for client in found:
        client.setblocking(False)
    return found


def is_told(client: socket.socket) -> bool:
    """Whether the other end has closed."""
    try:
        return client.recv(1) == b""
    except (BlockingIOError, ssl.SSLWantReadError):
        return False
    except OSError:
        return True


@pytest.mark.parametrize("run", [asyncio.run, uvloop.run], ids=["asyncio", "uvloop"])
@pytest.mark.parametrize("gone", ["the endpoint", "all"])
def test_who_is_connected_is_told_so_while_the_address_is_still_there(
    run: Callable[[Any], Any], tmp_path: Path, gone: str
) -> None:
    """Without it, nothing would reach the client any more, the end of its connection neither."""
    told: list[list[bool]] = []

    async def scenario() -> None:
        authority = open_authority(tmp_path, now := datetime.now(UTC))
        context = authority.server_context("endpoint", endpoint_hosts(REGION), now)
        async with world() as w:
            w.tls = lambda _: context
            w.driver.isolates = False
            vpc_id = w.vpc()
            endpoint_id = w.endpoint(vpc_id, w.subnet(vpc_id))
            await w.settled()
            address = w.driver.sockets[vpc_id, "10.0.1.4"][0].getsockname()
            clients = await asyncio.to_thread(clients_of, address, tmp_path / "ca.pem")

            def note(*_: str) -> None:
                told.append([is_told(client) for client in clients])

            (listener,) = w.plane._placed[vpc_id].listeners.values()
            while not (listener._handshakes and listener._waiting):  # noqa: ASYNC110 -- as it is accepted
                await asyncio.sleep(0)
            w.driver.watched = note
            if gone == "the endpoint":
                w.delete(endpoint_id)
                await w.settled()
            else:
                await w.plane.close()
            for client in clients:
                client.close()

    run(scenario())
    assert told[0] == [True, True, True]
