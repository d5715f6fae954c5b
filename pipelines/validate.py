"""Checks training rows as their trainer would read them: ours, or anyone's.

    python -m pipelines.validate path=data/train.parquet format=trl template=qwen2_5_vl

Reads Parquet, JSON lines and JSON arrays, and needs neither a cluster nor a trainer.
"""

import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain, islice
from typing import Any

from lensmill.formats.checking import Finding, Needs, Training
from lensmill.formats.spec import FORMATS
from lensmill.formats.target import target_of
from lensmill.specs import SpecError
from lensmill.validation.dataset_info import check_dataset_info
from lensmill.validation.spec import Validator, examine
from lensmill.validation.templates import OF_FAMILY, ChatTemplate, load_template
from monitoring.progress import ProgressDisplay
from pipelines.command import run_command
from pipelines.config import SettingsError, load, with_folder
from pipelines.exit_status import ExitStatus
from pipelines.help import VALIDATE_HELP
from pipelines.training_settings import ValidateSettings
from pipelines.traps import Traps
from storage.checks.finding import json_object
from storage.checks.row_files import Unreadable, columns_of, ending_of, read_rows, row_files
from storage.files.store import Files
from storage.files.watch import StoreWatch

INFO, EXPORT = "dataset_info.json", "export.json"


class Validation:
    """One run of the job. Findings go into `told`."""

    def __init__(self, settings: ValidateSettings, told: Traps) -> None:
        self._settings, self._told = settings, told
        self._training = _training(settings, told.say)
        self._validator: Validator | None = None
        if settings.format != "auto":
            self._validator = _validator(settings.format)
        self._needs = Needs()

    def run(self) -> int:
        """Check every file. Return the exit status: FAILED if there is a finding.

        Raises:
            SettingsError: there is nothing to check, or a setting cannot be used.
            StoreError: the store cannot be read.
        """
        files, paths = self._files()
        for path in paths:
            self._told.begin(path)
            self._file(files, path)
        self._told.close()
        if self._validator is not None and self._needs.rows:
            self._told.snippet(self._validator.name, self._validator.snippet(self._needs))
        return ExitStatus.FAILED if self._told.found else ExitStatus.DONE

    def _files(self) -> tuple[Files, list[str]]:
        where = self._settings.path.rstrip("/")
        where = where if "://" in where else os.path.abspath(where)
        above, _, name = where.rpartition("/")
        if not name or above.endswith(":/"):
            raise SettingsError(f"path={self._settings.path}: name a file or a folder below it")
        files = self._settings.store.open(above or "/")
        paths = [name] if ending_of(name) and files.exists(name) else row_files(files, name)
        if not paths:
            raise SettingsError(
                f"path={self._settings.path}: there is no file with rows: name a .parquet, .jsonl or .json file, or a "
                "folder with such files"
            )
        return files, paths

    def _file(self, files: Files, path: str) -> None:
        if ending_of(path) == "parquet":
            try:
                columns, features = columns_of(files, path)
            except (ValueError, FileNotFoundError) as error:
                self._told.take(path, None, Finding("unreadable_file", "", str(error)))
                return
        else:
            columns, features = {}, None
        rows: Iterator[Mapping[str, Any] | Unreadable] = read_rows(files, path)
        if self._settings.rows:
            rows = islice(rows, self._settings.rows)
        first = next(rows, None)
        if first is None:
            self._told.say(f"note: {path} has no rows")
            return
        validator = self._validator or self._proposed(path, first)
        if validator is None:
            return
        for finding in validator.check_schema(columns, features):
            self._told.take(path, None, finding)
        self._beside(files, path, validator, first)
        training = replace(self._training, folder=self._folder(files, path))
        alike: object = None
        for number, row in enumerate(chain([first], rows)):
            if isinstance(row, Unreadable):
                self._told.take(path, number, Finding("unreadable_row", "", row.problem))
                continue
            findings, needs = examine(validator, row, training)
            if validator.alike is not None and (part := validator.alike[0](row)) is not None:
                if alike is not None and part != alike:
                    findings.append(validator.alike[1])
                alike = alike or part
            for finding in findings:
                self._told.take(path, number, finding)
            self._needs = self._needs.and_of(needs or Needs(rows=1))
            self._told.checked(row)

    def _folder(self, files: Files, path: str) -> str:
        """Where the pictures of a file lie; "" where they are not looked at."""
        if self._settings.folder is not None:
            return os.path.abspath(self._settings.folder)
        where = files.locate(path)
        if "://" in where:
            return ""
        folder = os.path.dirname(where)
        marked = (place for place in (folder, os.path.dirname(folder)) if _marks_a_folder(place))
        return next(marked, folder)

    def _proposed(self, path: str, first: Mapping[str, Any] | Unreadable) -> Validator | None:
        """The format whose rows have these columns."""
        if isinstance(first, Unreadable):
            self._told.take(path, 0, Finding("unreadable_row", "", first.problem))
            return None
        fits = {name: spec.validator.fits(first) for name, spec in FORMATS.own.items()}
        name = max(fits, key=lambda name: fits[name])
        if not fits[name]:
            raise SettingsError(
                f"path={self._settings.path}: the columns of {path} ({', '.join(map(str, first))[:200]}) are of no "
                f"known format: name it with format=, one of {', '.join(FORMATS.own)}"
            )
        self._told.say(f"note: {path} looks like format={name}: name another format if this is wrong")
        self._validator = FORMATS.own[name].validator
        return self._validator

    def _beside(self, files: Files, path: str, validator: Validator, first: Mapping[str, Any] | Unreadable) -> None:
        """Check LLaMA-Factory's dataset_info.json, if it lies in the folder of the file, or above."""
        if validator.name not in ("llamafactory", "cof") or isinstance(first, Unreadable):
            return
        folder = path.rpartition("/")[0]
        for place in dict.fromkeys((folder, folder.rpartition("/")[0])):
            info = f"{place}/{INFO}".lstrip("/")
            if not files.exists(info):
                continue
            try:
                entries = json_object(files.read(info))
            except (ValueError, RecursionError) as error:
                self._told.take(info, None, Finding("dataset_info", "", f"it is no JSON object ({error})"))
                return
            inside = path.removeprefix(f"{place}/") if place else path
            for name, entry in entries.items():
                file = entry.get("file_name") if isinstance(entry, dict) else None
                if isinstance(file, str) and (inside == file or inside.startswith(f"{file.rstrip('/')}/")):
                    for finding in check_dataset_info(entry, first, name):
                        self._told.take(info, None, finding)
            return


