"""How much garbage is enough, how it is sent, and what must come back."""

import json

from hypothesis import HealthCheck, settings

from support.raw import Answer
from support.server import Server
from support.signing import FORM, JSON, Signed

FEW = settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


MANY = settings(FEW, max_examples=250)


def is_sqs_error(answer: Answer, *statuses: int) -> None:
    assert answer.status in (statuses or (400, 403, 404)), answer
    body = json.loads(answer.body)
    assert body["__type"].startswith(("com.amazonaws.sqs#", "com.amazon.coral.service#"))
    assert isinstance(body.get("message", body.get("Message")), str)
    code, fault = answer.headers["x-amzn-query-error"].split(";")
    assert code
    assert fault == "Sender"


def is_xml_error(answer: Answer, *statuses: int) -> None:
    assert answer.status in (statuses or (400, 403, 404, 409)), answer
    text = answer.body.decode()
    if text == "<UnknownOperationException/>\n":
        return
    assert text.startswith(('<?xml version="1.0" encoding="UTF-8"?>\n<', '<?xml version="1.0"?><'))
    assert "<Code>" in text
    assert "<Message>" in text


def ask(target: Server, operation: str, body: bytes) -> Answer:
    """Signed, whatever the body is."""
    headers = {"X-Amz-Target": f"AmazonSQS.{operation}", "Content-Type": JSON}
    return Signed(target.administrator(), body, headers).send(target)


def form(target: Server, service: str, text: bytes) -> Answer:
    return Signed(target.administrator(), text, {"Content-Type": FORM}, service=service).send(target)


HEALTH = b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n"
