"""The policy of an endpoint that was given none, which allows everything that the other policies allow."""

from typing import Final

from qanat.core.policy.document import Document, parse
from qanat.core.policy.sizes import PolicyKind

# To the letter as DescribeVpcEndpoints of AWS shows it: no Version, a space after each comma.
FULL_ACCESS_TEXT: Final = (
    "{\n"
    '  "Statement": [\n'
    "    {\n"
    '      "Action": "*", \n'
    '      "Effect": "Allow", \n'
    '      "Principal": "*", \n'
    '      "Resource": "*"\n'
    "    }\n"
    "  ]\n"
    "}"
)

FULL_ACCESS: Final[Document] = parse(FULL_ACCESS_TEXT, PolicyKind.ENDPOINT)
