"""The dataset card: a README with the YAML header that the Hugging Face hub and `datasets` read."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from storage.builds.counts import CardCounts
from storage.builds.scope import Scope
from storage.datasets.blocks import BlockRecord
from storage.datasets.licences import terms

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

_HELD_OUT = frozenset({"test", "val", "validation", "dev", "testmini", "test-dev", "minival"})
"""Splits that benchmarks keep for evaluation."""


@dataclass
class CardFacts:
    """The facts on the card. `rows`: of each table."""

    version: str
    name: str
    languages: Sequence[str]
    recipe: str
    judge: str
    rows: Mapping[str, int]
    blocks: Sequence[BlockRecord]
    scope: Scope
    counts: CardCounts
    funnel: Sequence[tuple[str, int]] = ()
    source_errors: Counter[str] = field(default_factory=Counter)


def held_out(counts: CardCounts) -> dict[tuple[str, str], int]:
    """Accepted episodes of splits that benchmarks keep for evaluation, by source and split."""
    found = Counter[tuple[str, str]]()
    for (source, _, split, _), count in counts.origins.items():
        if split.lower() in _HELD_OUT:
            found[(source, split)] += count
    return dict(sorted(found.items()))


def card(facts: CardFacts) -> str:
    """The whole README.md."""
    total = facts.counts.accepted.total()
    sections = [
        _header(facts, total),
        f"# {facts.name}, version {facts.version}\n\n"
        f"{total:,} visual chains of thought: an agent looked at a picture at a given resolution, edited it or zoomed "
        "into it step by step, and answered a question about it. Only answers that a judge found correct are here. "
        f"The {facts.rows['originals']:,} original pictures are included: every step can be drawn again.",
        _warning(facts.counts),
        _load(facts),
        "## Rungs\n\nA rung is a resolution: its view has at most rung x rung pixels.\n\n" + _rungs(facts),
        "## Sources and licences\n\n" + _origins(facts),
        "## How it was made\n\n" + _making(facts),
        "## Columns\n\n" + _COLUMNS,
        "## What is not in it\n\n" + _left_out(facts),
    ]
    return "\n\n".join(section.strip() for section in sections if section) + "\n"


def _header(facts: CardFacts, total: int) -> str:
    named = sorted({licence.lower() for _, _, _, licence in facts.counts.origins if licence})
    licences = sorted({name if name in _HUB_LICENCES else "other" for name in named}) or ["other"]
    lines = ["---", f"pretty_name: {json.dumps(facts.name, ensure_ascii=False)}", "license:"]
    lines += [f"- {licence}" for licence in licences]
    lines += ["language:", *(f"- {json.dumps(language)}" for language in facts.languages)] if facts.languages else []
    lines += ["task_categories:", "- visual-question-answering", "tags:", "- visual-question-answering"]
    lines += ["- visual-chain-of-thought", "- tool-use", "- lensmill", "size_categories:"]
    lines += ["- " + next((name for limit, name in _SIZES if total < limit), "n>1T"), "configs:"]
    for config, splits in _configurations(facts.blocks):
        lines += [f"- config_name: {config}", "  data_files:"]
        for split, paths in splits:
            lines += [f"  - split: {split}", "    path:", *(f"    - ../../{path}" for path in paths)]
    return "\n".join([*lines, "---"])


def _configurations(blocks: Sequence[BlockRecord]) -> Iterator[tuple[str, Sequence[tuple[str, Sequence[str]]]]]:
    """Configurations, each with its splits and their files in the rows' order. `datasets` cannot load an empty table,
    so an empty table has no configuration.

    Paths are named one by one: `datasets` keys its cache of a local folder by the folder's last name and this header.
    """
    files = [file for block in blocks for file in block.files]
    rungs = sorted({file.rung for file in files if file.rung is not None and file.table in ("train", "validation")})
    for config, rung in (("default", None), *((f"rung-{rung}", rung) for rung in rungs)):
        splits = []
        for table in ("train", "validation"):
            paths = [file.path for file in files if file.table == table and rung in (None, file.rung)]
            splits += [(table, paths)] if paths else []
        if splits:
            yield config, splits
    for table in ("rejected", "failures", "originals"):
        if paths := [file.path for file in files if file.table == table]:
            yield table, [("train", paths)]


def _warning(counts: CardCounts) -> str:
    """The warning for people who evaluate on a benchmark that this version trains on."""
    found = held_out(counts)
    if not found:
        return ""
    named = ", ".join(f"{source} `{split}` ({count:,} trajectories)" for (source, split), count in found.items())
    return (
        f"> **Warning: this version holds splits that benchmarks keep for evaluation: {named}.** A model that is "
        "trained on these rows must not be evaluated on these splits."
    )


def _load(facts: CardFacts) -> str:
    rung = min((file.rung for block in facts.blocks for file in block.files if file.rung), default=448)
    return (
        "```python\nimport datasets\n\n"
        'rows = datasets.load_dataset("path/of/this/folder", split="train")  # of every rung; or of one:\n'
        f'rows = datasets.load_dataset("path/of/this/folder", "rung-{rung}", split="train")\n'
        'rows[0]["images"][0].show()  # the view; the pictures of the observations follow\n'
        'print(rows[0]["question"], rows[0]["steps"], rows[0]["answer"])\n\n'
        'datasets.load_dataset("path/of/this/folder", "originals")  # also "rejected" and "failures", if any\n\n'
        "import lensmill  # from a bucket too\n"
        f'lensmill.load("s3://path/of/this/folder", rung={rung}, streaming=True)\n```\n\n'
        "The rows lie in `shards/` beside the versions of a store, which share them: copy a version with "
        "`datasets`, or copy `shards/` too. The splits `train` and `validation` have no picture in common. "
        "`ledger.parquet` has facts about every episode, without pictures, and the place of its row."
    )


def _rungs(facts: CardFacts) -> str:
    rows, counts = [], facts.counts
    for rung in sorted({*counts.accepted, *counts.rejected, *counts.failed}):
        kept = counts.accepted[rung]
        numbers = (kept, counts.rejected[rung], counts.failed[rung], counts.zoomed[rung], counts.edited[rung])
        steps = f"{counts.steps[rung] / kept:.2f}" if kept else "-"
        rows.append((str(rung), *(f"{number:,}" for number in numbers), steps))
    heads = ("rung", "accepted", "rejected", "failed", "accepted with zoom", "with edit", "steps of an accepted one")
    return _table(heads, rows)


def _origins(facts: CardFacts) -> str:
    heads = ("source", "subset", "split", "licence", "trajectories")
    table = _table(heads, [(*origin, f"{count:,}") for origin, count in sorted(facts.counts.origins.items())])
    note = (
        "Every row names its own source and licence. What was made here (steps, edits, crops) derives from those "
        "pictures, so their licences apply to it."
    )
    return "\n\n".join(
        part for part in (table, note, "\n".join(f"- {term}" for term in terms(facts.counts.origins))) if part
    )


def _making(facts: CardFacts) -> str:
    agents = ", ".join(f"{agent} ({count:,})" for agent, count in sorted(facts.counts.agents.items())) or "none"
    rules = ", ".join(f"{rule} ({count:,})" for rule, count in sorted(facts.counts.rules.items())) or "none"
    return (
        f"Agents: {agents}. Rules that found the answers correct: {rules}.\n\n"
        f"Recipe `{facts.recipe}`, judge `{facts.judge}`; `manifest.json` has a checksum for every file. "
        "Made with lensmill: the same recipe over the same source gives the same bytes."
    )


def _left_out(facts: CardFacts) -> str:
    parts = []
    if facts.counts.reasons:
        rows = [(reason, f"{count:,}") for reason, count in sorted(facts.counts.reasons.items())]
        parts.append("Episodes in the table `rejected`:\n\n" + _table(("reason", "episodes"), rows))
    errors = [("source row", name, count) for name, count in facts.source_errors.items()]
    errors += [("episode", name, count) for name, count in facts.counts.errors.items()]
    if errors:
        failed = [(kind, name, f"{count:,}") for kind, name, count in sorted(errors)]
        parts.append("What failed, in the table `failures`:\n\n" + _table(("what", "error", "rows"), failed))
    if facts.funnel:
        steps = [(name, f"{count:,}") for name, count in facts.funnel]
        parts.append(
            "What each condition of the curation removed, in order:\n\n" + _table(("condition", "episodes"), steps)
        )
    parts = parts or ["Nothing was rejected and nothing failed."]
    return "\n\n".join([*parts, *_withdrawn(facts.scope)])


def _withdrawn(scope: Scope) -> Iterator[str]:
    """The numbers of withdrawn and of taken-down rows."""
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
| `reason`, `outcome`, `stop` | why the row is not to be trained on (null except in `rejected`); what the judge said; \
how the episode ended |
| `model`, `prompt_tokens`, `completion_tokens`, `image_tokens`, `turns`, `zooms`, `edits`, `tool_errors`, `exact`, \
`within_tolerance` | facts to filter by; `ledger.parquet` has more |
| `rounds` | times that a verifier who knows the answer was asked before it was given; 0 without one |
| `sample_id`, `episode_id`, `source`, `subset`, `split`, `licence`, `agent`, `seed`, `recipe`, `judge`, `verdict` | \
where the row comes from, and why it was accepted |"""
