"""The few Linux calls that Python 3.11 does not offer: namespaces, mounts, capabilities.

Each raises OSError as `os` does. Nothing here decides anything.
"""

import ctypes
import os
from collections.abc import Iterable
from enum import IntEnum, IntFlag
from pathlib import Path
from typing import Final

_libc = ctypes.CDLL(None, use_errno=True)


class Clone(IntFlag):
    """Kinds of namespace (sched.h)."""

    NEWNS = 0x00020000
    NEWUSER = 0x10000000
    NEWNET = 0x40000000


class Mount(IntFlag):
    """Flags of mount(2)."""

    RDONLY = 0x1
    NOSUID = 0x2
    NODEV = 0x4
    NOEXEC = 0x8
    REMOUNT = 0x20
    BIND = 0x1000
    REC = 0x4000
    PRIVATE = 0x40000


class Capability(IntEnum):
    """Those that we ask for or leave to a program (capability.h); every other one has only its number."""

    CHOWN = 0
    DAC_OVERRIDE = 1
    FOWNER = 3
    FSETID = 4
    KILL = 5
    SETGID = 6
    SETUID = 7
    SETPCAP = 8
    NET_BIND_SERVICE = 10
    NET_ADMIN = 12
    SYS_CHROOT = 18
    SYS_ADMIN = 21
    SETFCAP = 31


_MNT_DETACH: Final = 2
_PR_SET_PDEATHSIG: Final = 1
_PR_SET_DUMPABLE: Final = 4
_PR_CAPBSET_READ: Final = 23
_PR_CAPBSET_DROP: Final = 24
_PR_SET_NO_NEW_PRIVS: Final = 38
_PR_CAP_AMBIENT: Final = 47
_PR_CAP_AMBIENT_CLEAR_ALL: Final = 4
_CAPABILITY_VERSION_3: Final = 0x20080522
_CAPABILITIES_MAX: Final = 64
_ZEROS: Final = (ctypes.c_ulong(0),) * 3


def unshare(kinds: Clone) -> None:
    """Give this process new namespaces; for NEWUSER it must have one thread."""
    _checked(_libc.unshare(ctypes.c_int(kinds)))


def set_namespace(fd: int, kind: Clone) -> None:
    """Enter the namespace that `fd` is open on."""
    _checked(_libc.setns(ctypes.c_int(fd), ctypes.c_int(kind)))


def mount(source: str, target: str, kind: str = "", flags: int = 0, data: str = "") -> None:
    texts = [ctypes.c_char_p(os.fsencode(text)) for text in (source, target, kind)]
    _checked(_libc.mount(*texts, ctypes.c_ulong(flags), ctypes.c_char_p(os.fsencode(data))), target)


def unmount(target: str) -> None:
    """Take away what is mounted on `target`; what is still bound from it elsewhere stays."""
    _checked(_libc.umount2(ctypes.c_char_p(os.fsencode(target)), ctypes.c_int(_MNT_DETACH)), target)


def map_ids(inside: tuple[int, int], outside: tuple[int, int]) -> None:
    """In a user namespace just made: let `inside` (uid, gid) mean what `outside` meant in the one before."""
    # A change of credentials makes /proc/self root's; and a gid may be mapped without privilege only
    # once setgroups is given up (user_namespaces(7)).
    _prctl(_PR_SET_DUMPABLE, 1)
    # Bytes, not text: a codec would be loaded here, and the interpreter's own files may be out of reach by now.
    Path("/proc/self/setgroups").write_bytes(b"deny")
    Path("/proc/self/uid_map").write_bytes(b"%d %d 1" % (inside[0], outside[0]))
    Path("/proc/self/gid_map").write_bytes(b"%d %d 1" % (inside[1], outside[1]))


def die_with_parent(signal_number: int) -> None:
    """Have the kernel send `signal_number` to this process when the thread that made it ends."""
    _prctl(_PR_SET_PDEATHSIG, signal_number)


def has_capabilities(wanted: Iterable[Capability]) -> bool:
    """Whether all of `wanted` are effective in this process."""
    for line in Path("/proc/self/status").read_text(encoding="ascii", errors="replace").splitlines():
        if line.startswith("CapEff:"):
            effective = int(line.split()[1], 16)
            return all(effective >> capability & 1 for capability in wanted)
    return False


def keep_only_capabilities(kept: Iterable[Capability]) -> None:
    """Give up for good, for this process and all that it starts, every capability not in `kept`."""
    kept = frozenset(kept)
    for number in range(_CAPABILITIES_MAX):
        held = _libc.prctl(ctypes.c_int(_PR_CAPBSET_READ), ctypes.c_ulong(number), *_ZEROS)
        if held < 0:  # the kernel knows no capability of this number, nor any above
            break
        if held and number not in kept:
            _prctl(_PR_CAPBSET_DROP, number)
    _prctl(_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_CLEAR_ALL)
    _set_capabilities(sum(1 << capability for capability in kept))


def no_new_privileges() -> None:
    """No execve from here on may grant anything: set-user-id bits and file capabilities are void."""
    _prctl(_PR_SET_NO_NEW_PRIVS, 1)


def _set_capabilities(mask: int) -> None:
    """Effective and permitted become `mask`, as far as they hold it now; inheritable becomes empty."""
    header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION_3, 0)
    sets = (ctypes.c_uint32 * 6)()
    _checked(_libc.capget(header, sets))
    for half, bits in ((0, mask & 0xFFFFFFFF), (3, mask >> 32)):
        held = sets[half + 1] & bits
        sets[half], sets[half + 1], sets[half + 2] = held, held, 0
    _checked(_libc.capset(header, sets))


def _prctl(option: int, value: int) -> None:
    _checked(_libc.prctl(ctypes.c_int(option), ctypes.c_ulong(value), *_ZEROS))


def _checked(result: int, name: str | None = None) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), name)
