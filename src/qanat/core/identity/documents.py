"""Policy documents as IAM takes them, and how it refuses one."""

from qanat.core.identity.errors import LimitExceeded, MalformedPolicyDocument
from qanat.core.policy.document import Document, PolicyKind, parse
from qanat.core.policy.errors import PolicyInvalid, PolicyTooLarge


def read_document(text: str, kind: PolicyKind) -> Document:
    """Raises MalformedPolicyDocument and LimitExceeded."""
    try:
        return parse(text, kind)
    except PolicyInvalid as error:
        if kind is PolicyKind.TRUST and error.position is not None:
            # As AWS was recorded to answer where the text is no JSON.
            raise MalformedPolicyDocument("This policy contains invalid Json") from error
        # IAM's own sentence first, then where we found it.
        raise MalformedPolicyDocument(f"{error.reason} ({error.message})") from error
    except PolicyTooLarge as error:
        raise LimitExceeded(error.message) from error
