"""The figures that Prometheus reads, to the number, after work by boto3; and who may not read them."""

import http.client
import ssl
import time
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest

from qanat.api import front
from qanat.api.metrics.page import FAMILIES
from qanat.core import sigv4
from qanat.core.errors import QanatError
from support.clients import refusal
from support.metrics import WAIT_S, scrape
from support.policies import allow, deny
from support.raw import Connection, post, request
from support.server import ACCOUNT, Key, Server, run_command
from support.things import StartServer
from support.vpc import EVERYTHING, Cloud, eventually


@pytest.fixture(scope="module")
def cloud(start_server: StartServer) -> Iterator[Cloud]:
    made = Cloud(start_server("--cooldown-s", "0", "--metrics-listen", "127.0.0.1:0"))
    yield made
    made.close()


@pytest.fixture
def since(cloud: Cloud) -> Callable[..., float]:
    """`since(name, **labels)`: by how much it has grown since the test began."""
    before = scrape(cloud.server).values

    def grown(name: str, **labels: str) -> float:
        key = (name, tuple(sorted(labels.items())))
        return scrape(cloud.server).values[key] - before.get(key, 0)

    return grown


def test_every_family_is_there(cloud: Cloud) -> None:
    cloud.queue()
    assert scrape(cloud.server).families == {family.name for family in FAMILIES}


def test_the_life_of_messages(cloud: Cloud) -> None:
    queue, sqs = cloud.queue(), cloud.sqs
    sqs.send_message(QueueUrl=queue.url, MessageBody="four")
    entries = [{"Id": str(number), "MessageBody": "x" * 10} for number in range(3)]
    sqs.send_message_batch(QueueUrl=queue.url, Entries=entries)
    attributes = {"kind": {"DataType": "String", "StringValue": "abc"}}
    sqs.send_message(QueueUrl=queue.url, MessageBody="late", DelaySeconds=900, MessageAttributes=attributes)
    received = sqs.receive_message(QueueUrl=queue.url, MaxNumberOfMessages=2)["Messages"]
    sqs.delete_message(QueueUrl=queue.url, ReceiptHandle=received[0]["ReceiptHandle"])
    sqs.receive_message(QueueUrl=queue.url, MaxNumberOfMessages=10)
    sqs.receive_message(QueueUrl=queue.url)
    sqs.receive_message(QueueUrl=queue.url, WaitTimeSeconds=1)
    figures = scrape(cloud.server)
    for name, value in {
        "approximate_number_of_messages_visible": 0,
        "approximate_number_of_messages_not_visible": 3,
        "approximate_number_of_messages_delayed": 1,
        "approximate_number_of_noisy_groups": 0,
        "approximate_number_of_messages_not_visible_in_quiet_groups": 3,
        "number_of_messages_sent_total": 5,
        "sent_message_size_bytes_count": 5,
        "sent_message_size_bytes_sum": 4 + 30 + len("late" + "kind" + "String" + "abc"),
        "number_of_messages_received_total": 4,
        "number_of_messages_deleted_total": 1,
        "number_of_empty_receives_total": 2,
        "number_of_messages_dead_lettered_total": 0,
    }.items():
        assert (name, figures.queue(queue, name)) == (name, value)
    assert 1 <= figures.queue(queue, "approximate_age_of_oldest_message_seconds") < 300


def test_a_fifo_queue(cloud: Cloud) -> None:
    queue = cloud.queue("Figures.fifo", FifoQueue="true", ContentBasedDeduplication="true")
    for body, group in (("a", "g"), ("a", "g"), ("b", "h")):
        cloud.sqs.send_message(QueueUrl=queue.url, MessageBody=body, MessageGroupId=group)
    cloud.sqs.receive_message(QueueUrl=queue.url)
    figures = scrape(cloud.server)
    assert figures.queue(queue, "number_of_messages_sent_total") == 2
    assert figures.queue(queue, "number_of_deduplicated_sent_messages_total") == 1
    assert figures.queue(queue, "approximate_number_of_groups_with_inflight_messages") == 1


def test_dead_letters_and_the_way_back(cloud: Cloud) -> None:
    grave = cloud.queue()
    queue = cloud.queue(RedrivePolicy=f'{{"deadLetterTargetArn":"{grave.arn}","maxReceiveCount":1}}')
    cloud.sqs.send_message(QueueUrl=queue.url, MessageBody="x")
    for _ in range(2):
        cloud.sqs.receive_message(QueueUrl=queue.url, VisibilityTimeout=0)
    figures = scrape(cloud.server)
    assert figures.queue(queue, "number_of_messages_dead_lettered_total") == 1
    assert figures.queue(grave, "approximate_number_of_messages_visible") == 1
    assert figures.queue(grave, "number_of_messages_sent_total") == 0
    cloud.sqs.start_message_move_task(SourceArn=grave.arn)
    moved = eventually(
        lambda: scrape(cloud.server),
        lambda found: found.queue(grave, "message_move_tasks_running") == 0,
    )
    assert moved.queue(grave, "number_of_messages_moved_total") == 1
    assert moved.queue(grave, "message_move_tasks_failed_total") == 0
    assert moved.queue(queue, "number_of_messages_sent_total") == 1
    assert moved.queue(queue, "approximate_number_of_messages_visible") == 1


