"""The README of an export: what it holds, what was left out, and a command that trains on it."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, Protocol

from lensmill.formats.spec import Exported, FormatSpec
from storage.datasets.version import PublishedDataset


class Counted(Protocol):
    """What the README counts."""

    @property
    def rows(self) -> Mapping[str, int]:
        """Rows by split."""

    @property
    def left_out(self) -> Mapping[str, int]:
        """Rows left out, by reason."""


def readme(version: PublishedDataset, exported: Exported, spec: FormatSpec, counted: Counted) -> str:
    """The text of README.md. Its header tells `datasets` which files hold rows."""
    needs, settings = exported.needs, asdict(exported.settings)
    chosen = "\n".join(f"| {name} | `{_plain(value)}` |" for name, value in settings.items() if name != "_spec_")
    rows = ", ".join(f"{count:,} in {split}" for split, count in counted.rows.items()) or "none"
    left = "\n".join(f"| {reason} | {count:,} |" for reason, count in counted.left_out.items())
    table = f"| reason | rows |\n| --- | --- |\n{left}\n"
    left_out = f"\n## Left out\n\n`left_out/` names each episode with its reason.\n\n{table}"
    return f"""{_header(exported)}
# {version.version} for {spec.name}

Rows: {rows}. Exported from the version `{version.version}` of a lensmill store.

The longest row needs about {needs.tokens:,} tokens (text estimated at three characters a token, pictures counted
exactly for {exported.settings.trained.name}); the largest picture has {needs.pixels:,} pixels. A
trainer with lower limits cuts pictures or drops rows.

## Train

{spec.command(exported)}
## Settings

Each of these settings changes what a model learns.

| setting | value |
| --- | --- |
{chosen}
{left_out if counted.left_out else ""}"""


def _header(exported: Exported) -> str:
    lines = ["---", "configs:", "- config_name: default", "  data_files:"]
    for split, files in exported.splits.items():
        ending = files[0].rpartition(".")[2]
        lines += [f"  - split: {split}", f"    path: {split}/*.{ending}"]
    return "\n".join([*lines, "---"]) + "\n"


def _plain(value: Any) -> str:
    return "default" if value == "" else str(value)
