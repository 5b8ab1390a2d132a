"""`qanat serve`: run a server until it is told to stop."""

import argparse
import asyncio
import errno
import json
import logging
import os
import shlex
import shutil
import signal
import socket
import sys
from pathlib import Path
from typing import Any, Final

import uvloop
from rich.console import Console
from rich.markup import escape

from qanat import config
from qanat.app import Server, Started, StartFailed
from qanat.cli import key
from qanat.cli.errors import CommandFailed
from qanat.codecs import LogUnreadable
from qanat.core.control_records import RecordsUnreadable
from qanat.core.errors import QanatError
from qanat.credentials import CredentialsUnreadable
from qanat.journal.frames import FrameDamaged
from qanat.journal.seal import MasterKey
from qanat.journal.sqlite import LogFailed
from qanat.net.errors import NetworkUnavailable, TlsUnusable

EXPECTED: Final = (
    *key.EXPECTED,
    StartFailed,
    CredentialsUnreadable,
    LogUnreadable,
    FrameDamaged,
    RecordsUnreadable,
    NetworkUnavailable,
    TlsUnusable,
    QanatError,
)

# What only a server leaves in a directory, or its operator puts there before the first start. `config` and
# `credentials` stand in ~/.aws too.
_OURS: Final = frozenset({"control.sqlite", "ca.pem", "tls", "master.key"})
# A mounted file system that is empty has this.
_NOTHING: Final = frozenset({"lost+found"})
_NOT_LISTENING: Final = frozenset({errno.EADDRINUSE, errno.EADDRNOTAVAIL, errno.EACCES})


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser(
        "serve", help="run a server", description="Runs a server until SIGTERM or Ctrl-C."
    )
    parser.add_argument("--data", metavar="DIR", help="where everything is kept (./qanat-data)")
    parser.add_argument("--listen", metavar="HOST:PORT", help="the public listener (127.0.0.1:9324)")
    parser.add_argument(
        "--metrics-listen", metavar="HOST:PORT", help="where Prometheus may read /metrics (nowhere)"
    )
    parser.add_argument("--region", metavar="NAME", help="the default region (us-east-2)")
    parser.add_argument(
        "--regions",
        metavar="NAME,…",
        type=lambda text: tuple(text.split(",")),
        help="further regions that it serves",
    )
    parser.add_argument("--account", metavar="ID", help="the account made at first start (123456789012)")
    parser.add_argument(
        "--network",
        choices=("netns", "loopback"),
        help="how VPCs are made (the best that this system allows)",
    )
    parser.add_argument("--certificate", metavar="FILE", help="your own certificate, PEM, with its chain")
    parser.add_argument("--certificate-key", metavar="FILE", help="the key of that certificate, PEM")
    parser.add_argument(
        "--cooldown-s",
        type=int,
        metavar="S",
        help="seconds a deleted name rests, and between purges (60)",
    )
    parser.add_argument(
        "--log-level", choices=("debug", "info", "warning", "error"), help="how much is logged (info)"
    )
    key.add_file_flag(parser)
    parser.add_argument("--json", action="store_true", help="say that it is ready in one line of JSON")
    parser.set_defaults(run=run)


def run(parsed: argparse.Namespace) -> int:
    flags = {name: value for name, value in vars(parsed).items() if name not in ("run", "json")}
    settings = config.load(Path.cwd(), os.environ, flags)
    given_key = key.take(config.MASTER_KEY, settings)
    logging.basicConfig(
        level=settings.log_level.upper(),
        stream=sys.stderr,
        format="%(asctime)s %(levelname)s %(name)s: %(message)s",
    )
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(_serve(settings, given_key, as_json=parsed.json))


async def _serve(settings: config.Settings, given_key: MasterKey | None, *, as_json: bool) -> int:
    check_directory(settings.data_directory)
    try:
        server = await Server.start(settings, given_key)
    except (OSError, LogFailed) as error:
        known = in_words(error, settings)
        if known is None:
            raise
        raise CommandFailed(known) from error
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, server.stopping.set)
    _announce(server.started, as_json=as_json)
    await server.stopping.wait()
    await server.stop()
    if server.failure is not None:
        sys.stderr.write(f"qanat: the server stopped itself: {server.failure}\n")
        return 1
    return 0


def check_directory(path: Path) -> None:
    """Raises CommandFailed for a directory of somebody else's things: the server would shut all others out of it."""
    try:
        found = {entry.name for entry in path.iterdir()} - _NOTHING
    except FileNotFoundError:
        return
    except NotADirectoryError:
        raise CommandFailed(f"{path} is not a directory: name another by --data") from None
    if found and not found & _OURS:
        raise CommandFailed(
            f"{path} holds other things than a server's: name a new or empty directory by --data"
        )


def in_words(error: OSError | LogFailed, settings: config.Settings) -> str | None:
    """What to do where one can say; None of an error that speaks for itself."""
    if isinstance(error, LogFailed):
        if not key.is_locked(error):
            return None
        return f"another server runs with {settings.data_directory}: stop it, or name another directory by --data"
    # An error of a file names the file.
    if error.filename is None and (error.errno in _NOT_LISTENING or isinstance(error, socket.gaierror)):
        return f"cannot listen on {settings.listen}: {error.strerror}; name another address by --listen"
    return None


def _announce(started: Started, *, as_json: bool) -> None:
    if as_json:
        sys.stdout.write(json.dumps(_described(started)) + "\n")
        sys.stdout.flush()
        return
    # Long lines are left to the terminal: broken ones could not be copied.
    console = Console(highlight=False, soft_wrap=True)
    console.print(f"Qanat is ready at [bold]{escape(started.endpoint_url)}[/bold] (Ctrl-C stops it)")
    said = {
        "regions": ", ".join(started.regions),
        "account": started.account,
        "data": started.data,
        "network": started.network,
    }
    for name, value in said.items():
        console.print(f"  {name:<9}{escape(str(value))}")
    if started.metrics_url is not None:
        console.print(f"  {'metrics':<9}{escape(started.metrics_url)}")
    aim = f"{shlex.quote(own_command())} env --data {shlex.quote(str(started.data))}"
    console.print(f'In another shell: [bold]eval "$({escape(aim)})"[/bold]')
    sys.stdout.flush()


def own_command() -> str:
    """How a shell elsewhere can call this program: by its name where the PATH leads to it, else by its path."""
    own = Path(sys.executable).with_name("qanat")
    on_path = shutil.which("qanat")
    return "qanat" if on_path is not None and Path(on_path).absolute() == own else str(own)


def _described(started: Started) -> dict[str, Any]:
    return {
        "endpoint": started.endpoint_url,
        "listen": started.listen,
        "metrics": started.metrics_url,
        "region": started.regions[0],
        "regions": started.regions,
        "account": started.account,
        "data": str(started.data),
        "network": started.network,
        "replayed_frames": started.replayed_frames,
    }
