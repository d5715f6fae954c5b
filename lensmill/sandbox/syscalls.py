"""The system calls that each jailed program may make, by name and x86-64 number: only those that it needs in
practice."""

_BASE = {
    "read": 0,
    "write": 1,
    "close": 3,
    "fstat": 5,
    "poll": 7,
    "lseek": 8,
    "mmap": 9,
    "mprotect": 10,
    "munmap": 11,
    "brk": 12,
    "rt_sigaction": 13,
    "rt_sigprocmask": 14,
    "rt_sigreturn": 15,
    "readv": 19,
    "writev": 20,
    "sched_yield": 24,
    "mremap": 25,
    "madvise": 28,
    "nanosleep": 35,
    "getpid": 39,
    "exit": 60,
    "fcntl": 72,
    "gettid": 186,
    "futex": 202,
    "sched_getaffinity": 204,
    "restart_syscall": 219,
    "clock_gettime": 228,
    "clock_getres": 229,
    "clock_nanosleep": 230,
    "exit_group": 231,
    "sigaltstack": 131,
    "set_robust_list": 273,
    "getrandom": 318,
    "membarrier": 324,
    "rseq": 334,
}

_LOADING = {
    "open": 2,
    "stat": 4,
    "pread64": 17,
    "access": 21,
    "arch_prctl": 158,
    "set_tid_address": 218,
    "openat": 257,
    "newfstatat": 262,
}

WORKER = tuple((_BASE | _LOADING | {"execve": 59}).values())
"""The interpreter's worker: starts (with one `execve`), loads its libraries, computes, and talks over its pipes.
Landlock restricts the files."""

CHILD = tuple(
    (
        _BASE
        | _LOADING
        | {
            "lstat": 6,
            "ioctl": 16,
            "select": 23,
            "mincore": 27,
            "dup": 32,
            "getcwd": 79,
            "readlink": 89,
            "gettimeofday": 96,
            "getrusage": 98,
            "sysinfo": 99,
            "uname": 63,
            "getuid": 102,
            "getgid": 104,
            "geteuid": 107,
            "getegid": 108,
            "getdents64": 217,
            "readlinkat": 267,
            "ppoll": 271,
            "pselect6": 270,
            "sched_getparam": 143,
            "sched_getscheduler": 145,
            "statx": 332,
            "faccessat2": 439,
        }
    ).values()
)
"""A forked CPython with its libraries imported: no new processes or programs, no threads, no sockets, no signals."""

BROKER = tuple(
    (
        _BASE
        | _LOADING
        | {
            "execve": 59,
            "wait4": 61,
            "kill": 62,
            "waitid": 247,
            "pipe": 22,
            "pipe2": 293,
            "dup": 32,
            "dup2": 33,
            "dup3": 292,
            "clone": 56,
            "fork": 57,
            "vfork": 58,
            "socketpair": 53,
            "getcwd": 79,
            "readlink": 89,
            "getdents64": 217,
            "lstat": 6,
            "ioctl": 16,
            "uname": 63,
            "sysinfo": 99,
            "getuid": 102,
            "getgid": 104,
            "geteuid": 107,
            "getegid": 108,
            "setpgid": 109,
            "getppid": 110,
            "setsid": 112,
            "prctl": 157,
            "seccomp": 317,
            "close_range": 436,
            "eventfd2": 290,
            "epoll_create1": 291,
            "epoll_ctl": 233,
            "epoll_wait": 232,
            "epoll_pwait": 281,
            "ppoll": 271,
            "pidfd_open": 434,
            "pidfd_send_signal": 424,
            "landlock_create_ruleset": 444,
            "landlock_add_rule": 445,
            "landlock_restrict_self": 446,
            "setrlimit": 160,
            "getrlimit": 97,
            "tgkill": 234,
            "statx": 332,
            "readlinkat": 267,
            "faccessat2": 439,
            "setgroups": 116,
            "recvfrom": 45,
            "sendto": 44,
            "recvmsg": 47,
            "sendmsg": 46,
            "shutdown": 48,
            "getpeername": 52,
        }
    ).values()
)
"""The broker: starts workers, which need their own layers. It has no sockets."""
