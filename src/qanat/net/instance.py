"""Runs a program as a host in a VPC: `run`, called by the command line's process, which has one thread.

The program reaches what is in its VPC, and cannot leave: it has no power over the network it is in, none to enter
another, and none to regain either. What is kept from it is the network. Files of this machine, with them Unix sockets
that have a path (docker.sock), are out of scope; a program started as root is root over files still.
"""

import errno
import os
import signal
import socket
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final, NoReturn

from qanat.net import fds, linux
from qanat.net.drivers.base import InstanceNetwork
from qanat.net.errors import NetworkUnavailable
from qanat.net.instance_files import furnish
from qanat.net.linux import Capability, Clone

NOT_EXECUTABLE: Final = 126
NOT_FOUND: Final = 127
SIGNAL_BASE: Final = 128
"""The shell's own numbers, which callers know."""

FORWARDED: Final = frozenset(
    {signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGTERM, signal.SIGUSR1, signal.SIGUSR2}
)
SI_KERNEL: Final = 0x80

# What a root program keeps: power over files and ids. Not NET_ADMIN or NET_RAW (another's address), SYS_ADMIN (enter
# a namespace), SYS_PTRACE or SYS_MODULE (act through another process or the kernel), MKNOD, nor any that is not named.
KEPT_AS_ROOT: Final = (
    Capability.CHOWN,
    Capability.DAC_OVERRIDE,
    Capability.FOWNER,
    Capability.FSETID,
    Capability.KILL,
    Capability.SETGID,
    Capability.SETUID,
    Capability.SETPCAP,
    Capability.NET_BIND_SERVICE,
    Capability.SYS_CHROOT,
    Capability.SETFCAP,
)


def send_network(
    sock: socket.socket, network: InstanceNetwork, details: Mapping[str, object] | None = None
) -> None:
    """Server to command line: an instance's network, and `details` that JSON can hold. Raises PeerGone."""
    described = {"vpc_id": network.vpc_id, "address": network.address, "resolvers": network.resolvers}
    fds.send(sock, {"network": described, "details": details or {}}, network.fds)


def send_refusal(sock: socket.socket, reason: str) -> None:
    """Server to command line, in place of a network. Raises PeerGone."""
    fds.send(sock, {"error": reason})


def receive_network(sock: socket.socket) -> tuple[InstanceNetwork, dict[str, object]]:
    """What `send_network` sent. Raises NetworkUnavailable, for a refusal too."""
    message, handed = fds.receive(sock)
    try:
        if "error" in message:
            raise NetworkUnavailable(str(message["error"]))
        described = message["network"]
        network_fd, user_fd = (*handed, None, None)[:2]
        resolvers = tuple(str(address) for address in described["resolvers"])
        network = InstanceNetwork(
            str(described["vpc_id"]), str(described["address"]), resolvers, network_fd, user_fd
        )
        return network, dict(message["details"])
    except (KeyError, TypeError, ValueError) as error:
        fds.close_all(handed)
        raise NetworkUnavailable("the server's answer is not the network of an instance") from error
    except NetworkUnavailable:
        fds.close_all(handed)
        raise


def run(
    network: InstanceNetwork,
    command: Sequence[str],
    environment: Mapping[str, str],
    ca_file: Path | None = None,
) -> int:
    """Run `command` in `network` to its end; its exit status as a shell would give it.

    Standard streams are the caller's. A signal sent to this process is passed on. `ca_file` is added to the
    system's own bundles of authorities, as the program sees them. Raises NetworkUnavailable if the program cannot be
    put into its network; it has not been started then.
    """
    parent = os.getpid()
    heard, told = os.pipe()
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, {*FORWARDED, signal.SIGCHLD})
    try:
        pid = os.fork()
        if pid == 0:
            _become(network, command, environment, ca_file, mask, told, parent)
        os.close(told)
        with os.fdopen(heard, "rb") as report:
            failure = report.read().decode(errors="replace")
        status = _wait(pid)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
    if failure and status not in (NOT_FOUND, NOT_EXECUTABLE):
        raise NetworkUnavailable(failure)
    if failure:
        sys.stderr.write(f"qanat: {failure}\n")
    return status


