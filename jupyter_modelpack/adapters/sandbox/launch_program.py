"""Starts one process for the sandbox, kept apart by Linux namespaces or only kept together.

A program of its own (``python launch_program.py FD``, the order as JSON on the descriptor): what it
does to its own process cannot be undone. The order's ``namespaces`` says which of the two it is.
"""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import json
import os
import platform
import signal
import socket
import struct
import sys
from typing import Any

_LIBC = ctypes.CDLL(None, use_errno=True)
_NEW = {"user": 0x10000000, "mount": 0x20000, "pid": 0x20000000, "ipc": 0x8000000, "uts": 0x4000000}
_NEW_NET, _NEW_CGROUP = 0x40000000, 0x2000000
_RDONLY, _NOSUID, _NODEV, _NOEXEC, _REMOUNT = 1, 2, 4, 8, 32
_NOATIME, _NODIRATIME, _RELATIME = 1024, 2048, 1 << 21
_BIND, _REC, _PRIVATE = 4096, 16384, 1 << 18
_DETACH = 2
_PIVOT_ROOT = {"x86_64": 155, "aarch64": 41, "riscv64": 41, "ppc64le": 203, "s390x": 217}
_SET_PDEATHSIG, _SET_SUBREAPER, _NO_NEW_PRIVS, _CAPBSET_DROP = 1, 36, 38, 24
_DEVICES = ("null", "zero", "full", "random", "urandom")
_HEARD = (signal.SIGTERM, signal.SIGCHLD)
_COVERED = ("sys", "sysrq-trigger", "irq", "bus", "fs")


def main() -> int:
    """Start the process that is ordered, wait for it, and return its exit code."""
    with os.fdopen(int(sys.argv[1]), "r", encoding="utf-8") as stream:
        order = json.load(stream)
    if not order["namespaces"]:
        return _host(order)
    _die_with_parent(order["parent"])
    _unshare(order)
    pid = os.fork()
    if pid == 0:
        _guarded(lambda: _inside(order))
    return _code(os.waitpid(pid, 0)[1])


