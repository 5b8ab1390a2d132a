"""The figures of the whole server: a table of families, each with what reads it."""

import platform
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

from qanat import __version__
from qanat.api.authorise import Authoriser
from qanat.api.control import ControlApi
from qanat.api.front import Front
from qanat.api.metrics import process
from qanat.api.metrics.exposition import Family, Kind, Sample, labels
from qanat.core.control import Control
from qanat.core.policy.decision import Reason
from qanat.core.queues.shard import QueueShard
from qanat.net.http import HttpServer
from qanat.net.traffic import Answers, Traffic
from qanat.node import Clock, Node, NodeStatistics
from qanat.parking import Parking

PUBLIC: Final = "public"
"""In the place of an endpoint's id."""


@dataclass(frozen=True, slots=True)
class Sources:
    """All that is read. Of a server that has stopped nothing may be asked any more."""

    control: Control
    shard: QueueShard
    nodes: Mapping[str, Node]
    """By the name of the shard."""
    parking: Parking
    http: HttpServer
    front: Front
    control_api: ControlApi
    authoriser: Authoriser
    clock: Clock
    started_at_s: float


class Row(NamedTuple):
    family: Family
    read: Callable[[Sources], Iterable[Sample]]


# -- what was asked and how it was answered ---------------------------------------------------------------------


def _http_requests(sources: Sources) -> Iterator[Sample]:
    yield from _by_class("none", "none", sources.http.unrouted)
    yield from _by_class("none", "health", sources.front.health_answers)
    for operation, answers in sources.front.answers.items():
        yield from _by_class("sqs", operation, answers)
    for (service, operation), answers in sources.control_api.answers.items():
        yield from _by_class(service, operation, answers)


def _by_class(service: str, operation: str, answers: Answers) -> Iterator[Sample]:
    """2xx always, so that a rate has where to begin; the others once there are any."""
    for digit, count in enumerate(answers):
        if count or digit == 2:
            yield Sample(count, labels(service=service, operation=operation, status=f"{digit}xx"))


def _authentication_failures(sources: Sources) -> Iterator[Sample]:
    for code, count in sources.front.authentication_failures.items():
        yield Sample(count, labels(code=code))


def _decisions(sources: Sources) -> Iterator[Sample]:
    for reason, count in sources.authoriser.counts.items():
        decision, layer = words_of(reason)
        yield Sample(count, labels(decision=decision, layer=layer))
    yield Sample(sources.authoriser.unjudged, labels(decision="unjudged", layer="none"))


def words_of(reason: Reason) -> tuple[str, str]:
    """`EXPLICIT_DENY_ENDPOINT` is an `explicit_deny` by `endpoint`; who was allowed as root, was so by `root`."""
    name = reason.name.lower()
    for decision, layer in (
        ("explicit_deny", name.removeprefix("explicit_deny_")),
        ("implicit_deny", name.removeprefix("implicit_deny_")),
        ("allowed", name.removeprefix("allowed_by_").removeprefix("allowed_as_")),
    ):
        if layer != name:
            return decision, layer
    raise AssertionError(f"{name} says neither allowed nor denied")


# -- the ways in ------------------------------------------------------------------------------------------------


def _traffic(read: Callable[[Traffic], int]) -> Callable[[Sources], Iterator[Sample]]:
    def samples(sources: Sources) -> Iterator[Sample]:
        """Of the public listener and of every endpoint that there is, whether anyone has come through it or not."""
        traffic = sources.http.traffic
        yield Sample(read(traffic.get(None) or Traffic()), labels(vpc_endpoint_id=PUBLIC))
        for endpoint in sources.control.network.endpoints():
            found = traffic.get(endpoint.vpc_endpoint_id) or Traffic()
            yield Sample(read(found), labels(vpc_endpoint_id=endpoint.vpc_endpoint_id))

    return samples


# -- the logs ---------------------------------------------------------------------------------------------------


def _log(read: Callable[[NodeStatistics], int]) -> Callable[[Sources], Iterator[Sample]]:
    def samples(sources: Sources) -> Iterator[Sample]:
        for shard, node in sources.nodes.items():
            yield Sample(read(node.statistics), labels(shard=shard))

    return samples