def _wait(pid: int) -> int:
    """Pass signals on until the program ends; its status."""
    while True:
        received = signal.sigwaitinfo({*FORWARDED, signal.SIGCHLD})
        if received.si_signo == signal.SIGCHLD:
            ended, status = os.waitpid(pid, os.WNOHANG)
            if ended:
                code = os.waitstatus_to_exitcode(status)
                return code if code >= 0 else SIGNAL_BASE - code
        elif received.si_code != SI_KERNEL:  # the terminal's own signals reach the program without us
            os.kill(pid, received.si_signo)


def _become(
    network: InstanceNetwork,
    command: Sequence[str],
    environment: Mapping[str, str],
    ca_file: Path | None,
    mask: set[signal.Signals] | set[int],
    told: int,
    parent: int,
) -> NoReturn:
    """In the child: turn into the program, or say through `told` why not. Never returns."""
    status = 1
    try:
        _enter(network, ca_file)
        linux.die_with_parent(signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(status)
        for ignored_by_python in (signal.SIGPIPE, signal.SIGXFSZ):
            signal.signal(ignored_by_python, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        try:
            os.execvpe(command[0], list(command), dict(environment))  # noqa: S606 -- the user's own command
        except OSError as error:
            missing = isinstance(error, FileNotFoundError | NotADirectoryError) or not _is_there(
                command[0], environment
            )
            status = NOT_FOUND if missing else NOT_EXECUTABLE
            reason = os.strerror(errno.ENOENT) if missing else error.strerror
            os.write(told, f"{command[0]}: {reason}".encode())
    except OSError as error:
        place = f" ({error.filename})" if error.filename else ""
        advice = "; run as the user who runs the server, or as root" if error.errno == errno.EPERM else ""
        os.write(told, f"the instance cannot be given its network: {error.strerror}{place}{advice}".encode())
    except Exception as error:  # noqa: BLE001 -- past a fork, nothing may fly up into the caller's frames
        os.write(told, f"the instance cannot be started: {error!r}".encode())
    finally:
        os._exit(status)


def _is_there(command: str, environment: Mapping[str, str]) -> bool:
    """A directory on the PATH that may not be searched says "permission denied" of every name."""
    if "/" in command:
        return True
    searched = (folder for folder in os.get_exec_path(environment) if os.access(folder, os.X_OK))
    return any(Path(folder, command).exists() for folder in searched)


def _enter(network: InstanceNetwork, ca_file: Path | None) -> None:
    """Into the instance's namespaces, then without the power to leave. Raises OSError."""
    if network.network_fd is None:
        return
    ids = os.getuid(), os.getgid()
    if network.user_fd is not None:
        _enter_user_namespace(network.user_fd)
    linux.set_namespace(network.network_fd, Clone.NEWNET)
    network.close()
    linux.unshare(Clone.NEWNS)
    furnish(network.resolvers[0], ca_file)
    if network.user_fd is not None:
        # A user namespace below the one that owns the VPC: the caller's own ids again, and no power above itself.
        linux.unshare(Clone.NEWUSER)
        linux.map_ids(ids, (0, 0))
    linux.keep_only_capabilities(KEPT_AS_ROOT if network.user_fd is None else ())
    linux.no_new_privileges()


def _enter_user_namespace(user_fd: int) -> None:
    """As its root, which is whoever runs the server: this process is that user, or the machine's root."""
    with suppress(PermissionError):
        os.setgroups([])
    linux.set_namespace(user_fd, Clone.NEWUSER)
    if os.getuid() != 0:
        os.setresgid(0, 0, 0)
        os.setresuid(0, 0, 0)
