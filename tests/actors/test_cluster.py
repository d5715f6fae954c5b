"""Starting a Ray of our own."""

import socket
import subprocess
import sys
from pathlib import Path

import pytest

from actors.cluster import ClusterSettings, connect
from actors.errors import ClusterError

ROOT = Path(__file__).resolve().parents[2]

LISTENERS = """
import os
from pathlib import Path
import ray
from actors.cluster import ClusterSettings, connect
print(connect(ClusterSettings(workers=1)))
ours = {int(p.name) for p in Path("/proc").iterdir() if p.name.isdigit() and os.getpgid(int(p.name)) == os.getpgrp()}
inodes = set()
for pid in ours:
    for entry in Path(f"/proc/{pid}/fd").iterdir():
        try:
            target = os.readlink(entry)
        except OSError:
            continue
        if target.startswith("socket:["):
            inodes.add(target[8:-1])
for table in ("tcp", "tcp6"):
    for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]:
        fields = line.split()
        if fields[3] == "0A" and fields[9] in inodes:
            print("listens", fields[1].rpartition(":")[0])
ray.shutdown()
"""


def test_it_listens_on_loopback_only() -> None:
    ended = subprocess.run(
        [sys.executable, "-c", LISTENERS],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
        start_new_session=True,
    )
    addresses = {line.split()[1] for line in ended.stdout.splitlines() if line.startswith("listens")}
    assert addresses
    assert addresses <= {"0100007F", "0000000000000000FFFF00000100007F", "00000000000000000000000001000000"}


def test_no_cluster_at_the_address_is_one_line_that_says_how_to_start_one() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    with pytest.raises(ClusterError, match="ray start --head") as caught:
        connect(ClusterSettings(address=address))
    assert "\n" not in str(caught.value)
