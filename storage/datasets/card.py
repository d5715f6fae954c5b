"""The dataset card: a README with the YAML header that the Hugging Face hub and `datasets` read."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from lensmill.tools import uses_of
from storage.builds.scope import Scope
from storage.datasets.rows import AcceptedEpisode, FailedEpisode, RejectedEpisode
from storage.sources.protocol import SourceFailure

_HUB_LICENCES = frozenset(
    {"agpl-3.0", "apache-2.0", "bsd-2-clause", "bsd-3-clause", "cc0-1.0", "gfdl", "gpl-2.0", "gpl-3.0", "lgpl-2.1"}
    | {"lgpl-3.0", "mit", "mpl-2.0", "odbl", "odc-by", "pddl", "unlicense", "cdla-permissive-2.0", "cdla-sharing-1.0"}
    | {f"cc-by{terms}-{number}" for terms in ("", "-nc", "-nc-sa", "-nd", "-sa") for number in ("3.0", "4.0")}
)
"""Names of licences that the hub knows; any other is "other" there, and by its own name in the text."""

_SIZES = (
    (10**3, "n<1K"),
    (10**4, "1K<n<10K"),
    (10**5, "10K<n<100K"),
    (10**6, "100K<n<1M"),
    (10**7, "1M<n<10M"),
    (10**8, "10M<n<100M"),
)

_CONFIGS = (("default", "train"), ("rejected", "rejected"), ("failures", "failures"), ("originals", "originals"))
"""Configurations with their table. An empty table has none: `datasets` cannot load one."""


@dataclass
class CardFacts:
    """What the card tells, counted while rows are written. `shards`: the paths of each table's files."""

    version: str = ""
    name: str = ""
    languages: Sequence[str] = ()
    recipe: str = ""
    judge: str = ""
    rows: Mapping[str, int] = field(default_factory=dict)
    shards: Mapping[str, Sequence[str]] = field(default_factory=dict)
    scope: Scope = field(default_factory=Scope)
    accepted: Counter[int] = field(default_factory=Counter)
    rejected: Counter[int] = field(default_factory=Counter)
    failed: Counter[int] = field(default_factory=Counter)
    zoomed: Counter[int] = field(default_factory=Counter)
    edited: Counter[int] = field(default_factory=Counter)
    steps: Counter[int] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    errors: Counter[tuple[str, str]] = field(default_factory=Counter)
    origins: Counter[tuple[str, str, str, str]] = field(default_factory=Counter)
    agents: Counter[str] = field(default_factory=Counter)
    rules: Counter[str] = field(default_factory=Counter)

    def accept(self, row: AcceptedEpisode) -> None:
        rung, sample, trajectory = row.planned.rung, row.sample, row.trajectory
        uses = uses_of(trajectory)
        self.accepted[rung] += 1
        self.steps[rung] += uses.steps
        self.zoomed[rung] += uses.zooms > 0
        self.edited[rung] += uses.edits > 0
        self.origins[(sample.source, sample.subset, sample.split, sample.licence)] += 1
        self.agents[row.planned.agent] += 1
        self.rules[row.verdict.rule] += 1

    def reject(self, row: RejectedEpisode) -> None:
        self.rejected[row.planned.rung] += 1
        self.reasons[row.reason] += 1

    def fail(self, row: FailedEpisode | SourceFailure) -> None:
        if isinstance(row, SourceFailure):
            self.errors[("source row", row.error_class)] += 1
        else:
            self.failed[row.planned.rung] += 1
            self.errors[("episode", row.failure.error_class)] += 1


def card(facts: CardFacts) -> str:
    """The whole README.md."""
    total = facts.accepted.total()
    sections = [
        _header(facts, total),
        f"# {facts.name}, version {facts.version}\n\n"
        f"{total:,} visual chains of thought: an agent looked at a picture at a given resolution, edited it or zoomed "
        "into it step by step, and answered a question about it. Only answers that a judge found correct are here. "
        f"The {facts.rows['originals']:,} original pictures are included: every step can be drawn again.",
        _load(),
        "## Rungs\n\nA rung is a resolution: its view has at most rung x rung pixels.\n\n" + _rungs(facts),
        "## Sources and licences\n\n" + _origins(facts),
        "## How it was made\n\n" + _making(facts),
        "## Columns\n\n" + _COLUMNS,
        "## What is not in it\n\n" + _left_out(facts),
        _EMPTY if not all(facts.rows.values()) else "",
    ]
    return "\n\n".join(section.strip() for section in sections if section) + "\n"


def _header(facts: CardFacts, total: int) -> str:
    named = sorted({licence.lower() for _, _, _, licence in facts.origins if licence})
    licences = sorted({name if name in _HUB_LICENCES else "other" for name in named}) or ["other"]
    lines = ["---", f"pretty_name: {json.dumps(facts.name, ensure_ascii=False)}", "license:"]
    lines += [f"- {licence}" for licence in licences]
    lines += ["language:", *(f"- {json.dumps(language)}" for language in facts.languages)] if facts.languages else []
    lines += ["task_categories:", "- visual-question-answering", "tags:", "- visual-question-answering"]
    lines += ["- visual-chain-of-thought", "- tool-use", "- lensmill", "size_categories:"]
    lines += ["- " + next((name for limit, name in _SIZES if total < limit), "n>1T"), "configs:"]
    for config, table in _CONFIGS:
        if table != "train" and not facts.rows[table]:
            continue
        lines += [
            f"- config_name: {config}",
            "  data_files:",
            "  - split: train",
            "    path:",
            *(f"    - {path}" for path in facts.shards[table]),  # by name: see ShardedTable.finish
        ]
    return "\n".join([*lines, "---"])