def _commit_seconds(sources: Sources) -> Iterator[Sample]:
    for shard, node in sources.nodes.items():
        commit_s = node.statistics.commit_s
        for bound, count in commit_s.cumulative():
            yield Sample(count, labels(shard=shard, le=str(bound)), "_bucket")
        yield Sample(commit_s.count, labels(shard=shard, le="+Inf"), "_bucket")
        yield Sample(commit_s.total, labels(shard=shard), "_sum")
        yield Sample(commit_s.count, labels(shard=shard), "_count")


def _audit_events(sources: Sources) -> Iterator[Sample]:
    writer = sources.front.audit.writer
    yield Sample(writer.written, labels(outcome="written", reason="none"))
    for reason, count in writer.dropped.items():
        yield Sample(count, labels(outcome="dropped", reason=reason))


def _build(_: Sources) -> list[Sample]:
    return [Sample(1, labels(version=__version__, python=platform.python_version()))]


def _gauge(name: str, said: str, read: Callable[[Sources], Iterable[Sample]]) -> Row:
    return Row(Family(name, Kind.GAUGE, said), read)


def _counter(name: str, said: str, read: Callable[[Sources], Iterable[Sample]]) -> Row:
    return Row(Family(name, Kind.COUNTER, said), read)


ROWS: Final = (
    _counter("qanat_http_requests_total", "Requests answered, by operation and status.", _http_requests),
    _counter(
        "qanat_authentication_failures_total",
        "Requests refused because it was not clear who sent them, by error code.",
        _authentication_failures,
    ),
    _counter(
        "qanat_authorization_decisions_total",
        "Decisions of the policy engine, by what decided.",
        _decisions,
    ),
    _counter(
        "qanat_endpoint_requests_total",
        "Requests, by the VPC endpoint that they came through.",
        _traffic(lambda traffic: traffic.requests),
    ),
    _counter(
        "qanat_endpoint_received_bytes_total",
        "HTTP bytes received, without those of TLS.",
        _traffic(lambda traffic: traffic.received_bytes),
    ),
    _counter(
        "qanat_endpoint_sent_bytes_total",
        "HTTP bytes sent, without those of TLS.",
        _traffic(lambda traffic: traffic.sent_bytes),
    ),
    _counter(
        "qanat_endpoint_connections_accepted_total",
        "Connections that were made, TLS handshake included.",
        _traffic(lambda traffic: traffic.accepted),
    ),
    _gauge(
        "qanat_endpoint_connections",
        "Connections that stand.",
        _traffic(lambda traffic: traffic.connections),
    ),
    _gauge(
        "qanat_parked_receives",
        "Long polls that wait for a message.",
        lambda sources: [Sample(sources.parking.count)],
    ),
    _counter(
        "qanat_log_commits_total",
        "Frames written to the log.",
        _log(lambda statistics: statistics.commits),
    ),
    _counter(
        "qanat_log_records_total",
        "Records in those frames.",
        _log(lambda statistics: statistics.records),
    ),
    _gauge(
        "qanat_log_bytes",
        "Bytes of the frames that stand in the log.",
        _log(lambda statistics: statistics.log_bytes),
    ),
    Row(
        Family(
            "qanat_log_commit_seconds",
            Kind.HISTOGRAM,
            "How long a commit takes until it is durable and known to be.",
        ),
        _commit_seconds,
    ),
    _counter(
        "qanat_audit_events_total",
        "Events of the audit log, by whether they were written and why not.",
        _audit_events,
    ),
    Row(process.CPU, lambda _: process.cpu()),
    Row(process.MEMORY, lambda _: process.memory()),
    Row(process.OPEN_FDS, lambda _: process.open_fds()),
    Row(process.MAX_FDS, lambda _: process.max_fds()),
    _gauge(
        "process_start_time_seconds",
        "When the server was started, as Unix time.",
        lambda sources: [Sample(sources.started_at_s)],
    ),
    _gauge("qanat_build_info", "Always 1; the labels say what runs.", _build),
)
