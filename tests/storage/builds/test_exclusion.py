"""A list of what to take down: what is read as an id, and what is refused."""

import pytest

from storage.builds.exclusion import Exclusion, parse_exclusion

PICTURE, SAMPLE = "ab" * 32, "0c" * 16


def test_ids_and_origins_are_told_apart() -> None:
    found = parse_exclusion(f"{PICTURE}\n{SAMPLE}\ntest/test_human.json row 17\n".encode())
    assert found == Exclusion(frozenset({PICTURE, SAMPLE}), frozenset({"test/test_human.json row 17"}))


@pytest.mark.parametrize(
    "text",
    [
        f"# why\n\n{SAMPLE}\n",
        f"{SAMPLE}  # asked for by its owner",
        f"\ufeff  {SAMPLE.upper()}\r\n",
        f"{SAMPLE}\n{SAMPLE}\n",
    ],
)
def test_comments_blanks_capitals_and_repeats_do_not_matter(text: str) -> None:
    assert parse_exclusion(text.encode()) == Exclusion(frozenset({SAMPLE}))


def test_an_origin_may_hold_a_hash_sign_and_begin_with_an_id() -> None:
    origins = {"rows #2.json row 3", f"{SAMPLE}.json"}
    assert parse_exclusion("\n".join(sorted(origins)).encode()).origins == origins


@pytest.mark.parametrize(
    "data",
    [
        b"\xff\xfe0\x00c\x00",
        b"PAR1\x00\x01",
        f"{SAMPLE[:-1]}\n".encode(),
        f"{SAMPLE}0\n".encode(),
        f"{SAMPLE},owner\n".encode(),
        f'"{SAMPLE}"\n'.encode(),
        b"a" * 3000,
    ],
)
def test_a_garbled_list_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"line|UTF-8"):
        parse_exclusion(data)


def test_a_bad_line_is_named_by_its_number() -> None:
    with pytest.raises(ValueError, match="line 3"):
        parse_exclusion(f"# list\n{SAMPLE}\n{SAMPLE[:30]}\n".encode())


def test_the_lines_of_a_list_read_back_as_the_same_list() -> None:
    found = Exclusion(frozenset({PICTURE, SAMPLE}), frozenset({"b row 2", "a row 1"}))
    assert parse_exclusion("\n".join(found.lines()).encode()) == found
