"""`qanat serve`: run a server until it is told to stop."""

import argparse
import asyncio
import json
import logging
import os
import signal
import sys
from pathlib import Path
from typing import Any, Final

import uvloop
from rich.console import Console
from rich.table import Table

from qanat import config
from qanat.app import Server, Started, StartFailed
from qanat.codecs import LogUnreadable
from qanat.core.control_records import RecordsUnreadable
from qanat.core.errors import QanatError
from qanat.credentials import CredentialsUnreadable
from qanat.journal.frames import FrameDamaged
from qanat.journal.sqlite import LogFailed
from qanat.net.errors import NetworkUnavailable, TlsUnusable

EXPECTED: Final = (
    StartFailed,
    CredentialsUnreadable,
    LogFailed,
    LogUnreadable,
    FrameDamaged,
    RecordsUnreadable,
    NetworkUnavailable,
    TlsUnusable,
    QanatError,
)


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser("serve", help="run a server", description=__doc__)
    parser.add_argument("--data", metavar="DIR", help="where everything is kept (./qanat-data)")
    parser.add_argument("--listen", metavar="HOST:PORT", help="the public listener (127.0.0.1:9324)")
    parser.add_argument("--region", help="the region that it serves (us-east-2)")
    parser.add_argument("--account", help="the account made at first start (123456789012)")
    parser.add_argument(
        "--network",
        choices=("netns", "loopback"),
        help="how VPCs are made (the best that this system allows)",
    )
    parser.add_argument("--certificate", metavar="FILE", help="your own certificate, PEM, with its chain")
    parser.add_argument("--certificate-key", metavar="FILE", help="its key")
    parser.add_argument(
        "--cooldown-s", type=int, metavar="S", help="rest of deleted names, time between purges (60)"
    )
    parser.add_argument("--log-level", choices=("debug", "info", "warning", "error"))
    parser.add_argument("--json", action="store_true", help="say that it is ready in one line of JSON")
    parser.set_defaults(run=run)


def run(parsed: argparse.Namespace) -> int:
    flags = {name: value for name, value in vars(parsed).items() if name not in ("run", "json")}
    settings = config.load(Path.cwd(), os.environ, flags)
    logging.basicConfig(
        level=settings.log_level.upper(),
        stream=sys.stderr,
        format="%(asctime)s %(levelname)s %(name)s: %(message)s",
    )
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(_serve(settings, as_json=parsed.json))


async def _serve(settings: config.Settings, *, as_json: bool) -> int:
    server = await Server.start(settings)
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


def _announce(started: Started, *, as_json: bool) -> None:
    if as_json:
        sys.stdout.write(json.dumps(_described(started)) + "\n")
        sys.stdout.flush()
        return
    table = Table.grid(padding=(0, 2))
    for name, value in _described(started).items():
        table.add_row(f"[bold]{name}[/bold]", str(value))
    console = Console(highlight=False, soft_wrap=True)
    console.print("Qanat is ready. Ctrl-C stops it.")
    console.print(table)
    console.print(f'In another shell: [bold]eval "$(qanat env --data {started.data})"[/bold]')
    sys.stdout.flush()


def _described(started: Started) -> dict[str, Any]:
    return {
        "endpoint": started.endpoint_url,
        "listen": started.listen,
        "region": started.region,
        "account": started.account,
        "data": str(started.data),
        "network": started.network,
        "replayed_frames": started.replayed_frames,
    }
