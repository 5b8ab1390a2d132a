"""SQS in the Query protocol: no operation yet, but its errors, so that a client is told so in its own tongue."""

from typing import Final

from qanat.wire.service import ErrorRow, Service
from qanat.wire.sqs.errors import SHAPES
from qanat.wire.xml import QUERY_WITH_DETAIL

SQS_QUERY: Final = Service(
    "sqs",
    "2012-11-05",
    "http://queue.amazonaws.com/doc/2012-11-05/",
    QUERY_WITH_DETAIL,
    {},
    {code: ErrorRow(shape.status, shape.query_code) for code, shape in SHAPES.items()},
)
