"""`qanat`: its subcommands, its flags, and one place where errors become one line and an exit code.

Exit codes: 0 done, 1 it went wrong, 2 the command line or a setting is wrong. `instance run` gives the program's own.
"""

import argparse
import sys
from collections.abc import Callable, Sequence

from qanat import __version__
from qanat.cli import account, env, instance, key, policy, queue, serve
from qanat.cli.parser import USAGE, Parser
from qanat.config import SettingsInvalid

WRONG = 1
INTERRUPTED = 130


def main(arguments: Sequence[str] | None = None) -> int:
    parsed = _parser().parse_args(arguments)
    run: Callable[[argparse.Namespace], int] = parsed.run
    try:
        return run(parsed)
    except SettingsInvalid as error:
        return _say(str(error), USAGE)
    except OSError as error:
        return _say(_in_words(error), WRONG)
    except tuple(EXPECTED) as error:
        return _say(str(error), WRONG)
    except KeyboardInterrupt:
        return INTERRUPTED


def _parser() -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = Parser(
        prog="qanat",
        description="An Amazon SQS that you run yourself, reached over private endpoints and guarded by real "
        "IAM policy.",
    )
    parser.add_argument("--version", action="version", version=f"qanat {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    serve.add_parser(commands)
    env.add_parser(commands)
    account.add_parser(commands)
    instance.add_parser(commands)
    key.add_parser(commands)
    policy.add_parser(commands)
    queue.add_parser(commands)
    return parser


def _in_words(error: OSError) -> str:
    """Without the number, and the file first: `/root/x: Permission denied`."""
    if error.strerror is None:
        return str(error)
    return error.strerror if error.filename is None else f"{error.filename}: {error.strerror}"


def _say(text: str, code: int) -> int:
    sys.stderr.write(f"qanat: {' '.join(text.split())}\n")
    return code


EXPECTED: list[type[Exception]] = [
    *serve.EXPECTED,
    *env.EXPECTED,
    *account.EXPECTED,
    *instance.EXPECTED,
    *key.EXPECTED,
]
"""What may go wrong, besides an OSError, without it being a bug of ours."""


if __name__ == "__main__":
    sys.exit(main())
