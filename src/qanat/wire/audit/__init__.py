"""The audit event of one call, in CloudTrail's record shape."""
