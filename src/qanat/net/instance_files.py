"""What an instance finds in its file system in place of the machine's: the resolver, the name switch, the authorities.

All of it exists in the mount namespace of the instance alone and goes with it. Other ways to a resolver of the
machine's own (systemd-resolved, nscd) are hidden.
"""

import os
import re
from pathlib import Path
from typing import Final

from qanat.net import linux
from qanat.net.linux import Mount

RESOLV_CONF: Final = "/etc/resolv.conf"
NSSWITCH: Final = "/etc/nsswitch.conf"
STAGE: Final = "/tmp"  # noqa: S108 -- used under a file system of our own
HIDDEN: Final = ("/run/systemd/resolve", "/run/nscd", "/var/run/nscd")
CA_BUNDLES: Final = (
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
)
"""Debian, Fedora, SUSE, Alpine."""


def furnish(resolver: str, ca_file: Path | None) -> None:
    """Put the instance's files in place; to be called in a fresh mount namespace. Raises OSError."""
    linux.mount("none", "/", flags=Mount.REC | Mount.PRIVATE)
    texts = _texts(resolver, ca_file)
    hidden = {real for path in HIDDEN if Path(real := os.path.realpath(path)).is_dir()}
    for directory in hidden:
        _mount_tmpfs(directory)
    _mount_tmpfs(STAGE)
    try:
        for number, (target, text) in enumerate(texts.items()):
            source = f"{STAGE}/{number}"
            Path(source).write_bytes(text)
            linux.mount(source, _present(target, hidden), flags=Mount.BIND)
    finally:
        linux.unmount(STAGE)


def _texts(resolver: str, ca_file: Path | None) -> dict[str, bytes]:
    """What each file of the machine shall hold instead."""
    texts = {RESOLV_CONF: f"nameserver {resolver}\noptions timeout:1 attempts:2 edns0\n".encode()}
    if Path(NSSWITCH).is_file():
        texts[NSSWITCH] = _hosts_by_dns(Path(NSSWITCH).read_bytes())
    if ca_file is not None:
        authority = ca_file.read_bytes()
        for bundle in {os.path.realpath(path) for path in CA_BUNDLES if Path(path).is_file()}:
            texts[bundle] = Path(bundle).read_bytes() + b"\n" + authority
    return texts


def _hosts_by_dns(nsswitch: bytes) -> bytes:
    """The same name switch, but hosts come from files and DNS and from nowhere else."""
    return re.sub(rb"(?m)^[ \t]*hosts:.*\n?", b"", nsswitch) + b"\nhosts: files dns\n"


def _present(target: str, hidden: set[str]) -> str:
    """The file that stands at `target` once links are followed; one is made, for this instance alone, if none does."""
    real = os.path.realpath(target)
    if Path(real).exists():
        return real
    if Path(real).parent.as_posix() in hidden:
        Path(real).touch()
        return real
    directory = Path(target).parent.as_posix()
    upper, work = f"{STAGE}/upper", f"{STAGE}/work"
    Path(upper).mkdir(mode=0o755)
    Path(work).mkdir()
    linux.mount("overlay", directory, "overlay", data=f"lowerdir={directory},upperdir={upper},workdir={work}")
    Path(target).unlink(missing_ok=True)  # a link to nowhere
    Path(target).touch()
    return target


def _mount_tmpfs(directory: str) -> None:
    linux.mount("tmpfs", directory, "tmpfs", Mount.NOSUID | Mount.NODEV, "mode=755")
