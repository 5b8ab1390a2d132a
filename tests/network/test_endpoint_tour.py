"""`scripts/tour` tells the page's story live; here it must end as the page says."""

import subprocess
import sys
from pathlib import Path

from network.world import NEEDS_NAMESPACES
from support.server import clean_environment

pytestmark = NEEDS_NAMESPACES

TOUR = Path(__file__).parents[2] / "scripts" / "tour.py"
TIME_S = 240


def test_the_tour_finds_all_as_the_page_says(tmp_path: Path) -> None:
    told = subprocess.run(
        [sys.executable, TOUR],
        cwd=tmp_path,
        env=clean_environment(tmp_path),
        capture_output=True,
        text=True,
        timeout=TIME_S,
        check=False,
    )
    assert told.returncode == 0, told.stdout + told.stderr
    assert told.stdout.rstrip().endswith("All as the page says.")
    assert told.stderr == ""
