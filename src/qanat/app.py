"""The composition root: the only module that knows all parts. Read it and you know the program."""

import asyncio
import gc
import logging
import os
import socket
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, Self

from qanat import codecs, credentials
from qanat.api.accounts import AccountDoor, Accounts
from qanat.api.audit.log import AuditLog
from qanat.api.audit.trail import Audit
from qanat.api.authenticate import Authenticator
from qanat.api.authorise import Authoriser
from qanat.api.control import ControlApi
from qanat.api.front import Front
from qanat.api.hosts import Hosts
from qanat.api.ids import RandomIds, uuid
from qanat.api.instances import InstanceDoor
from qanat.api.last_uses import UseWriter
from qanat.api.metrics.page import MetricsPage
from qanat.api.metrics.server import Sources
from qanat.api.policy_door import PolicyDoor
from qanat.api.policy_questions import Questions
from qanat.api.regions import Regions
from qanat.api.sqs.messages import Messages
from qanat.api.sqs.mover import Mover
from qanat.api.sqs.queues import Queues, reconcile
from qanat.api.sqs.service import SqsService
from qanat.config import Settings, host_and_port
from qanat.core.control import Control
from qanat.core.identity import session_tokens
from qanat.core.identity.commands import MakeSessionKey
from qanat.core.network.commands import DetachAllInstances
from qanat.core.queues import receipt
from qanat.core.queues.shard import QueueShard
from qanat.core.way import WayIn
from qanat.housekeeping import Expirer, HeadTrimmer, Rewriter, Snapshotter
from qanat.journal import master_key
from qanat.journal.seal import MasterKey
from qanat.journal.sealed import SealedLog
from qanat.journal.sqlite import SqliteLog
from qanat.journal.worker import LogWorker
from qanat.net.descriptors import raise_descriptor_limit
from qanat.net.drivers.choose import open_driver
from qanat.net.http import HttpServer
from qanat.net.listeners import Door, Listener, listen_tcp
from qanat.net.plane import Plane
from qanat.net.tls import (
    Authority,
    endpoint_tls,
    open_authority,
    operator_context,
    public_hosts,
    write_private,
)
from qanat.node import Clock, Codec, Node, Shard
from qanat.parking import Parking

logger = logging.getLogger(__name__)

CONTROL_LOG: Final = "control"
QUEUES_LOG: Final = "queues-0"
LOGS: Final = (CONTROL_LOG, QUEUES_LOG)
_CHORES_EVERY_S: Final = 5.0
_DRAIN_TIME_S: Final = 10.0
# The loop and the log's thread hand the interpreter to each other at every commit; the default of 5 ms is far too long.
SWITCH_INTERVAL_S: Final = 0.0005
# Messages are outside the collector's care (they form no cycles), so it finds next to nothing: let it look rarely.
_GC_THRESHOLDS: Final = (50_000, 20, 20)

_Api = tuple[Front, ControlApi, Authoriser]


class StartFailed(Exception):
    """The server cannot start; one line that says why and what to do."""


@dataclass(frozen=True, slots=True)
class Started:
    """What there is to say of a server that is ready."""

    endpoint_url: str
    listen: str
    data: Path
    regions: tuple[str, ...]
    account: str
    network: str
    """Which driver serves, and why."""
    replayed_frames: int
    metrics_url: str | None
    """None where nobody may read them."""


@dataclass(frozen=True, slots=True)
class _Shards:
    clock: Clock
    control: Control
    control_node: Node
    shard: QueueShard
    node: Node
    parking: Parking


