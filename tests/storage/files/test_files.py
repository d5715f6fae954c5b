import errno
import multiprocessing
import os
import pickle
import resource
import signal
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.connection import Connection
from pathlib import Path

import pytest

from storage.files.store import Files, StoreError


@pytest.fixture(params=["local", "memory", "s3"])
def files(request: pytest.FixtureRequest, tmp_path: Path) -> Files:
    if request.param == "s3":
        found: Files = request.getfixturevalue("s3_files")
        return found
    return Files(str(tmp_path / "store") if request.param == "local" else f"memory://{tmp_path}/store")


def test_create_makes_a_file_once(files: Files) -> None:
    assert files.create("a/b/one", b"first")
    assert not files.create("a/b/one", b"second")
    assert files.read("a/b/one") == b"first"


def test_create_returns_true_for_a_file_with_the_same_bytes(files: Files) -> None:
    assert files.create("a/one", b"same")
    assert files.create("a/one", b"same")


def test_a_single_writer_creates_a_file_once_too(files: Files) -> None:
    alone = Files(files.root, files._options, single_writer=True)
    assert alone.create("a/one", b"first")
    assert not alone.create("a/one", b"second")
    assert alone.read("a/one") == b"first"


def test_a_streamed_file_exists_after_the_block(files: Files) -> None:
    with files.open("a/one", "wb") as sink:
        sink.write(b"first, ")
        sink.write(b"second")
    with files.open("a/one") as source:
        source.seek(7)
        assert source.read() == b"second"


def test_a_failed_write_leaves_no_file(files: Files) -> None:
    def write() -> None:
        with files.open("a/one", "wb") as sink:
            sink.write(b"half of it")
            raise KeyError

    with pytest.raises(KeyError):
        write()
    assert files.list("a") == []


def test_a_file_is_placed_under_a_name_that_is_free(files: Files) -> None:
    files.put("a/one", b"one")
    files.put("a/two", b"two")
    assert files.place("a/one", "b/one")
    assert not files.place("a/two", "b/one")
    assert files.read("b/one") == b"one"


def test_a_removed_file_is_gone_and_a_missing_file_may_be_removed(files: Files) -> None:
    for path in ("a/1/x", "a/2", "ab"):
        files.put(path, b"x")
    files.remove("a/2")
    files.remove("a/2")
    assert files.list("a") == ["a/1/x"]
    files.remove_folder("a")
    files.remove_folder("a")
    assert files.list("a") == []
    assert files.exists("ab")


def test_list_gives_every_file_below_a_folder_in_order(files: Files) -> None:
    for path in ("a/2", "a/1/x", "b/3"):
        files.put(path, b"")
    assert files.list("a") == ["a/1/x", "a/2"]
    assert files.list("nowhere") == []


def test_the_folders_in_a_folder_are_named_without_looking_deeper(files: Files) -> None:
    for path in ("a/2/x/y", "a/1/x", "a/file", "b/3/x"):
        files.put(path, b"")
    assert files.folders("a") == ("1", "2")
    assert files.folders("nowhere") == ()


def test_exists_and_size_describe_a_file(files: Files) -> None:
    files.put("a/one", b"12345")
    assert files.exists("a/one")
    assert not files.exists("a")
    assert not files.exists("a/two")
    assert files.size("a/one") == 5


def test_a_missing_file_is_file_not_found(files: Files) -> None:
    with pytest.raises(FileNotFoundError):
        files.read("nothing")
    with pytest.raises(FileNotFoundError):
        files.size("nothing")
    with pytest.raises(FileNotFoundError), files.open("nothing"):
        pass


def test_files_travel_to_other_processes(files: Files) -> None:
    files.put("a/one", b"here")
    copy = pickle.loads(pickle.dumps(files))
    assert copy.locate("a/one") == files.locate("a/one")
    assert copy.exists("a/one")


@pytest.mark.parametrize("path", ["../x", "a/../../x", "/etc/passwd", "a//b", "", "./a"])
def test_a_path_never_leaves_the_root(tmp_path: Path, path: str) -> None:
    with pytest.raises(ValueError, match="relative and plain"):
        Files(str(tmp_path)).create(path, b"")


def test_exactly_one_of_racing_threads_creates(tmp_path: Path) -> None:
    files, start = Files(str(tmp_path)), threading.Barrier(8)

    def race(number: int) -> bool:
        start.wait()
        return files.create("prize", b"%d" % number * 1000)

    with ThreadPoolExecutor(8) as pool:
        won = list(pool.map(race, range(8)))
    assert won.count(True) == 1
    assert files.read("prize") == b"%d" % won.index(True) * 1000
    assert files.list("staging") == []


def _race(root: str, number: int, line: Connection) -> None:
    files = Files(root)
    line.send("ready")
    line.recv()
    line.send([files.create(f"prize{turn}", b"%d" % number) for turn in range(20)])


