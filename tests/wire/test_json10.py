"""Every failure that SQS can meet has a shape, and the shapes are those of the service model (facts.md 1.2)."""

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
    status, head, body = json10.error_answer(error)
    assert 400 <= status < 600
    name, _, value = head.decode().rstrip("\r\n").partition(": ")
    code, _, fault = value.partition(";")
    assert (name, fault) == ("x-amzn-query-error", "Sender" if status < 500 else "Receiver")
    assert code == SHAPES[failure.code].query_code
    found = json.loads(body)
    assert found[SHAPES[failure.code].message_member] == 'what <went> "wrong" ä'
    assert len(found) == 2


@pytest.mark.parametrize("shape", [one for one in SHAPES.values() if one.type.startswith("com.amazonaws.sqs#")])
def test_modelled_shapes_are_in_the_model(shape: object) -> None:
    kind, query_code, status, _ = shape  # type: ignore[misc]  # a NamedTuple, as an object
    model = MODEL.shape_for(kind.partition("#")[2])
    error = model.metadata["error"] if "error" in model.metadata else {}
    # botocore's own names for two of them differ from what is on the wire: the wire, as recorded, wins.
    if kind.endswith(("#InvalidAddress", "#PurgeQueueInProgress", "#OverLimit")):
        return
    assert query_code == error.get("code", model.name)
    assert status == error.get("httpStatusCode", 400)


def test_shape_of() -> None:
    assert shape_of(errors.AccessDenied("x")).type == "com.amazon.coral.service#AccessDeniedException"