def _load() -> str:
    return (
        "```python\nimport datasets\n\n"
        'rows = datasets.load_dataset("path/of/this/folder", split="train")\n'
        'rows[0]["images"][0].show()  # the view; the pictures of the observations follow\n'
        'print(rows[0]["question"], rows[0]["steps"], rows[0]["answer"])\n\n'
        'datasets.load_dataset("path/of/this/folder", "originals")  # also "rejected" and "failures", if any\n```'
    )


def _rungs(facts: CardFacts) -> str:
    rows = []
    for rung in sorted({*facts.accepted, *facts.rejected, *facts.failed}):
        kept = facts.accepted[rung]
        numbers = (kept, facts.rejected[rung], facts.failed[rung], facts.zoomed[rung], facts.edited[rung])
        steps = f"{facts.steps[rung] / kept:.2f}" if kept else "-"
        rows.append((str(rung), *(f"{number:,}" for number in numbers), steps))
    heads = ("rung", "accepted", "rejected", "failed", "accepted with zoom", "with edit", "steps an episode")
    return _table(heads, rows)


def _origins(facts: CardFacts) -> str:
    heads = ("source", "subset", "split", "licence", "trajectories")
    return _table(heads, [(*origin, f"{count:,}") for origin, count in sorted(facts.origins.items())]) + (
        "\n\nEvery row names its own source and licence. What was made here (steps, edits, crops) derives from those "
        "pictures, so their licences apply to it."
    )


def _making(facts: CardFacts) -> str:
    agents = ", ".join(f"{agent} ({count:,})" for agent, count in sorted(facts.agents.items())) or "none"
    rules = ", ".join(f"{rule} ({count:,})" for rule, count in sorted(facts.rules.items())) or "none"
    return (
        f"Agents: {agents}. Rules that found the answers correct: {rules}.\n\n"
        f"Recipe `{facts.recipe}`, judge `{facts.judge}`; `manifest.json` has a checksum for every file. "
        "Made with lensmill: the same recipe over the same source gives the same bytes."
    )


def _left_out(facts: CardFacts) -> str:
    parts = []
    if facts.reasons:
        rows = [(reason, f"{count:,}") for reason, count in sorted(facts.reasons.items())]
        parts.append("Episodes in the table `rejected`:\n\n" + _table(("reason", "episodes"), rows))
    if facts.errors:
        failed = [(kind, name, f"{count:,}") for (kind, name), count in sorted(facts.errors.items())]
        parts.append("What failed, in the table `failures`:\n\n" + _table(("what", "error", "rows"), failed))
    parts = parts or ["Nothing was rejected and nothing failed."]
    return "\n\n".join([*parts, *_withdrawn(facts.scope)])


def _withdrawn(scope: Scope) -> Iterator[str]:
    """What the source gave once and holds no more, and what was taken down."""
    if (source := scope.source) is not None and source.withdrawn:
        named = ", ".join(f"`{sample_id}`" for sample_id in source.first_withdrawn)
        more = ", ..." if source.withdrawn > len(source.first_withdrawn) else ""
        what = "they are published all the same" if source.kept else "none of them is in this version"
        yield f"Samples that the source gave once and holds no more: {source.withdrawn:,} ({named}{more}); {what}."
    if ids := scope.exclusion.lines():
        yield f"Taken down by name: what the {len(ids):,} lines of `exclude.txt` name."


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join("| " + " | ".join(_cell(cell) for cell in line) + " |" for line in lines)


def _cell(text: str) -> str:
    plain = " ".join(text.split()).replace("|", "\\|")
    return plain.encode("utf-8", "replace").decode()


_EMPTY = "A table without rows has its Parquet file, but no configuration, since `datasets` cannot load an empty one."

_COLUMNS = """Every box is `[x1, y1, x2, y2]` in pixels of the original picture.

| column | meaning |
| --- | --- |
| `images` | the view, then the picture of each observation |
| `question`, `choices` | as asked; choices of a multiple-choice question, else empty |
| `answer`, `references` | the agent's answer, and the answers that count as correct |
| `steps` | `thought`; then, except in the last, `tool`, its `arguments` (JSON, as they were run), the `boxes` \
it looked at by label, the `observation` in words, `images` (which of the row's pictures it showed), and whether it \
failed (`error`) |
| `messages` | the conversation as the model saw and wrote it: `role`, and `content` of parts, \
each with its `type` and, for a text, its `text`; the nth part of type `image` is the nth of `images` |
| `regions`, `targets` | named parts of the picture that the agent could use; where the evidence is (not shown to it) |
| `rung`, `view`, `frames` | the resolution; size of the view and of every picture, and which rectangle (`region`) of \
the original each shows |
| `image_ids`, `pixel_hashes` | sha256 of each picture's file, and of its pixels, which drawing it again must meet |
| `original_width`, `original_height`, `image_id` | the original picture, by its sha256; see the table `originals` |
| `neutralised` | template tokens of the source's texts, by field, that stand in their neutral form there; mostly none |
| `rounds` | times that a verifier who knows the answer was asked before it was given; 0 without one |
| `sample_id`, `episode_id`, `source`, `subset`, `split`, `licence`, `agent`, `seed`, `recipe`, `judge`, `verdict` | \
where the row comes from, and why it was accepted |"""