class Server:
    """Everything of one node. `Server.start`, then wait on `stopping`, then `stop`."""

    def __init__(
        self, settings: Settings, given_key: MasterKey | None, loop: asyncio.AbstractEventLoop
    ) -> None:
        self.settings = settings
        self._given_key = given_key
        self.stopping = asyncio.Event()
        self.failure: Exception | None = None
        self._loop = loop
        self._data = settings.data_directory
        self._ready = False
        self._undo: list[Callable[[], Any]] = []
        """What to take down, newest first; a coroutine is awaited."""
        self.started: Started

    @classmethod
    async def start(cls, settings: Settings, given_key: MasterKey | None = None) -> Self:
        """`given_key` is the master key where it does not lie in a file.

        Raises StartFailed, LogFailed, MasterKeyMissing, MasterKeyUnusable, MasterKeyWrong, TlsUnusable,
        NetworkUnavailable or OSError; nothing is left open then.
        """
        server = cls(settings, given_key, asyncio.get_running_loop())
        try:
            await server._start()
        except BaseException:
            await server.stop()
            raise
        return server

    async def _start(self) -> None:
        self._data.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._data.chmod(0o700)
        sys.setswitchinterval(SWITCH_INTERVAL_S)
        raise_descriptor_limit()
        authority = open_authority(self._data, datetime.now(UTC))
        clock = Clock(lambda: time.time_ns() // 1_000_000)
        audit = AuditLog(self._data / "audit", self.settings, clock)
        self._undo.append(audit.close)
        shards = await self._open_shards(clock)

        host, port = host_and_port(self.settings.listen)
        sock = listen_tcp(host, port)
        self._undo.append(sock.close)
        port = sock.getsockname()[1]
        api = self._api(shards, audit.audit, host, port)
        http = HttpServer(api[0].handle, self._loop)
        plane, network = await self._open_network(shards, http, authority, port)
        identity, ask = shards.control.identity, shards.control_node.ask
        settings, authoriser = self.settings, api[2]
        questions = Questions(shards.control, authoriser, settings.region, settings.account)
        local: tuple[AccountDoor | PolicyDoor, ...] = (
            AccountDoor(self._data, Accounts(identity, ask, shards.clock.wall_ms)),
            PolicyDoor(self._data, authoriser, questions, shards.clock.now_ms),
        )
        for one in local:
            one.open()
            self._undo.append(one.close)
        door = Door(
            way_in=lambda address, secure: WayIn(secure, address),
            tls=self._public_tls(authority, host),
            plain_allowed=True,
            admits=lambda _: True,
        )
        listener = Listener(sock, door, http, host)
        self._undo.append(lambda: self._drain(http, shards.parking, plane, listener))
        endpoint = shards.control.network.endpoint
        self._repeat(
            http.sweep,
            lambda: http.forget_traffic(endpoint),
            Expirer(shards.node, shards.shard, shards.parking),
        )
        metrics_url = self._open_metrics(shards, api, http, door)
        endpoint_url = f"https://{_url_host(host, port)}"
        credentials.write_config(self._data, self.settings.region, self.settings.account, endpoint_url)
        gc.collect()
        gc.freeze()
        gc.set_threshold(*_GC_THRESHOLDS)
        self._ready = True
        self.started = Started(
            endpoint_url,
            f"{host}:{port}",
            self._data,
            self.settings.served_regions,
            self.settings.account,
            network,
            shards.control_node.statistics.replayed_frames + shards.node.statistics.replayed_frames,
            metrics_url,
        )

    async def _open_shards(self, clock: Clock) -> "_Shards":
        """Both logs replayed, the account there, and the queue shard in step with the control shard."""
        logs = self._open_logs()
        control = Control()
        control_node = self._node(control, logs[CONTROL_LOG], CONTROL_LOG, codecs.CONTROL, clock)
        shard = QueueShard()
        node = self._node(shard, logs[QUEUES_LOG], QUEUES_LOG, codecs.QUEUES, clock)
        await self._prepare_account(control, control_node, clock)
        await control_node.ask(DetachAllInstances())
        await reconcile(control, shard, node)
        node.after_commit = _all_of(HeadTrimmer(node), Rewriter(node, shard, codecs.QUEUES))
        return _Shards(clock, control, control_node, shard, node, Parking(node, shard, self._loop))

    def _api(self, shards: "_Shards", audit: Audit, host: str, port: int) -> _Api:
        served, control = self.settings.served_regions, shards.control
        regions, authoriser = Regions(served), Authoriser(control)
        messages = Messages(control, shards.node, shards.parking, self._receipt_key())
        queues = Queues(
            control,
            shards.control_node,
            shards.node,
            shards.parking,
            self.settings.cooldown_s * 1000,
        )
        mover = Mover(control, shards.shard, shards.parking, authoriser, shards.clock, self._loop, uuid)
        mover.resume()
        self._undo.append(mover.close)
        control_api = ControlApi(control, shards.control_node, authoriser)
        authenticator = Authenticator(control.identity, regions)
        uses = UseWriter(authenticator.key_uses, authenticator.role_uses, shards.control_node)
        self._undo.append(uses.write)
        self._repeat(uses)
        front = Front(
            authenticator,
            SqsService(control, authoriser, messages, queues, shards.control_node, shards.node, mover),
            control_api,
            Hosts(served, control.network, _url_host(host, port), self._public_names(host, port)),
            regions,
            audit,
            shards.clock,
            lambda: self._ready,
        )
        return front, control_api, authoriser

    def _open_metrics(self, shards: "_Shards", api: _Api, http: HttpServer, door: Door) -> str | None:
        """On a listener of its own, in the public one's TLS or none. Where it is."""
        if self.settings.metrics_listen is None:
            return None
        nodes = {CONTROL_LOG: shards.control_node, QUEUES_LOG: shards.node}
        sources = Sources(
            shards.control, shards.shard, nodes, shards.parking, http, *api, shards.clock, time.time()
        )
        page = MetricsPage(sources, self._loop)
        self._undo.append(page.close)
        host, port = host_and_port(self.settings.metrics_listen)
        port = page.open(host, port, door)
        self._repeat(page.http.sweep)
        return f"http://{_url_host(host, port)}/metrics"

    async def _open_network(
        self, shards: "_Shards", http: HttpServer, authority: Authority, port: int
    ) -> tuple[Plane, str]:
        """Every VPC, endpoint and resolver in place; also which driver serves, and why."""
        node, network = shards.control_node, shards.control.network
        driver, said = await open_driver(self.settings.network, port + 1)
        self._undo.append(driver.close)
        plane = Plane(
            network,
            driver,
            http,
            endpoint_tls(authority, lambda: datetime.now(UTC), isolated=driver.isolates),
            node.ask,
        )
        self._undo.append(plane.close)
        await plane.start()
        node.after_commit = _all_of(plane.notice, HeadTrimmer(node, 1), Snapshotter(node))
        ids = RandomIds()
        instances = InstanceDoor(self._data, network, driver, node.ask, lambda: ids.ec2("eni"), plane.settled)
        instances.open()
        self._undo.append(instances.close)
        return plane, said

    async def stop(self) -> None:
        """Answers what was asked, makes it durable, and takes everything down. May be called after a failed start."""
        self._ready = False
        while self._undo:
            done = self._undo.pop()()
            if asyncio.iscoroutine(done):
                await done

    def _fail(self, error: Exception) -> None:
        self.failure = error
        self.stopping.set()

    # -- parts ----------------------------------------------------------------------------------------------

    def _open_logs(self) -> dict[str, SealedLog]:
        """Both, before anything is written: a key that is not that of each is found before it does harm."""
        files = {name: SqliteLog.open(log_path(self._data, name)) for name in LOGS}
        self._undo.extend(file.close for file in files.values())
        master = self._given_key or master_key.open_or_make(self.settings.master_key_path, files.values())
        logs = {name: SealedLog.open(file, name, master) for name, file in files.items()}
        if any(log.has_other_master_keys for log in logs.values()):
            logger.warning("the rotation of the master key was interrupted: run `qanat key rotate` again")
        return logs

    def _node(self, shard: Shard, log: SealedLog, name: str, codec: Codec, clock: Clock) -> Node:
        worker = LogWorker(f"log {name}", self._loop)
        node = Node(shard, log, codec, clock, worker, self._fail)

        async def stop() -> None:
            await node.stop()
            worker.close()

        self._undo.append(stop)
        node.start(self._loop)
        return node

    async def _prepare_account(self, control: Control, node: Node, clock: Clock) -> None:
        """First start: the account and its administrator. Later: a new key where the credentials file was removed."""
        await node.ask(MakeSessionKey(os.urandom(session_tokens.KEY_BYTES)))
        account, accounts = self.settings.account, Accounts(control.identity, node.ask, clock.wall_ms)
        if not control.identity.has_account(account):
            credentials.write_key(self._data, credentials.DEFAULT, await accounts.create(account))
            return
        found = credentials.read_key(self._data, credentials.DEFAULT)
        key = None if found is None else control.identity.key(found[0])
        # A key that is not the server's own is the operator's affair; one of another account was left by another start.
        if found is None or (key is not None and key.account != account):
            credentials.write_key(self._data, credentials.DEFAULT, await accounts.new_key(account))

    def _receipt_key(self) -> bytes:
        path = self._data / "receipt.key"
        if not path.exists():
            write_private(path, os.urandom(receipt.KEY_BYTES))
        key = path.read_bytes()
        if len(key) != receipt.KEY_BYTES:
            raise StartFailed(
                f"{path} is damaged: restore it (receipt handles given out before depend on it)"
            )
        return key

    def _public_names(self, host: str, port: int) -> list[str]:
        names = ("localhost", "127.0.0.1", "[::1]", socket.gethostname(), *self.settings.public_hosts)
        return [host, *names, *(f"{name}:{port}" for name in names)]

    def _public_tls(self, authority: Authority, host: str) -> Any:
        settings = self.settings
        if settings.certificate is not None and settings.certificate_key is not None:
            return operator_context(Path(settings.certificate), Path(settings.certificate_key))
        hosts = public_hosts(settings.served_regions, host, socket.gethostname()) + settings.public_hosts
        return authority.server_context("public", hosts, datetime.now(UTC))

    def _repeat(self, *chores: Callable[[], None]) -> None:
        """Every few seconds, until the server stops."""

        def turn() -> None:
            for chore in chores:
                chore()
            timer[0] = self._loop.call_later(_CHORES_EVERY_S, turn)

        timer = [self._loop.call_later(_CHORES_EVERY_S, turn)]
        self._undo.append(lambda: timer[0].cancel())

    async def _drain(self, http: HttpServer, parking: Parking, plane: Plane, listener: Listener) -> None:
        listener.close()
        plane.stop_accepting()
        http.drain()
        parking.end_all()
        try:
            await asyncio.wait_for(http.empty.wait(), _DRAIN_TIME_S)
        except TimeoutError:
            for connection in list(http.connections):
                connection.abort()


def log_path(data: Path, name: str) -> Path:
    return data / f"{name}.sqlite"


def _url_host(host: str, port: int) -> str:
    """A host that clients on this machine can use, where the server listens on every address."""
    if host in ("0.0.0.0", "::", ""):  # noqa: S104 - compared, not bound
        host = "127.0.0.1"
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _all_of(*calls: Callable[[], None]) -> Callable[[], None]:
    def call_all() -> None:
        for call in calls:
            call()

    return call_all
