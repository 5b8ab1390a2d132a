"""What the policy door refuses."""

from qanat.core.errors import QanatError


class CannotExplain(QanatError):
    """Says in one line what of the question cannot be answered."""

    code = "CannotExplain"