def test_a_deleted_queue_is_there_no_more(cloud: Cloud) -> None:
    queue = cloud.queue()
    cloud.sqs.delete_queue(QueueUrl=queue.url)
    with pytest.raises(KeyError):
        scrape(cloud.server).queue(queue, "number_of_messages_sent_total")


def test_decisions_by_what_decided(cloud: Cloud, since: Callable[..., float]) -> None:
    queue, user, nobody = cloud.queue(), cloud.user(), cloud.user(None)
    decisions = "qanat_authorization_decisions_total"
    user.sqs().send_message(QueueUrl=queue.url, MessageBody="x")
    refusal(nobody.sqs().send_message, QueueUrl=queue.url, MessageBody="x")
    cloud.guard(queue, deny("sqs:*", queue.arn, Principal={"AWS": user.arn}))
    for _ in range(2):
        refusal(user.sqs().send_message, QueueUrl=queue.url, MessageBody="x")
    cloud.guard(queue, allow("sqs:SendMessage", queue.arn, Principal="*"))
    nobody.sqs().send_message(QueueUrl=queue.url, MessageBody="x")
    assert since(decisions, decision="implicit_deny", layer="identity") == 1
    assert since(decisions, decision="explicit_deny", layer="resource") == 2
    assert since(decisions, decision="allowed", layer="resource") == 1


def test_requests_by_operation_and_status(cloud: Cloud, since: Callable[..., float]) -> None:
    queue, user = cloud.queue(), cloud.user(None)
    for _ in range(3):
        cloud.sqs.send_message(QueueUrl=queue.url, MessageBody="x")
    refusal(user.sqs().send_message, QueueUrl=queue.url, MessageBody="x")
    refusal(cloud.sqs.receive_message, QueueUrl=f"{queue.url}-not")
    cloud.clients.of("sts").get_caller_identity()
    refusal(cloud.iam.get_user, UserName="not-there")
    assert post(cloud.server, b"", path="/health", method="GET").status == 200
    requests = "qanat_http_requests_total"
    assert since(requests, service="sqs", operation="SendMessage", status="2xx") == 3
    assert since(requests, service="sqs", operation="SendMessage", status="4xx") == 1
    assert since(requests, service="sqs", operation="ReceiveMessage", status="4xx") == 1
    assert since(requests, service="sts", operation="GetCallerIdentity", status="2xx") == 1
    assert since(requests, service="iam", operation="GetUser", status="4xx") == 1
    assert since(requests, service="none", operation="health", status="2xx") == 1


def test_authentication_failures_by_code(cloud: Cloud, since: Callable[..., float]) -> None:
    secret_of_nobody = Key(cloud.server.administrator().access_key_id, "x" * 40)
    refusal(cloud.clients.of("sqs", secret_of_nobody).list_queues)
    refusal(cloud.clients.of("iam", secret_of_nobody).list_users)
    refusal(cloud.clients.of("sqs", Key("AKIAIOSFODNN7EXAMPLE", "x")).list_queues)
    post(cloud.server, b"Action=ListUsers&Version=2010-05-08")
    failures = "qanat_authentication_failures_total"
    assert since(failures, code="SignatureDoesNotMatch") == 2
    assert since(failures, code="InvalidClientTokenId") == 1
    assert since(failures, code="MissingAuthenticationToken") == 1
    assert since(failures, code="IncompleteSignature") == 0
    assert since("qanat_http_requests_total", service="none", operation="none", status="4xx") == 4


def test_each_way_to_fail_a_signature_is_counted() -> None:
    defined = [
        found
        for found in vars(sigv4).values()
        if isinstance(found, type) and issubclass(found, QanatError) and found is not QanatError
    ]
    assert set(front.AUTHENTICATION_FAILURES) == set(defined)


