"""Qanat: an Amazon SQS that you run yourself, reached over private endpoints and guarded by real IAM policy."""

__version__ = "0.1.0"
