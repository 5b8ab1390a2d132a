"""A real `qanat serve` in a process of its own: free port, temporary data, an environment that nothing leaks into.

Invariant: only the process started here is ended, by SIGTERM, and it must leave with exit code 0.
"""

import configparser
import json
import os
import select
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple, Self

START_TIME_S = 60.0
STOP_TIME_S = 60.0
REGION = "us-east-2"
ACCOUNT = "123456789012"


class Key(NamedTuple):
    access_key_id: str
    secret: str
    token: str | None = None
    """Of temporary credentials."""


def clean_environment(home: Path) -> dict[str, str]:
    """What a program needs to run, and no AWS_, QANAT_ or proxy variable of whoever runs the tests."""
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "LC_ALL") if name in os.environ}
    return {
        **kept,
        "HOME": str(home),
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": str(home / "no-config"),
        "AWS_SHARED_CREDENTIALS_FILE": str(home / "no-credentials"),
    }


class Server:
    """`start`, use, `stop`. `log` is what it has written to its standard error."""

    def __init__(self, process: "subprocess.Popen[str]", started: dict[str, Any], directory: Path) -> None:
        self.process = process
        self.directory = directory
        self.data = Path(started["data"])
        self.host, _, port = started["listen"].rpartition(":")
        self.port = int(port)
        self.started = started

    @classmethod
    def start(
        cls,
        directory: Path,
        *flags: str,
        listen: str = "127.0.0.1:0",
        environment: dict[str, str] | None = None,
    ) -> Self:
        """`directory` must exist; the data lie in it, and a second start there goes on with them."""
        command = [sys.executable, "-m", "qanat.cli.main", "serve", "--json", "--network", "loopback"]
        command += ["--data", str(directory / "data"), "--listen", listen, *flags]
        with (directory / "stderr").open("a") as errors:
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                cwd=directory,
                env={**clean_environment(directory), **(environment or {})},
            )
        assert process.stdout is not None
        ready, _, _ = select.select([process.stdout], [], [], START_TIME_S)
        line = process.stdout.readline() if ready else ""
        if not line:
            process.kill()
            process.wait()
            process.stdout.close()
            raise AssertionError("the server did not start: " + (directory / "stderr").read_text())
        return cls(process, json.loads(line), directory)

    def stop(self) -> int:
        """The exit code."""
        self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(STOP_TIME_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise
        finally:
            assert self.process.stdout is not None
            self.process.stdout.close()

    @property
    def alive(self) -> bool:
        return self.process.poll() is None

    @property
    def log(self) -> str:
        return (self.directory / "stderr").read_text()

    @property
    def ca_bundle(self) -> Path:
        return self.data / "ca.pem"

    @property
    def address(self) -> tuple[str, int]:
        return self.host, self.port

    def url(self, scheme: str = "https") -> str:
        return f"{scheme}://{self.host}:{self.port}"

    def administrator(self) -> Key:
        parser = configparser.ConfigParser()
        parser.read(self.data / "credentials")
        section = parser["default"]
        return Key(section["aws_access_key_id"], section["aws_secret_access_key"])

    def command(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        """`qanat ARGUMENTS` in the server's own directory."""
        return run_command(self.directory, *arguments)


def run_command(
    directory: Path, *arguments: str, environment: dict[str, str] | None = None, stdin: str | None = None
) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "qanat.cli.main", *arguments],
        capture_output=True,
        input=stdin,
        text=True,
        cwd=directory,
        env={**clean_environment(directory), **(environment or {})},
        timeout=START_TIME_S,
        check=False,
    )


def traces_of_bugs(log: str) -> Sequence[str]:
    """Lines of a server's log that only a bug of ours can have written."""
    marks = ("Traceback", "never retrieved", "never awaited", "CRITICAL", " ERROR ")
    return [line for line in log.splitlines() if any(mark in line for mark in marks)]
