"""What a command raises to end with one line on standard error and exit code 1."""


class CommandFailed(Exception):
    """Says what went wrong and what to do."""
