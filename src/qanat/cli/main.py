"""`qanat`: its subcommands, its flags, and one place where errors become one line and an exit code.

Exit codes: 0 done, 1 it went wrong, 2 the command line or a setting is wrong. `instance run` gives the program's own.
"""

import argparse
import sys
from collections.abc import Callable, Sequence

from qanat import __version__
from qanat.cli import env, instance, serve
from qanat.config import SettingsInvalid

WRONG = 1
USAGE = 2


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="qanat",
        description="An Amazon SQS that you run yourself, reached over private endpoints and guarded by real "
        "IAM policy.",
    )
    parser.add_argument("--version", action="version", version=f"qanat {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    serve.add_parser(commands)
    env.add_parser(commands)
    instance.add_parser(commands)
    parsed = parser.parse_args(arguments)
    run: Callable[[argparse.Namespace], int] = parsed.run
    try:
        return run(parsed)
    except SettingsInvalid as error:
        return _say(error, USAGE)
    except tuple(EXPECTED) as error:
        return _say(error, WRONG)
    except KeyboardInterrupt:
        return 130


def _say(error: Exception, code: int) -> int:
    text = " ".join(str(error).split())
    sys.stderr.write(f"qanat: {text}\n")
    return code


EXPECTED: list[type[Exception]] = [OSError, *serve.EXPECTED, *env.EXPECTED, *instance.EXPECTED]
"""What may go wrong without it being a bug of ours."""


if __name__ == "__main__":
    sys.exit(main())
