"""`scripts/both`, by which CI runs the tests: it succeeds where both of its commands do, and only then."""

import os
import signal
import subprocess
from pathlib import Path

import pytest

from support.programs import wait_for

BOTH = Path(__file__).parent.parent / "scripts" / "both"


def run(first: str, second: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [BOTH, first, second],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        stdin=subprocess.DEVNULL,
    )


@pytest.mark.parametrize(
    ("first", "second", "status"), [(0, 0, 0), (1, 0, 1), (0, 1, 1), (2, 0, 2), (0, 3, 3), (1, 1, 1)]
)
def test_it_fails_where_one_of_them_does(first: int, second: int, status: int) -> None:
    assert run(f"exit {first}", f"exit {second}").returncode == status


def test_what_they_print_is_not_mixed() -> None:
    done = run("echo one; sleep 0.2; echo two", "echo three; echo four >&2")
    assert done.stdout == "one\ntwo\nthree\nfour\n"


def test_when_it_is_told_to_end_the_second_ends_too(tmp_path: Path) -> None:
    """The first is told by whoever tells it: here, as a terminal and a CI do, its whole group."""
    noted = tmp_path / "second"
    running = subprocess.Popen(
        [BOTH, "sleep 60", f"echo $$ >{noted}; sleep 60; true"],
        start_new_session=True,
        stdin=subprocess.DEVNULL,
    )
    wait_for(lambda: noted.exists() and bool(noted.read_text().strip()), 30)
    second = int(noted.read_text())
    os.killpg(running.pid, signal.SIGTERM)
    assert running.wait(30) != 0
    wait_for(lambda: not Path(f"/proc/{second}").exists(), 30)
