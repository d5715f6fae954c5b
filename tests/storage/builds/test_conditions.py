"""Which texts are conditions over the ledger, and what is said of the others."""

import pytest

from lensmill.facts.measure import measures_of
from storage.builds.conditions import ConditionError, checked
from storage.builds.ledger import ledger_schema
from storage.builds.sql import connect

SCHEMA = ledger_schema(measures_of())


def columns(sql: str) -> set[str]:
    with connect(threads=1) as engine:
        (condition,) = checked(engine, SCHEMA, [("keep", sql)])
    return {*condition.columns}


@pytest.mark.parametrize(
    ("sql", "read"),
    [
        ("zooms > 0", {"zooms"}),
        ("ZOOMS > 0 AND rung <= 896 -- closer", {"zooms", "rung"}),
        ("answer ilike '%a%' or source in ('a', 'b')", {"answer", "source"}),
        ("coalesce(target_coverage >= 0.5, true)", {"target_coverage"}),
        ("case when rung > 448 then zooms > 0 else true end", {"rung", "zooms"}),
        ("zoom_areas[1] < 0.5", {"zoom_areas"}),
        ("len([x for x in zoom_areas if x < 0.2]) > 0", {"zoom_areas"}),
        ("len(list_filter(zoom_areas, lambda x, i: x > 0.1 and i > 1)) > 0", {"zoom_areas"}),
        ("try_cast(answer as double) between 1 and 2", {"answer"}),
        ("regexp_matches(answer, '^[0-9]+$')", {"answer"}),
        ('"rung" % 2 = 0 and not exact', {"rung", "exact"}),
        ("true", set()),
    ],
)
def test_a_condition_says_which_columns_it_reads(sql: str, read: set[str]) -> None:
    assert columns(sql) == read


@pytest.mark.parametrize(
    "sql",
    [
        "exists(select 1 from '/etc/passwd')",
        "(select count(*) from read_text('/etc/passwd')) > 0",
        "zooms in (select 1)",
        "zooms > all(zoom_areas)",
        "read_text('/etc/passwd') is null",
        "try(read_blob('x')) is null",
        "getenv('HOME') = 'x'",
        "getvariable('x') = 1",
        "current_setting('threads') > 1",
        "version() = 'x'",
        "query('select 1')",
        "nextval('s') > 0",
        "sleep_ms(10000) is null",
        "write_log('x') is null",
        "error('x')",
        "random() < 0.5",
        "now() > '2020-01-01'",
        "age(make_timestamp(2020, 1, 1, 0, 0, 0.0)) > interval 1 year",
        "current_date > date '2020-01-01'",
        "count(*) > 1",
        "sum(zooms) filter (where exact) > 0",
        "row_number() over () > 1",
        "unnest(zoom_areas) > 0",
        "system.main.abs(zooms) > 0",
        "columns('z.*') > 0",
        "*",
        "$1 > 0",
    ],
)
def test_nothing_that_reaches_beyond_a_row_can_stand_in_a_condition(sql: str) -> None:
    with pytest.raises(ConditionError, match=r"cannot stand in a condition|no column current_date"):
        columns(sql)


@pytest.mark.parametrize(
    "sql",
    [
        "zooms > 0; drop table facts",
        "zooms > 0, rung > 1",
        "zooms > 0 as x",
        "zooms > 0 from facts",
        "zooms > 0 where exact",
        "zooms > 0 limit 1",
        "zooms > 0 order by 1",
        "zooms > 0 union select true",
        "true group by 1",
        "true having true",
        "true qualify true",
        "true using sample 1",
        "distinct zooms > 0",
        "with x as (select 1) select true",
        "a) or (b",
        "zooms > 0 /*",
        "zooms >",
        "zooms > 0 \0",
        "",
        "(" * 3000 + "true" + ")" * 3000,
    ],
)
def test_a_text_that_is_no_single_expression_is_refused(sql: str) -> None:
    with pytest.raises(ConditionError, match=r"write .*condition, e\.g\. 'zooms > 0") as refused:
        columns(sql)
    assert "\n" not in str(refused.value)


def test_an_unknown_column_is_named_with_near_ones() -> None:
    with pytest.raises(ConditionError, match=r"^keep: there is no column target_cover: did you mean target_coverage"):
        columns("target_cover > 0.5")


def test_a_condition_is_true_or_false() -> None:
    with pytest.raises(ConditionError, match=r"^keep: is INTEGER, not true or false: compare it"):
        columns("zooms")


def test_types_that_do_not_go_together_are_told() -> None:
    with pytest.raises(ConditionError, match=r"^keep: Binder Error: "):
        columns("zoom_areas > 1")
