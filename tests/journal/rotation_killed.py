"""Rotates the master key and is killed with SIGKILL at its Nth line; for every N, each in a copy of the directory.

    python rotation_killed.py DIRECTORY [OLD NEW]

DIRECTORY/start holds the logs and, without OLD and NEW (the keys in base64), the key file; DIRECTORY/N is left as the
kill at line N left it. The last N is the run that came to its end. Prints how many there are.
"""

import os
import shutil
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from types import FrameType
from typing import Any

from qanat.app import LOGS, log_path
from qanat.journal import master_key, rotation, sqlite
from qanat.journal.master_key import from_text

TRACED = {rotation.__file__, master_key.__file__, sqlite.__file__}


def rotate(directory: Path, given: Sequence[str], line: int) -> None:
    logs = {name: sqlite.SqliteLog.open(log_path(directory, name)) for name in LOGS}
    sys.settrace(killed_at(line))
    if given:
        old, new = (from_text(text, "given") for text in given)
        rotation.rotate_given(logs, old, new)
    else:
        rotation.rotate_file(logs, directory / "master.key")
    sys.settrace(None)
    for log in logs.values():
        log.close()


def killed_at(line: int) -> Any:
    lines = iter(range(1, line + 1))

    def trace(frame: FrameType, event: str, argument: object) -> Any:
        if frame.f_code.co_filename not in TRACED:
            return None
        if event == "line" and next(lines) == line:
            os.kill(os.getpid(), signal.SIGKILL)
        return trace

    return trace


def main() -> None:
    directory, given = Path(sys.argv[1]), sys.argv[2:]
    line, status = 0, 1
    while status != 0:
        line += 1
        shutil.copytree(directory / "start", directory / str(line))
        child = os.fork()
        if not child:
            rotate(directory / str(line), given, line)
            os._exit(0)
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        assert status in (0, -signal.SIGKILL), status
    print(line)


if __name__ == "__main__":
    main()
