"""Starts in place of the interpreter's worker, enters a jail tighter than the broker's, and becomes the worker.

It runs by path with an isolated interpreter (`python -IS launcher.py BINARY LAYERS ARGUMENTS...`), so that it starts in
about twenty milliseconds. For that reason the imports are inside `main`.
"""

import os
import sys

_ADDRESS_SPACE = 1 << 29


def main(binary: str, layers: str, arguments: list[str]) -> None:
    """Enter the jail and execute the worker's binary in this process. Never returns."""
    sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))  # the only way to these modules in the broker's jail
    import jail  # type: ignore[import-not-found]
    import syscalls  # type: ignore[import-not-found]

    jail.close_descriptors()
    jail.no_new_privileges()
    jail.rlimits(_ADDRESS_SPACE, open_files=16)
    if "landlock" in layers:
        libraries = ["/lib", "/lib64", "/usr/lib", "/usr/lib64", "/usr/local/lib", "/etc/ld.so.cache"]
        jail.landlock(["/proc/self/maps"], [binary, *libraries])
    if "seccomp" in layers:
        jail.seccomp(syscalls.WORKER, threads=True)
    os.execve(binary, [binary, *arguments], {})


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3:])
