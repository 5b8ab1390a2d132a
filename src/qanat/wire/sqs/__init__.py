"""SQS on the wire: shapes, checks and the table of its operations."""
