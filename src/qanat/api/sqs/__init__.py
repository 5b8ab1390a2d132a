"""What each SQS operation does: its input becomes commands, their replies become its output."""