def test_exactly_one_of_racing_processes_creates_each(tmp_path: Path) -> None:
    fork = multiprocessing.get_context("fork")
    pipes = [fork.Pipe() for _ in range(4)]
    racers = [fork.Process(target=_race, args=(str(tmp_path), i, pipe[1])) for i, pipe in enumerate(pipes)]
    for racer in racers:
        racer.start()
    for pipe, _ in pipes:
        assert pipe.recv() == "ready"
    for pipe, _ in pipes:
        pipe.send("go")
    won = [pipe.recv() for pipe, _ in pipes]
    for racer in racers:
        racer.join()
    assert [sum(turn) for turn in zip(*won, strict=True)] == [1] * 20


def _die_while_writing(root: str) -> None:
    with Files(root).open("parts/big", "wb") as sink:
        sink.write(b"x" * 100_000)
        sink.flush()
        os.kill(os.getpid(), signal.SIGKILL)


def _die_while_creating(root: str) -> None:
    os.link = lambda *_, **__: os.kill(os.getpid(), signal.SIGKILL)
    Files(root).create("commits/one", b"never to be seen")


@pytest.mark.parametrize("die", [_die_while_writing, _die_while_creating])
def test_a_killed_writer_leaves_no_created_file_and_a_store_that_works(
    tmp_path: Path, die: Callable[[str], None]
) -> None:
    writer = multiprocessing.get_context("fork").Process(target=die, args=(str(tmp_path),))
    writer.start()
    writer.join()
    assert writer.exitcode == -signal.SIGKILL
    files = Files(str(tmp_path))
    assert files.list("commits") == []
    assert files.create("commits/one", b"seen")
    assert files.list("commits") == ["commits/one"]


def _fill(root: str, line: Connection) -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        Files(root).create("one", b"x" * 2000)
    except StoreError as error:
        line.send(str(error))


def test_a_file_over_the_limit_is_one_clear_line(tmp_path: Path) -> None:
    ours, theirs = multiprocessing.Pipe()
    writer = multiprocessing.get_context("fork").Process(target=_fill, args=(str(tmp_path), theirs))
    writer.start()
    message = ours.recv()
    writer.join()
    assert str(tmp_path / "one") in message
    assert "larger than" in message
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
def test_a_full_disk_is_one_clear_line(tmp_path: Path) -> None:
    def fill() -> None:
        with Files(str(tmp_path)).open("parts/one", "wb") as sink, open("/dev/full", "wb", buffering=0) as full:
            sink.write(b"half of it")
            full.write(b"x")

    with pytest.raises(StoreError, match=r"parts/one: No space left on device; the disk is full: free some space"):
        fill()
    assert os.listdir(tmp_path / "parts") == []


@pytest.mark.parametrize(
    ("number", "said"),
    [(errno.EROFS, "read-only: mount it writable"), (errno.EACCES, "no permission"), (errno.EDQUOT, "quota")],
)
def test_errors_of_the_system_say_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, said: str
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "fsync", refuse)
    with pytest.raises(StoreError, match=said):
        Files(str(tmp_path)).create("one", b"data")
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_a_root_below_a_file_is_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(StoreError, match=r"file/store/one.*a part of this path is a file"):
        Files(str(tmp_path / "file" / "store")).create("one", b"data")


def test_a_file_system_without_hard_links_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.EPERM, os.strerror(errno.EPERM))

    monkeypatch.setattr(os, "link", refuse)
    with pytest.raises(StoreError, match="no hard links"):
        Files(str(tmp_path)).create("one", b"data")


def test_files_are_located_by_path_or_by_url(tmp_path: Path) -> None:
    assert Files(str(tmp_path)).locate("a/b") == f"{tmp_path}/a/b"
    assert Files("memory://store").locate("a/b") == "memory:///store/a/b"


def test_a_url_without_a_file_system_is_one_clear_line() -> None:
    with pytest.raises(StoreError, match="foo://bucket/x: Protocol not known: foo; give a local path"):
        Files("foo://bucket/x")


def test_a_driver_that_is_not_installed_is_named_with_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "gcsfs", None)
    with pytest.raises(StoreError, match=r"gs://bucket/x: Please install gcsfs .*: pip install '\.\[gs\]'"):
        Files("gs://bucket/x")


def test_a_servers_url_is_refused_as_a_root() -> None:
    with pytest.raises(StoreError, match=r"goes into store\.endpoint="):
        Files("http://127.0.0.1:9000/bucket")


def test_a_root_that_cannot_be_made_is_one_clear_line() -> None:
    with pytest.raises(StoreError, match=r"/proc/no-such-place/file: .*choose another out="):
        Files("/proc/no-such-place").put("file", b"")
