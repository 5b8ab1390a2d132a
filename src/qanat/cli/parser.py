"""The command line's parser: whatever is wrong is told in one line, which names the help to read."""

import argparse
from typing import Any, Final, NoReturn

USAGE: Final = 2


class Parser(argparse.ArgumentParser):
    def __init__(self, **settings: Any) -> None:
        # An abbreviation that works today is ambiguous when a flag is added.
        super().__init__(allow_abbrev=False, **settings)

    def error(self, message: str) -> NoReturn:
        self.exit(USAGE, f"qanat: {' '.join(message.split())} (see {self.prog} --help)\n")

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        """As argparse's, but a flag that a subcommand does not know is refused there, not by the whole."""
        found, unknown = super().parse_known_args(args, namespace)
        if unknown:
            self.error(f"there is no {unknown[0]} here")
        return found, unknown
