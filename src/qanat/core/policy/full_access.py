"""Policies that stand where none was given: of an endpoint, which filters nothing, and of a federated session."""

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

# A filter that lets nothing through, and denies nothing either.
NO_ACCESS: Final[Document] = parse(
    '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","NotAction":"*","Resource":"*"}]}',
    PolicyKind.SESSION,
)