def _host(order: dict[str, Any]) -> int:
    """Run the process on the host; when it ends, end whatever it leaves behind."""
    _prctl(_SET_SUBREAPER, 1)
    pid = os.fork()
    if pid == 0:
        _guarded(lambda: _become(order, order["work"]))
    # waited for, as a handler would not be called once this process has begun to wait for others
    signal.pthread_sigmask(signal.SIG_BLOCK, _HEARD)
    # not SIGKILL: this process is what can end the others when the one that ordered them is gone
    _prctl(_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != order["parent"]:
        os.kill(pid, signal.SIGKILL)
    code = _reap_or_end(pid)
    # orphans become our children, so that this finds also those that forked meanwhile
    with contextlib.suppress(ChildProcessError):
        while True:
            for child in _children():
                os.kill(child, signal.SIGKILL)
            os.waitpid(-1, 0)
    return code


def _inside(order: dict[str, Any]) -> int:
    """Be process 1 of the new namespaces: build the root, start the process, reap."""
    _die_with_parent(None)
    _build_root(order)
    if not order["network"]:
        _loopback_up()
    _prctl(_NO_NEW_PRIVS, 1)
    for capability in range(64):
        _LIBC.prctl(_CAPBSET_DROP, capability, 0, 0, 0)
    pid = os.fork()
    if pid == 0:
        _guarded(lambda: _become(order, "/work"))
    return _reap_until(pid)


def _become(order: dict[str, Any], directory: str) -> int:
    os.chdir(directory)
    os.setsid()
    os.umask(0o022)
    os.closerange(3, 4096)
    os.execve(order["argv"][0], order["argv"], order["env"])


def _reap_until(wanted: int) -> int:
    while True:
        pid, status = os.wait()
        if pid == wanted:
            return _code(status)


def _reap_or_end(wanted: int) -> int:
    """Reap until a process has ended, and end it when somebody wants that."""
    while True:
        pid, status = os.waitpid(-1, os.WNOHANG)
        if pid == wanted:
            return _code(status)
        if pid == 0 and signal.sigwait(_HEARD) == signal.SIGTERM:
            os.kill(wanted, signal.SIGKILL)


def _children() -> list[int]:
    fd = os.open(f"/proc/self/task/{os.getpid()}/children", os.O_RDONLY)
    try:
        return [int(word) for word in os.read(fd, 1 << 20).split()]
    finally:
        os.close(fd)


def _unshare(order: dict[str, Any]) -> None:
    user, group = os.geteuid(), os.getegid()
    flags = sum(_NEW.values()) | (0 if order["network"] else _NEW_NET)
    _check(_LIBC.unshare(flags), "unshare")
    _LIBC.unshare(_NEW_CGROUP)
    with contextlib.suppress(OSError):
        _write("/proc/self/setgroups", "deny")
    _write("/proc/self/uid_map", f"{order['user']} {user} 1")
    _write("/proc/self/gid_map", f"{order['user']} {group} 1")


def _build_root(order: dict[str, Any]) -> None:
    _mount("none", "/", None, _REC | _PRIVATE)
    stage = order["stage"]
    _mount("tmpfs", stage, "tmpfs", _NOSUID | _NODEV, "mode=755")
    root = stage + "/root"
    os.mkdir(root)
    _bind(order["base"], root, read_only=True)
    for place, source in order["over"]:
        _bind(source, f"{root}/{place}", read_only=True)
    _bind(order["tmp"], root + "/tmp")
    _bind(order["work"], root + "/work")
    for place, source in order["inputs"]:
        _bind(source, f"{root}/work/{place}", read_only=True)
    for place, source in order["etc"]:
        _bind(source, f"{root}/{place}", read_only=True)
    _devices(root + "/dev", order["shm_bytes"])
    _mount("proc", root + "/proc", "proc", _NOSUID | _NODEV | _NOEXEC)
    with contextlib.suppress(OSError):
        _write(root + "/proc/sys/user/max_user_namespaces", "0")
    for name in _COVERED:
        if os.path.exists(f"{root}/proc/{name}"):
            _bind(f"{root}/proc/{name}", f"{root}/proc/{name}", read_only=True)
    os.chdir(root)
    number = _PIVOT_ROOT[platform.machine()]
    _check(_LIBC.syscall(number, b".", b"."), "pivot_root")
    _check(_LIBC.umount2(b".", _DETACH), "umount")
    os.chdir("/")
    with contextlib.suppress(OSError):
        socket.sethostname("modelpack")


def _devices(folder: str, shm_bytes: int) -> None:
    _mount("tmpfs", folder, "tmpfs", _NOSUID, "mode=755")
    for name in _DEVICES:
        os.close(os.open(f"{folder}/{name}", os.O_WRONLY | os.O_CREAT, 0o644))
        _mount(f"/dev/{name}", f"{folder}/{name}", None, _BIND)
    for name, target in (("fd", "fd"), ("stdin", "fd/0"), ("stdout", "fd/1"), ("stderr", "fd/2")):
        os.symlink(f"/proc/self/{target}", f"{folder}/{name}")
    os.mkdir(folder + "/shm")
    _mount("tmpfs", folder + "/shm", "tmpfs", _NOSUID | _NODEV, f"mode=1777,size={shm_bytes}")
    _mount("none", folder, None, _REMOUNT | _BIND | _RDONLY | _NOSUID)


def _bind(source: str, target: str, read_only: bool = False) -> None:
    _mount(source, target, None, _BIND)
    # flags that the host has locked on the mount must be repeated, or the change is refused
    kept = os.statvfs(target).f_flag & (_NOEXEC | _NOATIME | _NODIRATIME)
    relative = _RELATIME if os.statvfs(target).f_flag & 4096 else 0
    flags = _REMOUNT | _BIND | _NOSUID | _NODEV | kept | relative
    _mount("none", target, None, flags | (_RDONLY if read_only else 0))


def _loopback_up() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        request = struct.pack("16sh14x", b"lo", 0)
        flags = struct.unpack("16sh14x", fcntl.ioctl(probe, 0x8913, request))[1]
        fcntl.ioctl(probe, 0x8914, struct.pack("16sh14x", b"lo", flags | 1))


def _die_with_parent(parent: int | None) -> None:
    _prctl(_SET_PDEATHSIG, signal.SIGKILL)
    if parent is not None and os.getppid() != parent:
        os._exit(1)  # it was gone before this was asked for


def _guarded(work: Any) -> None:
    """Do the work of a child process and end it, whatever happens."""
    try:
        code = work()
    except BaseException as error:
        os.write(2, f"The sandbox could not be set up: {error}\n".encode())
        code = 70
    os._exit(code)


def _code(status: int) -> int:
    return 128 + os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)


def _mount(source: str, target: str, kind: str | None, flags: int, data: str = "") -> None:
    result = _LIBC.mount(
        os.fsencode(source),
        os.fsencode(target),
        kind.encode() if kind else None,
        ctypes.c_ulong(flags),
        data.encode() or None,
    )
    _check(result, f"mount {target}")


def _prctl(option: int, value: int) -> None:
    _check(_LIBC.prctl(option, value, 0, 0, 0), "prctl")


def _check(result: int, what: str) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")


def _write(path: str, text: str) -> None:
    fd = os.open(path, os.O_WRONLY)
    try:
        os.write(fd, text.encode("ascii"))
    finally:
        os.close(fd)


if __name__ == "__main__":
    _guarded(main)
