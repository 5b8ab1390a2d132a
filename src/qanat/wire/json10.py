"""The AWS JSON 1.0 protocol: bodies, and errors with the `x-amzn-query-error` header that SDKs take codes from."""

from typing import Any, Final, NamedTuple

import msgspec

from qanat.core.errors import QanatError
from qanat.wire.sqs.errors import shape_of
from qanat.wire.sqs.outputs import Empty

_encoder = msgspec.json.Encoder()


class ErrorAnswer(NamedTuple):
    status: int
    content_type: bytes
    head: bytes
    """Whole header lines."""
    body: bytes


class JsonTongue:
    """Answers in JSON, the same for every operation."""

    content_type: Final = b"application/x-amz-json-1.0"

    def encode(self, output: Any, request_id: str) -> bytes:
        # An operation that returns nothing has no body at all (recorded answers of AWS).
        return b"" if isinstance(output, Empty) else _encoder.encode(output)

    def error(self, error: QanatError, request_id: str) -> ErrorAnswer:
        shape = shape_of(error)
        fault = b"Receiver" if shape.status >= 500 else b"Sender"
        said = {"__type": shape.type}
        if error.message:
            said[shape.message_member] = error.message
        return ErrorAnswer(
            shape.status,
            self.content_type,
            b"x-amzn-query-error: " + shape.query_code.encode() + b";" + fault + b"\r\n",
            _encoder.encode(said),
        )


JSON: Final = JsonTongue()
