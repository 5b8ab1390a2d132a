"""Every failure that SQS can meet has a shape, and the shapes are those of the service model."""

import json
import pkgutil
from importlib import import_module

import botocore.session
import pytest

import qanat.core
from qanat.core import errors, sigv4
from qanat.core.errors import QanatError
from qanat.core.queues import errors as queue_errors
from qanat.wire import json10
from qanat.wire.sqs.errors import SHAPES, shape_of
from qanat.wire.sqs.query_answers import QueryTongue

MODEL = botocore.session.get_session().get_service_model("sqs")

RAISED = sorted(
    {
        found
        for module in (errors, queue_errors, sigv4)
        for found in vars(module).values()
        if isinstance(found, type) and issubclass(found, QanatError) and hasattr(found, "code")
    }
    - {errors.InvalidParameterCombination},
    key=lambda found: found.__name__,
)


def test_all_modules_of_the_core_can_be_imported_alone() -> None:
    """Else the classes above would not be all there are."""
    for module in pkgutil.walk_packages(qanat.core.__path__, "qanat.core."):
        import_module(module.name)


@pytest.mark.parametrize("failure", RAISED, ids=lambda failure: failure.__name__)
def test_every_failure_has_a_shape(failure: type[QanatError]) -> None:
    error = failure.__new__(failure)
    Exception.__init__(error, 'what <went> "wrong" ä')
    status, _, head, body = json10.JSON.error(error, "request")
    assert 400 <= status < 600
    name, _, value = head.decode().rstrip("\r\n").partition(": ")
    code, _, fault = value.partition(";")
    assert (name, fault) == ("x-amzn-query-error", "Sender" if status < 500 else "Receiver")
    assert code == SHAPES[failure.code].query_code
    found = json.loads(body)
    assert found[SHAPES[failure.code].message_member] == 'what <went> "wrong" ä'
    assert len(found) == 2


LEGACY = "AWS.SimpleQueueService."
# (query code, status): from the last model of the query protocol and recorded answers.
RECORDED = {
    "BatchEntryIdsNotDistinct": (LEGACY + "BatchEntryIdsNotDistinct", 400),
    "BatchRequestTooLong": (LEGACY + "BatchRequestTooLong", 400),
    "EmptyBatchRequest": (LEGACY + "EmptyBatchRequest", 400),
    "InvalidAddress": ("InvalidAddress", 404),
    "InvalidAttributeName": ("InvalidAttributeName", 400),
    "InvalidAttributeValue": ("InvalidAttributeValue", 400),
    "InvalidBatchEntryId": (LEGACY + "InvalidBatchEntryId", 400),
    "InvalidMessageContents": ("InvalidMessageContents", 400),
    "MessageNotInflight": (LEGACY + "MessageNotInflight", 400),
    "OverLimit": ("OverLimit", 403),
    "PurgeQueueInProgress": (LEGACY + "PurgeQueueInProgress", 403),
    "QueueDeletedRecently": (LEGACY + "QueueDeletedRecently", 400),
    "QueueDoesNotExist": (LEGACY + "NonExistentQueue", 400),
    "QueueNameExists": ("QueueAlreadyExists", 400),
    "ReceiptHandleIsInvalid": ("ReceiptHandleIsInvalid", 400),
    "TooManyEntriesInBatchRequest": (LEGACY + "TooManyEntriesInBatchRequest", 400),
    "UnsupportedOperation": (LEGACY + "UnsupportedOperation", 400),
}


def test_modelled_shapes() -> None:
    found = {
        shape.type.partition("#")[2]: (shape.query_code, shape.status)
        for shape in SHAPES.values()
        if shape.type.startswith("com.amazonaws.sqs#")
    }
    assert {name: found[name] for name in RECORDED} == RECORDED
    for name in found:
        assert MODEL.shape_for(name).metadata["exception"] is True


def test_shape_of() -> None:
    assert shape_of(errors.AccessDenied("x")).type == "com.amazon.coral.service#AccessDeniedException"


def test_an_expired_token() -> None:
    status, _, head, body = json10.JSON.error(sigv4.ExpiredToken(), "request")
    assert (status, head) == (403, b"x-amzn-query-error: ExpiredToken;Sender\r\n")
    assert json.loads(body) == {
        "__type": "com.amazon.coral.service#ExpiredTokenException",
        "Message": "The security token included in the request is expired",
    }
    status, _, _, body = QueryTongue("").error(sigv4.ExpiredToken(), "request")
    assert status == 403
    assert (
        b"<Code>ExpiredToken</Code><Message>The security token included in the request is expired</Message>"
        in body
    )


def test_a_failure_without_a_shape_is_answered_under_its_own_name() -> None:
    class Stray(QanatError):
        code = "Stray.Failure"

    status, _, head, body = json10.JSON.error(Stray("why"), "request")
    assert (status, head) == (400, b"x-amzn-query-error: Stray.Failure;Sender\r\n")
    assert json.loads(body) == {"__type": "com.amazon.coral.service#Stray.Failure", "Message": "why"}