def test_an_endpoint_is_counted_apart_and_does_not_show_the_figures(cloud: Cloud) -> None:
    vpc_id = cloud.vpc()
    endpoint = cloud.endpoint(vpc_id, cloud.subnet(vpc_id), PolicyDocument=EVERYTHING)
    by_endpoint = {"vpc_endpoint_id": endpoint.endpoint_id}
    assert scrape(cloud.server).of("qanat_endpoint_requests_total", **by_endpoint) == 0
    show = "import os; print(os.environ['AWS_ENDPOINT_URL_SQS'])"
    url = urlsplit(cloud.ran(vpc_id, ["python3", "-c", show]).out.strip())
    assert url.hostname is not None
    assert url.port is not None
    asked = request(b"", {"Host": "x"}, "/metrics", "GET")
    with Connection((url.hostname, url.port), str(cloud.server.ca_bundle)) as connection:
        connection.send(asked)
        answer = connection.answer()
        assert answer.status >= 400
        assert b"qanat_" not in answer.body
        figures = scrape(cloud.server)
    assert figures.of("qanat_endpoint_requests_total", **by_endpoint) == 1
    assert figures.of("qanat_endpoint_connections_accepted_total", **by_endpoint) == 1
    assert figures.of("qanat_endpoint_connections", **by_endpoint) == 1
    assert figures.of("qanat_endpoint_received_bytes_total", **by_endpoint) == len(asked)
    assert figures.of("qanat_endpoint_sent_bytes_total", **by_endpoint) > len(answer.body)
    cloud.delete(endpoint)
    assert ("qanat_endpoint_requests_total", tuple(by_endpoint.items())) not in scrape(cloud.server).values


def test_the_logs(cloud: Cloud, since: Callable[..., float]) -> None:
    queue = cloud.queue()
    for _ in range(3):
        cloud.sqs.send_message(QueueUrl=queue.url, MessageBody="x" * 1000)
    by_shard = {"shard": "queues-0"}
    assert since("qanat_log_commits_total", **by_shard) == 4
    assert since("qanat_log_records_total", **by_shard) == 4
    assert since("qanat_log_bytes", **by_shard) > 3_000
    assert since("qanat_log_commit_seconds_count", **by_shard) == 4
    assert since("qanat_log_commit_seconds_bucket", le="+Inf", **by_shard) == 4
    assert 0 < since("qanat_log_commit_seconds_sum", **by_shard) < 60


def test_the_audit_log(cloud: Cloud) -> None:
    """Each line is one that was written. It is so a moment after the answer."""
    queue = cloud.queue()
    cloud.sqs.send_message(QueueUrl=queue.url, MessageBody="x")
    path = cloud.server.data / "audit" / "audit.jsonl"

    def counted() -> tuple[float, int, bool]:
        written = scrape(cloud.server).of("qanat_audit_events_total", outcome="written", reason="none")
        text = path.read_text() if path.exists() else ""
        return written, text.count("\n"), queue.name in text

    eventually(counted, lambda found: found[0] == found[1] and found[2])
    dropped = scrape(cloud.server).of("qanat_audit_events_total", outcome="dropped", reason="QueueFull")
    assert dropped == 0


def test_the_process(cloud: Cloud) -> None:
    figures = scrape(cloud.server)
    assert figures.of("process_cpu_seconds_total") > 0
    assert 1e7 < figures.of("process_resident_memory_bytes") < 1e10
    assert 5 < figures.of("process_open_fds") < figures.of("process_max_fds")
    assert abs(figures.of("process_start_time_seconds") - time.time()) < 600
    (build,) = [labels for name, labels in figures.values if name == "qanat_build_info"]
    assert dict(build).keys() == {"version", "python"}


def test_https_where_the_public_listener_has_it(cloud: Cloud) -> None:
    url = urlsplit(cloud.server.started["metrics"])
    context = ssl.create_default_context(cafile=str(cloud.server.ca_bundle))
    connection = http.client.HTTPSConnection(url.netloc, timeout=WAIT_S, context=context)
    connection.request("GET", "/metrics", headers={"Accept-Encoding": "gzip"})
    answer = connection.getresponse()
    assert (answer.status, answer.headers["Content-Encoding"]) == (200, "gzip")
    connection.close()


# -- who may not ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/metrics", "/metrics?x", "//metrics", "/Metrics"])
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_the_public_listener_shows_no_figures(cloud: Cloud, path: str, scheme: str) -> None:
    answer = post(cloud.server, b"", path=path, scheme=scheme, method="GET")
    assert answer.status >= 400
    assert b"qanat_" not in answer.body


def test_without_the_setting_there_is_no_listener(server: Server) -> None:
    assert server.started["metrics"] is None


def test_the_listener_speaks_of_nothing_else(cloud: Cloud) -> None:
    url = urlsplit(cloud.server.started["metrics"])
    for method, path, status in (
        ("GET", "/", 404),
        ("POST", f"/{ACCOUNT}/q", 404),
        ("POST", "/metrics", 405),
    ):
        connection = http.client.HTTPConnection(url.netloc, timeout=WAIT_S)
        connection.request(method, path)
        assert connection.getresponse().status == status
        connection.close()


def test_an_address_that_is_taken(cloud: Cloud, tmp_path: Any) -> None:
    taken = f"127.0.0.1:{cloud.server.port}"
    done = run_command(tmp_path, "serve", "--listen", "127.0.0.1:0", "--metrics-listen", taken)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        f"qanat: cannot listen on {taken}: Address already in use; name another address by --metrics-listen\n"
    )
