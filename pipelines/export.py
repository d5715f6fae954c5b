"""A version in the format of a trainer, shard by shard on every node.

    python -m pipelines.export dataset=out/charts/datasets/2026-01-31 format=trl

A second run goes on where the first one ended. Rows that the trainer or the model cannot hold are left out and listed.
"""

import os
import sys
from collections.abc import Sequence

from actors.cluster.running import Running
from lensmill.formats.checking import Training
from lensmill.formats.spec import FORMATS, FormatSpec
from lensmill.geometry import Convention
from lensmill.validation.templates import ChatTemplate, load_template
from monitoring.progress import ProgressDisplay, count_text, size_text
from pipelines.command import run_command
from pipelines.config import SettingsError, load
from pipelines.exit_status import ExitStatus
from pipelines.help import EXPORT_HELP
from pipelines.training_settings import ExportSettings
from storage.exports.episodes import PLAIN, Chosen, convention_of, open_version, units_of
from storage.exports.export import Inputs, Totals, claim, finish, works
from storage.exports.parts import Export, PartRecord, make_part
from storage.files.store import Files

LONG_ROWS = 10_000
"""Rows that take long enough for a cluster to be started at once."""


def run(settings: ExportSettings, display: ProgressDisplay) -> int:
    """Export a version. Return the exit status: FAILED if no row was exported.

    Raises:
        SettingsError: a setting does not fit the format or the dataset.
        ConditionError: `where` is no condition over the ledger.
        StoreError: the dataset is no version, or is damaged; or the folder holds another export.
    """
    store, version = place_of(settings.dataset)
    source = settings.store.open(store)
    there = open_version(source, version)
    to = settings.to or f"exports/{version}-{settings.format.name}"
    target = settings.store.open(to) if "://" in to else Files(os.path.abspath(to))
    chosen = Chosen(settings.splits, settings.rungs, settings.where)
    inputs = Inputs(there, chosen, _export(settings, target, convention_of(there), display))
    spec = inputs.export.spec
    units = units_of(source, there, inputs.chosen, spec.pairs is not None, spec.originals)
    picked = sum(len(unit.picks) for unit in units)
    if not picked:
        what = "pair of a right and a wrong episode at one question" if spec.pairs else "row"
        raise SettingsError(f"dataset={settings.dataset}: it has no {what} for these splits, rungs and this condition")
    display.say(f"exporting {count_text(picked, 'row')} of {there.version} as {settings.format.name} to {target.root}")
    if claim(target, inputs):
        display.result(f"{target.root} is there already, from the same episodes and settings", path=target.root)
        return ExitStatus.DONE
    display.begin("exporting", picked, "rows to be read and written")
    running = Running(settings.cluster, display.say, patience_s=0 if picked > LONG_ROWS and len(units) > 1 else None)
    parts: list[PartRecord] = []
    done = 0
    made = works(source, target, inputs, units)
    for part, unit in zip(running(make_part, made), units, strict=True):
        parts.append(part)
        done += len(unit.picks)
        display.checked(done, count_text(sum(part.rows for part in parts), "row"))
    display.close()
    totals = finish(target, inputs, parts)
    return _tell(totals, spec, target, display)


def place_of(dataset: str) -> tuple[str, str]:
    """The store and the name of a version, from its folder.

    Raises:
        SettingsError: the path does not end with datasets/<version>.
    """
    where = dataset.rstrip("/")
    where = where if "://" in where else os.path.abspath(where)
    store, _, version = where.rpartition("/datasets/")
    if not store or not version or "/" in version:
        raise SettingsError(
            f"dataset={dataset}: give the folder of a version, which ends with datasets/<version> (a copy of a version "
            "needs the folder shards/ beside datasets/)"
        )
    return store, version


def _export(settings: ExportSettings, target: Files, written: Convention, display: ProgressDisplay) -> Export:
    format_ = settings.format
    spec = FORMATS.of(format_)
    if wrong := [name for name in settings.columns if name not in PLAIN]:
        raise SettingsError(f"columns has {wrong[0]!r}: choose of {', '.join(PLAIN)}")
    if wrong := [name for name in settings.columns if name in spec.columns(format_)]:
        raise SettingsError(f"columns has {wrong[0]!r}, which the format {spec.name} writes itself: leave it out")
    root = settings.root
    if root is None and format_.pictures == "files" and spec.absolute:
        place = target.locate("x").removesuffix("/x")
        if "://" in place:
            raise SettingsError(
                f"format.pictures=files: {spec.name} needs absolute paths, and {place} has none: add root=PATH, the "
                "folder of the export on the training machine, or export with format.pictures=embedded"
            )
        root = place
    template = _template(settings, display)
    training = Training(format_.trained, format_.max_tokens, template, boxes="target")
    return Export(format_, written, settings.columns, (root or "").rstrip("/"), training)


def _template(settings: ExportSettings, display: ProgressDisplay) -> ChatTemplate | None:
    """The chat template that rows are rendered with; None where no package at hand has the target's template."""
    try:
        return load_template(settings.template or settings.format.target)
    except ValueError as error:
        if settings.template is not None:
            raise SettingsError(f"template={settings.template}: {error}") from error
        display.say(f"note: rows are checked, but not rendered: {error}")
        return None


def _tell(totals: Totals, spec: FormatSpec, target: Files, display: ProgressDisplay) -> int:
    for reason, count in totals.left_out.items():
        first = next((line["message"] for line in totals.examples if line["reason"] == reason), "see left_out/")
        display.say(f"left out: {count_text(count, 'row')}, {reason}: {first}", "warning", reason=reason, rows=count)
    rows = sum(totals.rows.values())
    display.result(
        f"{count_text(rows, 'row')} ({size_text(totals.size)}) in {target.root}; its README.md has a training command",
        rows=rows,
        bytes=totals.size,
        path=target.root,
    )
    if rows and display.kind == "text":
        display.result("settings that the trainer needs:\n" + spec.validator.snippet(totals.needs).rstrip())
    return ExitStatus.DONE if rows else ExitStatus.FAILED


def main(arguments: Sequence[str]) -> int:
    """The command; returns its exit status."""

    def export(arguments: Sequence[str]) -> int:
        settings = load("export", ExportSettings, arguments)
        with ProgressDisplay(sys.stderr, kind=settings.logging) as display:
            return run(settings, display)

    return run_command("export", EXPORT_HELP, arguments, export)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
