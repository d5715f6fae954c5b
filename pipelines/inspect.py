"""Looks at a dataset of a user's own, and proposes the settings that read it. Nothing is guessed in silence.

    python -m pipelines.inspect path=/data/rows.parquet

Needs neither a cluster nor a model.
"""

import re
import shlex
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from monitoring.sample_sheet import sample_sheet
from pipelines.command import run_command
from pipelines.config import SettingsError, load, with_folder
from pipelines.exit_status import ExitStatus
from pipelines.help import INSPECT_HELP
from storage.sources.protocol import SourceError
from storage.sources.rows import RowProblem, shown
from storage.sources.table.layouts.layout import Layout
from storage.sources.table.layouts.opening import open_table, split_of
from storage.sources.table.proposing.looking import sampled
from storage.sources.table.proposing.proposal import Proposal, propose
from storage.sources.table.proposing.trial import Trial, named_sources, trial
from storage.sources.table.settings import ROLES, TableSettings

PLAIN = re.compile(r"(?!(?:true|false|null|nan|inf|yes|no|on|off)$)[A-Za-z_/][\w./-]*", re.IGNORECASE)
"""Values that need no quotes in a setting."""

GENERIC_NAMES = re.compile(r"(?:train|val|validation|test|dev|data|rows|metadata|questions|annotations|qa|\d+)[-_\d.]*")
SHOWN_COLUMNS = 40


@dataclass(frozen=True, slots=True)
class InspectSettings:
    """The settings of `python -m pipelines.inspect`; conf/inspect.yaml explains each."""

    path: str
    rows: int = 200
    sheet: str = "inspect.png"
    columns: Mapping[str, Any] = field(default_factory=dict)
    source_rows: str | None = None

    def __post_init__(self) -> None:
        if not 1 <= self.rows <= 100_000:
            raise ValueError("rows must be from 1 to 100000")
        if wrong := [role for role in self.columns if role not in ROLES]:
            raise ValueError(f"columns: there is no {wrong[0]}: choose of {', '.join(ROLES)}")


def inspect(settings: InspectSettings) -> int:
    """Look, propose, try, and print. The status is FAILED if a person has to decide something, or nothing was read.

    Raises:
        SourceError: there is nothing to read, and no named source reads it either.
    """
    try:
        root, layouts = open_table(settings.path, "table", rows=settings.source_rows)
        rows, counted = sampled(layouts, settings.rows)
    except SourceError as error:
        if not (named := named_sources(settings.path)):
            raise
        print(f"not read as a table: {error}")
        _named(named, settings.path)
        return ExitStatus.DONE
    good = [row for _, row in rows if not isinstance(row, RowProblem)]
    if not good:
        first = next((f"; {origin}: {row}" for origin, row in rows), "")
        raise SourceError(f"sources/table: {settings.path} has no row that can be read{first}")
    folders = list(dict.fromkeys([layouts[0].file.parent, root]))
    proposal = propose(good, folders, root, settings.columns)
    proposal.settings["dataset"] = _dataset(settings.path)
    if settings.source_rows is not None:
        proposal.settings["rows"] = settings.source_rows
    _print_files(settings, layouts, root, counted, len(rows))
    _print_columns(proposal, len(good))
    found = _tried(settings, proposal)
    print("run:" if not proposal.undecided else "run, when you have filled in what is open:")
    print(f"  {command(settings.path, proposal)}")
    if named := named_sources(settings.path):
        _named(named, settings.path)
    return ExitStatus.DONE if found is not None and found.samples and not proposal.undecided else ExitStatus.FAILED


def _print_files(settings: InspectSettings, layouts: Sequence[Layout], root: Path, counted: int, seen: int) -> None:
    names = ", ".join(layout.where for layout in layouts[:5]) + (", ..." if len(layouts) > 5 else "")
    print(f"{settings.path}: {counted:,} rows in {len(layouts)} file(s) of {layouts[0].kind} ({names})")
    splits = {split_of(layout.file.relative_to(root)) for layout in layouts} - {""}
    if splits:
        print(f"  splits by the files' names: {', '.join(sorted(splits))}; source.split=... reads one")
    print(f"columns, of {seen} rows:")