def _marks_a_folder(place: str) -> bool:
    """Whether paths in rows start at this folder: an export's, or that of a dataset_info.json."""
    return any(os.path.exists(os.path.join(place, name)) for name in (INFO, EXPORT))


def _validator(name: str) -> Validator:
    try:
        return FORMATS.get(name).validator
    except SpecError as error:
        raise SettingsError(f"format={name}: {error}") from error


def _training(settings: ValidateSettings, say: Callable[[str], None]) -> Training:
    """What the settings say of the training.

    Raises:
        SettingsError: there is no such target, template or tokenizer.
    """
    try:
        target = target_of(settings.target, settings.max_pixels, settings.convention)
    except ValueError as error:
        raise SettingsError(f"target={settings.target}: {error}") from error
    template = _template(settings, say)
    return Training(
        target,
        settings.max_tokens,
        template,
        _counter(settings.tokenizer),
        boxes=settings.boxes,
        specials=template.specials if template is not None else frozenset(),
    )


def _template(settings: ValidateSettings, say: Callable[[str], None]) -> ChatTemplate | None:
    name = settings.template
    if name in (None, "", "none"):
        return None
    try:
        return load_template(settings.target if name == "auto" else name)
    except ValueError as error:
        if name == "auto":
            say(f"note: rows are not rendered: {error}")
            return None
        raise SettingsError(f"template={name}: {error}") from error


def _counter(path: str | None) -> Callable[[str], int] | None:
    if path is None:
        return None
    try:
        from tokenizers import Tokenizer
    except ImportError as error:
        raise SettingsError("tokenizer= needs the package tokenizers: run pip install tokenizers") from error
    try:
        tokenizer = Tokenizer.from_file(path)
    except Exception as error:  # the package raises plain exceptions
        raise SettingsError(f"tokenizer={path}: it is no tokenizer.json ({error})") from error
    return lambda text: len(tokenizer.encode(text, add_special_tokens=False).ids)


def main(arguments: Sequence[str]) -> int:
    """The command; returns its exit status."""

    def validate(arguments: Sequence[str]) -> int:
        settings = load("validate", ValidateSettings, arguments)
        with ProgressDisplay() as display, StoreWatch(settings.store.open(settings.path), display.say):
            return Validation(settings, Traps(display, sys.stdout, settings.findings, settings.examples)).run()

    return run_command("validate", VALIDATE_HELP, with_folder(arguments, "path"), validate)


__all__ = ["OF_FAMILY", "Validation", "main"]

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
