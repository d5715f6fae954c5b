"""The jail: restrictions that a process puts on itself (Linux; standard library only).

The process applies three layers to itself, and everything that it starts inherits them. No layer needs privileges or
user namespaces, so they work in an unprivileged pod:

- Landlock: only the named files can be read, nothing can be written; no TCP, no signals to processes outside;
- seccomp: an allow-list of system calls (`lensmill.sandbox.syscalls`); every other call fails with EPERM;
- rlimits: memory, processor time, files, core dumps.

The tests show that known attacks fail. That is evidence, not proof: the kernel and these lists may have holes.
"""

import contextlib
import ctypes
import os
import platform
import resource
import struct
from collections.abc import Iterable, Sequence

_libc = ctypes.CDLL(None, use_errno=True)

_PR_SET_SECCOMP, _PR_SET_NO_NEW_PRIVS, _SECCOMP_MODE_FILTER = 22, 38, 2
_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446  # these numbers are equal on every architecture

_EXECUTE, _READ_FILE, _READ_DIR = 1 << 0, 1 << 2, 1 << 3
_FILE_ONLY = _EXECUTE | _READ_FILE
# (ABI that introduced the rights, number of file rights): asking for a right that the kernel lacks is an error
_FILE_RIGHTS = ((1, 13), (2, 14), (3, 15), (5, 16))
_NET_RIGHTS = 0b11  # bind and connect TCP, from ABI 4
_SCOPES = 0b11  # abstract Unix sockets and signals, from ABI 6

_BPF_LOAD, _BPF_JUMP_EQ, _BPF_JUMP_GE, _BPF_JUMP_SET, _BPF_RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_AUDIT_ARCH_X86_64 = 0xC000003E
_X32_BIT = 0x40000000
_ALLOW, _FAIL, _KILL = 0x7FFF0000, 0x00050000, 0x80000000
_EPERM, _ENOSYS = 1, 38
_CLONE, _CLONE3, _CLONE_THREAD, _PRLIMIT = 56, 435, 0x00010000, 302


class JailError(RuntimeError):
    """A layer that this kernel or container does not grant. The message names the layer."""


def landlock_abi() -> int:
    """The version of Landlock that this kernel grants; 0 for none (switched off, too old, or filtered)."""
    return max(0, int(_libc.syscall(_CREATE_RULESET, None, ctypes.c_size_t(0), ctypes.c_uint32(1))))


def seccomp_known() -> bool:
    """Whether system calls can be filtered on this machine. The lists exist for x86-64 only."""
    if platform.machine() != "x86_64":
        return False
    with contextlib.suppress(OSError), open("/proc/self/status", encoding="ascii", errors="replace") as status:
        return any(line.startswith("Seccomp:") for line in status)
    return True


def no_new_privileges() -> None:
    """Keep every program that this process starts from gaining rights (set-uid). The other layers need this."""
    if _libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0):
        raise JailError("no_new_privs was refused: " + os.strerror(ctypes.get_errno()))


def landlock(readable: Iterable[str], executable: Iterable[str] = ()) -> None:
    """Allow reading of these files and of everything below them, and no writing. Paths that do not exist are skipped.

    Args:
        readable: files and folders that may be read.
        executable: files that may also be executed.

    Raises:
        JailError: the kernel does not grant Landlock.
    """
    abi = landlock_abi()
    if abi < 1:
        raise JailError("Landlock is not available here")
    rights = (1 << max(count for since, count in _FILE_RIGHTS if abi >= since)) - 1
    attributes = struct.pack("QQQ", rights, _NET_RIGHTS if abi >= 4 else 0, _SCOPES if abi >= 6 else 0)
    size = 24 if abi >= 6 else 16 if abi >= 4 else 8
    ruleset = _libc.syscall(_CREATE_RULESET, attributes, ctypes.c_size_t(size), ctypes.c_uint32(0))
    if ruleset < 0:
        raise JailError("Landlock refused its rules: " + os.strerror(ctypes.get_errno()))
    try:
        for path in readable:
            _allow(ruleset, path, _READ_FILE | _READ_DIR)
        for path in executable:
            _allow(ruleset, path, _READ_FILE | _READ_DIR | _EXECUTE)
        if _libc.syscall(_RESTRICT_SELF, ruleset, ctypes.c_uint32(0)):
            raise JailError("Landlock could not be put in force: " + os.strerror(ctypes.get_errno()))
    finally:
        os.close(ruleset)