def _print_columns(proposal: Proposal, rows: int) -> None:
    width = min(40, max(len(column.path) for column in proposal.columns))
    for column in proposal.columns[:SHOWN_COLUMNS]:
        role = proposal.roles.get(column.path) or proposal.roles.get(column.path.replace(".*.", "[]."), "")
        about = (
            f"{column.about or 'empty'}, {len(column.values)} values" if len(column.values) != rows else column.about
        )
        arrow = f"  -> {role}" if role else ""
        print(f"  {column.path:<{width}}  {about}  {column.example}{arrow}".rstrip())
    if len(proposal.columns) > SHOWN_COLUMNS:
        print(f"  ... and {len(proposal.columns) - SHOWN_COLUMNS} more")
    for note in proposal.notes:
        print(f"note: {note}")
    for setting, why in proposal.undecided.items():
        print(f"undecided: source.{setting}: {why}")


def _tried(settings: InspectSettings, proposal: Proposal) -> Trial | None:
    """Read rows with the proposal, print the counts, and write the contact sheet; None if a needed column is open."""
    tried = dict(proposal.settings)
    if {"boxes", "box_unit"} & set(proposal.undecided):
        roles = ("boxes", "box_width", "box_height")
        tried["columns"] = {role: path for role, path in tried["columns"].items() if role not in roles}
        tried.pop("boxes", None)
        print("note: boxes are left out of the preview")
    try:
        table = TableSettings(path=settings.path, **tried)
    except ValueError as error:
        print(f"not tried: {error}")
        return None
    found = trial(table, settings.rows)
    failed = found.failures.total()
    parts = [f"{found.choices} with options", f"{found.targets} with boxes"]
    print(f"tried {found.samples + failed} rows: {found.samples} samples ({', '.join(parts)}), {failed} failures")
    for name, count in found.failures.most_common():
        print(f"  {count} {name}, e.g. {found.first[name].origin}: {found.first[name].message}")
    for item in found.shown:
        sample = item.sample
        choices = f" | options {shown(list(sample.choices))}" if sample.choices else ""
        print(f"  {sample.origin}: {shown(sample.question)}{choices} | answers {shown(list(sample.answers))}")
    if found.shown:
        try:
            sample_sheet(found.shown).save(settings.sheet, "PNG")
        except OSError as error:
            raise SettingsError(
                f"sheet={settings.sheet}: cannot be written ({error.strerror}): name another"
            ) from error
        print(f"preview: {settings.sheet} ({len(found.shown)} samples)")
    return found


def _named(names: Sequence[str], path: str) -> None:
    for name in names:
        print(f"also reads the first rows, if the dataset is this one: source={name} {_argument('source.path', path)}")


def command(path: str, proposal: Proposal) -> str:
    """The command that builds with a proposal."""
    given = {**proposal.settings}
    given["columns"] = {role: given["columns"][role] for role in ROLES if role in given.get("columns", {})}
    parts = ["python -m pipelines.build source=table", _argument("source.path", path)]
    parts += [_argument(f"source.{name}", value) for name, value in given.items()]
    opened = [name for name in proposal.undecided if not name.startswith("columns.") and name not in given]
    parts += [f"source.{name}=..." for name in opened]
    return " ".join([*parts, "limit=20", _argument("out", f"out/{given['dataset']}")])


def _argument(name: str, value: Any) -> str:
    return shlex.quote(f"{name}={_written(value)}")


def _written(value: Any) -> str:
    """A value as hydra reads it."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key}: {_written(one)}" for key, one in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(map(_written, value)) + "]"
    text = str(value)
    return text if PLAIN.fullmatch(text) else '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _dataset(path: str) -> str:
    """A name for the dataset, from its path."""
    for part in reversed(Path(path).absolute().parts):
        stem = part.partition(".")[0] if part == Path(path).name else part
        if "--" in stem:
            stem = stem.rpartition("--")[2]
        word = re.sub(r"[^a-z0-9]+", "_", stem.lower()).strip("_")
        if word and not GENERIC_NAMES.fullmatch(word) and not re.fullmatch(r"[0-9a-f]{30,}|snapshots|images", word):
            return word[:60]
    return "table"


def main(arguments: Sequence[str]) -> int:
    """The command; returns its exit status."""

    def run(arguments: Sequence[str]) -> int:
        return inspect(load("inspect", InspectSettings, arguments))

    return run_command("inspect", INSPECT_HELP, with_folder(arguments, "path"), run)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
