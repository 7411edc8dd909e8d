"""Shuts a child process in, for a bot may bring what turns out to be code: it reads the interpreter and our code,
writes in its own folder, and opens no socket.

Two parts of Linux do it, neither of which asks for rights, so that both work in a container, too. Landlock says which
files may be opened. A seccomp filter refuses the system calls that reach other processes and hosts: an empty network
namespace would leave UNIX sockets that have a path, and is refused by most containers. They are called by number
through `ctypes`, for none of their bindings on PyPI is kept well. Nothing here imports Rasa.
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import resource
import struct
import sys
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LARGEST_FILE = 4 * 1024**3  # bytes
READABLE = (
    *("/usr", "/bin", "/lib", "/lib64", "/etc/ld.so.cache", "/etc/localtime", "/dev/random", "/dev/urandom"),
    *("/proc/self", "/proc/cpuinfo", "/proc/meminfo", "/proc/stat", "/sys/devices/system", "/sys/fs/cgroup"),
)
WRITABLE = ("/dev/null",)
FOR_NETWORK = ("/etc/resolv.conf", "/etc/hosts", "/etc/nsswitch.conf", "/etc/ssl", "/run/systemd/resolve")

PR_SET_NO_NEW_PRIVS, PR_GET_SECCOMP, PR_SET_SECCOMP, SECCOMP_MODE_FILTER = 38, 21, 22, 2
LANDLOCK_CREATE_RULESET, LANDLOCK_ADD_RULE, LANDLOCK_RESTRICT_SELF = 444, 445, 446  # on every processor
LANDLOCK_VERSION, LANDLOCK_PATH_BENEATH = 1, 1
EXECUTE, WRITE, READ, READ_FOLDER = 1 << 0, 1 << 1, 1 << 2, 1 << 3
TRUNCATE, IOCTL = 1 << 14, 1 << 15
OF_A_FILE = EXECUTE | WRITE | READ | TRUNCATE | IOCTL  # the others are of folders
ALL_OF_FILES = {1: (1 << 13) - 1, 2: (1 << 14) - 1, 3: (1 << 15) - 1, 4: (1 << 15) - 1, 5: (1 << 16) - 1}  # by version
ALL_OF_TCP, ALL_SCOPES = 0b11, 0b11  # bind and connect; abstract sockets and signals

ALLOW, REFUSE = 0x7FFF0000, 0x00050000 | errno.EPERM
LOAD, EQUALS, AT_LEAST, AND, RETURN = 0x20, 0x15, 0x35, 0x54, 0x06
# By processor: its audit number, then the system calls' numbers there.
PROCESSORS = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
REFUSED = {
    "x86_64": {
        **{"socket": 41, "connect": 42, "sendmsg": 46, "sendmmsg": 307, "ptrace": 101, "process_vm_readv": 310},
        **{"process_vm_writev": 311, "kcmp": 312, "bpf": 321, "perf_event_open": 298, "userfaultfd": 323},
        **{"add_key": 248, "request_key": 249, "keyctl": 250, "mount": 165, "umount2": 166, "pivot_root": 155},
        **{"chroot": 161, "unshare": 272, "setns": 308, "open_by_handle_at": 304, "init_module": 175},
        **{"finit_module": 313, "delete_module": 176, "reboot": 169, "tkill": 200, "rt_sigqueueinfo": 129},
        **{"rt_tgsigqueueinfo": 297, "mknod": 133, "mknodat": 259},
    },
    "aarch64": {
        **{"socket": 198, "connect": 203, "sendmsg": 211, "sendmmsg": 269, "ptrace": 117, "process_vm_readv": 270},
        **{"process_vm_writev": 271, "kcmp": 272, "bpf": 280, "perf_event_open": 241, "userfaultfd": 282},
        **{"add_key": 217, "request_key": 218, "keyctl": 219, "mount": 40, "umount2": 39, "pivot_root": 41},
        **{"chroot": 51, "unshare": 97, "setns": 268, "open_by_handle_at": 265, "init_module": 105},
        **{"finit_module": 273, "delete_module": 106, "reboot": 142, "tkill": 130, "rt_sigqueueinfo": 138},
        **{"rt_tgsigqueueinfo": 240, "mknodat": 33},
    },
}
OF_NETWORKS = {"socket", "connect", "sendmsg", "sendmmsg"}
# The newer calls have one number everywhere: pidfd_send_signal, io_uring (three), open_tree to fsmount, pidfd_getfd,
# mount_setattr.
REFUSED_EVERYWHERE = (424, 425, 426, 427, 428, 429, 430, 431, 432, 433, 438, 442)
OF_THIS_PROCESS = {
    "x86_64": {"kill": 62, "tgkill": 234, "prlimit64": 302},
    "aarch64": {"kill": 129, "tgkill": 131, "prlimit64": 261},
}
SOCKETPAIR = {"x86_64": 53, "aarch64": 199}
X32 = 0x40000000  # the same calls by other numbers


def enter(folder: Path, readable: Iterable[str | Path] = (), *, network: bool = False) -> None:
    """From here on this process, and all that it starts, has only `folder` to write in. Call it before any thread is
    started. What the system lacks is left out: `lacking` says what."""
    for limit, value in ((resource.RLIMIT_CORE, 0), (resource.RLIMIT_FSIZE, LARGEST_FILE)):
        with suppress(ValueError):  # it is lower already
            resource.setrlimit(limit, (value, value))
    if sys.platform != "linux":
        return
    _call("prctl", PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    if version := _landlock_version():
        _restrict_files(version, folder, [*readable, *(FOR_NETWORK if network else ())], network)
    if platform.machine() in PROCESSORS:
        code = b"".join(_call_filter(platform.machine(), network))
        program = ctypes.create_string_buffer(code, len(code))
        header = struct.pack("HL", len(code) // 8, ctypes.addressof(program))
        _call("prctl", PR_SET_SECCOMP, SECCOMP_MODE_FILTER, header)


def lacking() -> list[str]:
    """What a child process could still do here, as ends of the sentence "it could ..."."""
    found = []
    if sys.platform != "linux" or not _landlock_version():
        found.append("read and write this server's files")
    if sys.platform != "linux" or platform.machine() not in PROCESSORS or _libc().prctl(PR_GET_SECCOMP) < 0:
        found.append("reach other hosts and processes")
    return found


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def _call(name: str, *arguments: object) -> int:
    """Raises OSError."""
    widened = [ctypes.c_long(each) if isinstance(each, int) else each for each in arguments]
    result = int(getattr(_libc(), name)(*widened))
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()), name)
    return result


def _landlock_version() -> int:
    return max(0, int(_libc().syscall(LANDLOCK_CREATE_RULESET, None, ctypes.c_long(0), LANDLOCK_VERSION)))


def _restrict_files(version: int, folder: Path, readable: Iterable[str | Path], network: bool) -> None:
    files = ALL_OF_FILES[min(version, max(ALL_OF_FILES))]
    words = [files, ALL_OF_TCP if version >= 4 and not network else 0, ALL_SCOPES if version >= 6 else 0]
    attributes = struct.pack(f"{len(words)}Q", *words)[: 8 if version < 4 else 16 if version < 6 else 24]
    ruleset = _call("syscall", LANDLOCK_CREATE_RULESET, attributes, len(attributes), 0)
    _allow(ruleset, (folder,), files & ~EXECUTE)
    _allow(ruleset, WRITABLE, files & (READ | WRITE | TRUNCATE | IOCTL))
    # Our packages, and not what stands beside them: `var` has the database and the keys.
    our_code = (path.parent for path in ROOT.glob("*/__init__.py"))
    _allow(ruleset, (*READABLE, sys.prefix, sys.base_prefix, *our_code, *readable), EXECUTE | READ | READ_FOLDER)
    _call("syscall", LANDLOCK_RESTRICT_SELF, ruleset, 0)
    os.close(ruleset)


def _allow(ruleset: int, paths: Iterable[str | Path], access: int) -> None:
    for path in paths:
        with suppress(FileNotFoundError, PermissionError):
            place = os.open(path, os.O_PATH | os.O_CLOEXEC)
            allowed = access if os.path.isdir(path) else access & OF_A_FILE
            _call("syscall", LANDLOCK_ADD_RULE, ruleset, LANDLOCK_PATH_BENEATH, struct.pack("=Qi", allowed, place), 0)
            os.close(place)


def _call_filter(processor: str, network: bool) -> Iterator[bytes]:
    """A program of the kernel's own packet filter, which looks at the number of a call and at its arguments.

    Each instruction is an operation, how many to skip if it is true, how many if not, and a value."""
    number, architecture, first, second = 0, 4, 16, 24  # where they stand in what the program is given
    mine = (0, os.getpid(), -os.getpid() & 0xFFFFFFFF)  # 0 is this process, or its group
    yield _step(LOAD, architecture)
    yield _step(EQUALS, PROCESSORS[processor], 1, 0)
    yield _step(RETURN, REFUSE)
    yield _step(LOAD, number)
    if processor == "x86_64":
        yield _step(AT_LEAST, X32, 0, 1)
        yield _step(RETURN, REFUSE)
    refused = [call for name, call in REFUSED[processor].items() if not (network and name in OF_NETWORKS)]
    for call in (*refused, *REFUSED_EVERYWHERE):
        yield _step(EQUALS, call, 0, 1)
        yield _step(RETURN, REFUSE)
    # A pair of streams, which event loops use, is no way out; a pair of datagram sockets can be connected elsewhere.
    yield _step(EQUALS, SOCKETPAIR[processor], 0, 5)
    yield _step(LOAD, second)
    yield _step(AND, 0xFF)  # without SOCK_NONBLOCK and SOCK_CLOEXEC
    yield _step(EQUALS, 1, 1, 0)
    yield _step(RETURN, REFUSE)
    yield _step(RETURN, ALLOW)
    for call in OF_THIS_PROCESS[processor].values():
        yield _step(EQUALS, call, 0, len(mine) + 3)
        yield _step(LOAD, first)
        for place, process in enumerate(mine):
            yield _step(EQUALS, process, len(mine) - place, 0)
        yield _step(RETURN, REFUSE)
        yield _step(RETURN, ALLOW)
    yield _step(RETURN, ALLOW)


def _step(operation: int, value: int, if_true: int = 0, if_not: int = 0) -> bytes:
    return struct.pack("HBBI", operation, if_true, if_not, value)
