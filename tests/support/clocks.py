"""Clocks that are wrong on purpose: the server's from its start, or the one that boto3 signs by."""

from datetime import timedelta
from pathlib import Path

import botocore.auth
import pytest

# Run by Python at its start, before the server: its clock goes wrong by so many seconds.
_SHIFTED = """
import time
ns, s = time.time_ns, time.time
time.time_ns = lambda: ns() + {0} * 10**9
time.time = lambda: s() + {0}
"""


def shifted(folder: Path, seconds: int) -> dict[str, str]:
    """The environment in which a server's clock is so many seconds ahead; `folder` keeps what does it."""
    (folder / "sitecustomize.py").write_text(_SHIFTED.format(seconds))
    return {"PYTHONPATH": str(folder)}


def put_forward(patch: pytest.MonkeyPatch, offset: timedelta) -> None:
    """The clock by which boto3 signs."""
    real = botocore.auth.get_current_datetime
    patch.setattr(botocore.auth, "get_current_datetime", lambda *_, **__: real() + offset)