def _allow(ruleset: int, path: str, rights: int) -> None:
    try:
        opened = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return
    try:
        if not os.path.isdir(path):
            rights &= _FILE_ONLY
        rule = struct.pack("=Qi", rights, opened)
        if _libc.syscall(_ADD_RULE, ruleset, ctypes.c_int(1), rule, ctypes.c_uint32(0)):
            raise JailError(f"Landlock refused the rule for {path}: " + os.strerror(ctypes.get_errno()))
    finally:
        os.close(opened)


def seccomp(allowed: Sequence[int], threads: bool) -> None:
    """Allow only these system calls from now on.

    Args:
        allowed: x86-64 numbers of the system calls.
        threads: allow `clone` for threads; otherwise `clone` is refused.

    Raises:
        JailError: the kernel does not grant seccomp.
    """
    if not seccomp_known():
        raise JailError("system calls are not filtered on this machine")

    def step(code: int, jump_true: int, jump_false: int, value: int) -> bytes:
        return struct.pack("HBBI", code, jump_true, jump_false, value)

    program = [
        step(_BPF_LOAD, 0, 0, 4),  # load the architecture: another calling convention has other numbers
        step(_BPF_JUMP_EQ, 1, 0, _AUDIT_ARCH_X86_64),
        step(_BPF_RETURN, 0, 0, _KILL),
        step(_BPF_LOAD, 0, 0, 0),
        step(_BPF_JUMP_GE, 0, 1, _X32_BIT),
        step(_BPF_RETURN, 0, 0, _KILL),
        # clone3 has its flags behind a pointer: after "not implemented" the C library falls back to clone
        step(_BPF_JUMP_EQ, 0, 1, _CLONE3),
        step(_BPF_RETURN, 0, 0, _FAIL | _ENOSYS),
        # allow prlimit64 for process 0 (itself) only: with the same user id it could change the host's limits
        step(_BPF_JUMP_EQ, 0, 4, _PRLIMIT),
        step(_BPF_LOAD, 0, 0, 16),  # low half of the first argument
        step(_BPF_JUMP_EQ, 0, 1, 0),
        step(_BPF_RETURN, 0, 0, _ALLOW),
        step(_BPF_RETURN, 0, 0, _FAIL | _EPERM),
    ]
    if threads:
        program += [
            step(_BPF_JUMP_EQ, 0, 4, _CLONE),
            step(_BPF_LOAD, 0, 0, 16),  # low half of the flags
            step(_BPF_JUMP_SET, 0, 1, _CLONE_THREAD),
            step(_BPF_RETURN, 0, 0, _ALLOW),
            step(_BPF_RETURN, 0, 0, _FAIL | _EPERM),
        ]
    for number in allowed:
        program += [step(_BPF_JUMP_EQ, 0, 1, number), step(_BPF_RETURN, 0, 0, _ALLOW)]
    program.append(step(_BPF_RETURN, 0, 0, _FAIL | _EPERM))
    steps = ctypes.create_string_buffer(b"".join(program))
    head = struct.pack("HxxxxxxQ", len(program), ctypes.addressof(steps))
    if _libc.prctl(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, head, 0, 0):
        raise JailError("seccomp was refused: " + os.strerror(ctypes.get_errno()))


def rlimits(memory_bytes: int, open_files: int, cpu_seconds: int = resource.RLIM_INFINITY) -> None:
    """Set hard limits. Nothing is written to disk, not even a core dump.

    Args:
        memory_bytes: maximum address space in bytes.
        open_files: maximum number of open descriptors.
        cpu_seconds: maximum processor time in seconds.
    """
    wanted = {
        resource.RLIMIT_AS: memory_bytes,
        resource.RLIMIT_CPU: cpu_seconds,
        resource.RLIMIT_NOFILE: open_files,
        resource.RLIMIT_STACK: 16 << 20,
        resource.RLIMIT_FSIZE: 0,
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_MEMLOCK: 0,
        resource.RLIMIT_MSGQUEUE: 0,
    }
    for kind, value in wanted.items():
        hard = resource.getrlimit(kind)[1]
        if hard != resource.RLIM_INFINITY:
            value = hard if value == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(kind, (value, value))


def close_descriptors(keep: Iterable[int] = (0, 1, 2)) -> None:
    """Close every open descriptor except `keep`: the jailed program must not reach the host's files."""
    start = 0
    for kept in sorted(set(keep)):
        if start < kept:  # some Pythons take an empty range for all descriptors
            os.closerange(start, kept)
        start = kept + 1
    os.closerange(start, max(start, min(resource.getrlimit(resource.RLIMIT_NOFILE)[0], 65_536)))


def address_space() -> int:
    """Bytes of address space that this process uses now."""
    with open("/proc/self/statm", encoding="ascii") as statm:
        return int(statm.read().split()[0]) * resource.getpagesize()
