"""`qanat key rotate`: a new master key for the logs of a server that is stopped."""

import argparse
import json
import os
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.markup import escape

from qanat import config
from qanat.app import LOGS, log_path
from qanat.cli import data
from qanat.cli.errors import CommandFailed
from qanat.journal import master_key
from qanat.journal.master_key import MasterKeyMissing, MasterKeyUnusable
from qanat.journal.rotation import Rotated, rotate_file, rotate_given
from qanat.journal.seal import MasterKey
from qanat.journal.sealed import MasterKeyWrong
from qanat.journal.sqlite import LogFailed, SqliteLog

EXPECTED: Final = (CommandFailed, LogFailed, MasterKeyMissing, MasterKeyUnusable, MasterKeyWrong)


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    group = commands.add_parser("key", help="the master key of the logs", description=__doc__)
    actions = group.add_subparsers(title="actions", metavar="ACTION", required=True)
    parser = actions.add_parser(
        "rotate",
        help="replace the master key",
        description="Makes a new master key and wraps the data keys with it; the server must be stopped. Where the "
        f"key is given in {config.MASTER_KEY}, the new one is read from {config.NEW_MASTER_KEY}.",
    )
    data.add_flag(parser)
    add_file_flag(parser)
    parser.add_argument("--json", action="store_true", help="one JSON object instead of text")
    parser.set_defaults(run=run)


def add_file_flag(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--master-key-file",
        metavar="FILE",
        help="the file of the master key (master.key in the data directory)",
    )


def run(parsed: argparse.Namespace) -> int:
    flags = {"data": parsed.data, "master_key_file": parsed.master_key_file}
    settings = config.load(Path.cwd(), os.environ, flags)
    old, new = take(config.MASTER_KEY, settings), take(config.NEW_MASTER_KEY, settings)
    if (old is None) != (new is None):
        raise CommandFailed(
            f"give both {config.MASTER_KEY}, the old key, and {config.NEW_MASTER_KEY}, the new one, or neither"
        )
    with ExitStack() as stack:
        logs = _open_logs(settings.data_directory, stack)
        if old is not None and new is not None:
            rotated = rotate_given(logs, old, new)
        else:
            rotated = rotate_file(logs, settings.master_key_path)
    _announce(rotated, settings.data_directory, as_json=parsed.json, in_file=old is None)
    return 0


def take(variable: str, settings: config.Settings) -> MasterKey | None:
    """The key of that variable of our own environment, which loses it. Raises SettingsInvalid, MasterKeyUnusable."""
    text = config.take_secret(variable, os.environ, settings)
    return None if text is None else master_key.from_text(text, variable)


def is_locked(error: LogFailed) -> bool:
    """Whether another process has that log open."""
    return "database is locked" in str(error)


def _open_logs(directory: Path, stack: ExitStack) -> dict[str, SqliteLog]:
    """All that are there, which shuts every server out. Raises CommandFailed, LogFailed."""
    logs: dict[str, SqliteLog] = {}
    for name in LOGS:
        path = log_path(directory, name)
        if not path.exists():
            continue
        try:
            logs[name] = SqliteLog.open(path)
        except LogFailed as error:
            if not is_locked(error):
                raise
            raise CommandFailed(f"a server runs with {directory}: stop it first") from error
        stack.callback(logs[name].close)
    if not logs:
        raise CommandFailed(f"no server has run with {directory}: name another by --data")
    return logs


def _announce(rotated: Rotated, directory: Path, *, as_json: bool, in_file: bool) -> None:
    if as_json:
        described = {
            "data": str(directory),
            "master_key": rotated.new.source,
            "old_id": rotated.old.id.hex(),
            "new_id": rotated.new.id.hex(),
            "data_keys": rotated.data_keys,
        }
        sys.stdout.write(json.dumps(described) + "\n")
        return
    console = Console(highlight=False, soft_wrap=True)
    console.print(f"The logs in [bold]{escape(str(directory))}[/bold] have a new master key")
    counts = ", ".join(f"{count} of {name}" for name, count in rotated.data_keys.items())
    for name, value in (
        ("key", f"{rotated.new.id.hex()} (was {rotated.old.id.hex()})"),
        ("in", rotated.new.source),
        ("data keys", f"{counts}, wrapped again"),
    ):
        console.print(f"  {name:<10}{escape(value)}")
    if in_file:
        console.print("Back it up, apart from the data. Older backups of the data still need the old key.")
    else:
        console.print(
            f"Start the server with it in {config.MASTER_KEY}. Older backups of the data still need the old key."
        )
