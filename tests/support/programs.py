"""Programs that use a client of their own against a server, each in a process and an environment that suit it."""

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from support.server import REGION, Key, Server, clean_environment

ROOT = Path(__file__).parents[2]
PROGRAMS = ROOT / "tests" / "sdk" / "clients"
NOW = ROOT / ".venv" / "clients-now" / "bin" / "python"
"""Has the clients of today."""
QUERY = ROOT / ".venv" / "clients-query" / "bin" / "python"
"""Has the last boto3 that spoke the Query protocol."""
TESTS_OWN = Path(sys.executable)
RUN_TIME_S = 120.0
STOP_TIME_S = 60.0


def environment_for(server: Server, scheme: str = "https", key: Key | None = None) -> dict[str, str]:
    """What every AWS SDK reads: keys, region, endpoint, CA."""
    used = key or server.administrator()
    return {
        **clean_environment(server.directory),
        "AWS_ACCESS_KEY_ID": used.access_key_id,
        "AWS_SECRET_ACCESS_KEY": used.secret,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_REGION": REGION,
        "AWS_ENDPOINT_URL": server.url(scheme),
        "AWS_CA_BUNDLE": str(server.ca_bundle),
        "NODE_EXTRA_CA_CERTS": str(server.ca_bundle),
        "PYTHONPATH": str(PROGRAMS),
    }


def told_by(python: Path, program: str, environment: dict[str, str], *arguments: str) -> Any:
    """Runs one of PROGRAMS to its end; what it printed as JSON on its last line."""
    assert python.exists(), "run scripts/clients"
    done = subprocess.run(
        [str(python), "-W", "ignore", str(PROGRAMS / program), *arguments],
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=RUN_TIME_S,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout.splitlines()[-1])


class Program:
    """One that runs until it is told to stop; ended by its id."""

    def __init__(self, process: "subprocess.Popen[bytes]", log: Path) -> None:
        self.process = process
        self._log = log

    @property
    def log(self) -> str:
        return self._log.read_text()

    def wait_for(self, holds: Callable[[], bool], within_s: float = RUN_TIME_S) -> None:
        wait_for(lambda: holds() or self.process.poll() is not None, within_s, lambda: self.log)
        assert holds(), self.log

    def stop(self) -> int:
        """SIGTERM; the exit code."""
        self.process.terminate()
        return self.process.wait(STOP_TIME_S)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()


@contextmanager
def running(
    command: Sequence[str | Path], environment: dict[str, str], directory: Path, name: str
) -> Iterator[Program]:
    log = directory / f"{name}.log"
    with log.open("w") as output:
        process = subprocess.Popen(
            [str(part) for part in command],
            env=environment,
            cwd=directory,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    program = Program(process, log)
    try:
        yield program
    finally:
        if process.poll() is None:
            program.kill()


def wait_for(
    holds: Callable[[], bool], within_s: float, otherwise: Callable[[], object] = lambda: "it never held"
) -> None:
    """Looks again and again, for conditions that nothing announces."""
    deadline = time.monotonic() + within_s
    while not holds():
        assert time.monotonic() < deadline, otherwise()
        time.sleep(0.01)


def open_descriptors(process_id: int) -> int:
    return sum(1 for _ in Path(f"/proc/{process_id}/fd").iterdir())
