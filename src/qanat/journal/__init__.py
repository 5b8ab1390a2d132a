"""The log: numbered frames of bytes that are durable once appended. It knows nothing of SQS."""
