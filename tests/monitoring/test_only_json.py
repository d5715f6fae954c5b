"""`logging=json`: every line that a process of the job prints becomes one JSON object."""

import json
import subprocess
import sys
from typing import Any

import pytest

from monitoring.only_json import BURST, MOST_CHARS

NOISE = {
    "a print": "print('a raylet (pid 3) died')",
    "a write past Python": "os.write(2, b'E0101 core_worker.cc:1: gone\\n')",
    "a warning of Python": "warnings.warn('this goes away', DeprecationWarning)",
    "a logger of a library": "logging.getLogger('urllib3').warning('Retrying')",
    "a child process": "subprocess.run(['sh', '-c', 'echo from below >&2'])",
    "half a line at the end": "os.write(1, b'cut off')",
    "bytes that are no text": "os.write(2, b'\\xff\\xfe{\\n')",
    "JSON that is no object": "print('[1, 2]'); print('{\"a\": 1')",
    "a terminal's control characters": "print('\\x1b[31mred\\x1b[0m \\u2028 line')",
    "a thread that breaks": "import threading; t = threading.Thread(target=lambda: 1 / 0); t.start(); t.join()",
}


def ran(code: str) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The lines of a program on standard output and standard error, each parsed as JSON."""
    head = (
        "import logging, os, subprocess, sys, warnings\nfrom monitoring.only_json import only_json\nwith only_json():\n"
    )
    program = head + "".join(f"    {line}\n" for line in code.splitlines())
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, timeout=60, check=True)
    out, err = (
        [json.loads(line) for line in text.decode().split("\n") if line] for text in (ended.stdout, ended.stderr)
    )
    return out, err


def test_every_foreign_line_becomes_an_object() -> None:
    out, err = ran("\n".join(NOISE.values()))
    for line in (*out, *err):
        assert {"time", "level", "message"} <= line.keys()
    said = " ".join(line["message"] for line in (*out, *err))
    for text in (
        "(pid 3) died",
        "core_worker.cc",
        "goes away",
        "Retrying",
        "from below",
        "cut off",
        "[1, 2]",
        "ZeroDivisionError",
    ):
        assert text in said


def test_a_json_object_passes_unchanged() -> None:
    out, err = ran("""print('{"message": "one"}'); print('{"message": "two"}', file=sys.stderr)""")
    assert (out, err) == ([{"message": "one"}], [{"message": "two"}])


def test_a_foreign_line_names_where_it_came_from_and_is_cut() -> None:
    (line,), _ = ran("print('x' * 100_000)")
    assert (line["from"], line["level"]) == ("stdout", "warning")
    assert len(line["message"]) == MOST_CHARS


def test_a_dump_is_cut_to_its_beginning_and_a_count() -> None:
    _, lines = ran("""os.write(2, b'state: 1\\n' * 500); print('{"message": "next"}', file=sys.stderr)""")
    assert len(lines) == BURST + 2
    assert lines[-2]["message"] == f"{500 - BURST} more lines of stderr are omitted"
    assert lines[-1]["message"] == "next"


@pytest.mark.parametrize("number", [1, 2])
def test_output_is_unfiltered_after_the_block(number: int) -> None:
    program = (
        f"import os\nfrom monitoring.only_json import only_json\nwith only_json(): pass\nos.write({number}, b'plain')"
    )
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, timeout=60, check=True)
    assert (ended.stdout, ended.stderr)[number - 1] == b"plain"


def test_a_child_that_outlives_the_job_does_not_delay_its_end() -> None:
    out, _ = ran(
        "subprocess.Popen(['sleep', '20'], start_new_session=True, stdout=1, stderr=subprocess.DEVNULL); print('here')"
    )
    assert [line["message"] for line in out] == ["here"]


@pytest.mark.parametrize("end", ["os.abort()", "os.kill(os.getpid(), 9)", "os._exit(7)"])
def test_the_last_lines_of_an_aborting_process_are_kept(end: str) -> None:
    program = (
        "import os\nfrom monitoring.only_json import only_json\n"
        f"with only_json():\n    os.write(2, b'F0101 gcs_client.cc:9: the head is gone\\n')\n    {end}\n"
    )
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, timeout=60, check=False)
    assert ended.returncode
    (line,) = [json.loads(line) for line in ended.stderr.decode().splitlines()]
    assert line["message"].endswith("the head is gone")


def test_a_signal_to_every_process_of_the_job_does_not_end_the_last_lines() -> None:
    program = (
        "import os, signal, time\nfrom pathlib import Path\nfrom monitoring.only_json import only_json\n"
        "signal.signal(15, lambda *_: None)\nwith only_json():\n"
        "    (child,) = map(int, Path(f'/proc/self/task/{os.getpid()}/children').read_text().split())\n"
        "    while not int(Path(f'/proc/{child}/status').read_text().split('SigIgn:')[1].split()[0], 16) & 1 << 14:\n"
        "        time.sleep(0.01)\n"
        "    os.kill(child, 15)\n    os.killpg(0, 15)\n    print('still here')\n"
    )
    ended = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, timeout=60, check=True, start_new_session=True
    )
    assert json.loads(ended.stdout)["message"] == "still here"
