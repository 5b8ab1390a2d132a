"""All tests of network namespaces once more, as an ordinary user: VPCs need no privilege."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from network.world import NEEDS_NAMESPACES

pytestmark = NEEDS_NAMESPACES

# Becomes an ordinary user, to whom the interpreter and the tests stay readable even if they lie in root's home.
AS_USER = """
import os, sys, tempfile
from pathlib import Path
from qanat.net import linux
from qanat.net.linux import Clone, Mount
uid, basetemp, needed, command = int(sys.argv[1]), sys.argv[2], sys.argv[3].split(":"), sys.argv[4:]
os.chown(basetemp, uid, uid)
linux.unshare(Clone.NEWNS)
linux.mount("none", "/", flags=Mount.REC | Mount.PRIVATE)
def closed(path):
    return next((str(at) for at in reversed(Path(path).parents) if not at.stat().st_mode & 1), None)
shut = {path: closed(path) for path in needed if closed(path)}
stage = tempfile.mkdtemp()
linux.mount("tmpfs", stage, "tmpfs")
for number, path in enumerate(shut):
    Path(stage, str(number)).mkdir()
    linux.mount(path, f"{stage}/{number}", flags=Mount.BIND | Mount.REC)
for directory in set(shut.values()):
    linux.mount("tmpfs", directory, "tmpfs", data="mode=755")
for number, path in enumerate(shut):
    Path(path).mkdir(parents=True, exist_ok=True)
    linux.mount(f"{stage}/{number}", path, flags=Mount.BIND | Mount.REC)
linux.unmount(stage)
os.rmdir(stage)
os.setgroups([])
os.setresgid(uid, uid, uid)
os.setresuid(uid, uid, uid)
os.execv(command[0], command)
"""


@pytest.mark.skipif(os.getuid() != 0, reason="they ran as an ordinary user already")
def test_vpcs_and_instances_of_an_ordinary_user() -> None:
    root = Path(__file__).parents[2]
    basetemp = Path("/tmp") / f"qanat-test-{os.getpid()}"
    basetemp.mkdir()
    needed = ":".join(dict.fromkeys(map(str, (sys.base_prefix, sys.prefix, root))))
    modules = [str(Path(__file__).with_name(name)) for name in ("test_netns.py", "test_instance.py")]
    options = ["-q", "-p", "no:cacheprovider", f"--basetemp={basetemp}/t"]
    tests = [sys.executable, "-m", "pytest", *options, *modules]
    try:
        ended = subprocess.run(
            [sys.executable, "-c", AS_USER, "23456", str(basetemp), needed, *tests],
            cwd=root,
            env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1", "HOME": str(basetemp), "USER": "qanat-test"},
            capture_output=True,
            text=True,
            check=False,
        )
    finally:
        subprocess.run(["rm", "-rf", str(basetemp)], check=True)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert " passed" in ended.stdout
    assert "skipped" not in ended.stdout
