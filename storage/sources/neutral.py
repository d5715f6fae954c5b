"""A source whose texts can be trained on: template tokens are neutralised and recorded, or the row is refused.

This happens here alone, for every source. A question, an option or a label means the same with other brackets around a
token. An answer does not: it is compared letter by letter with the text that an agent reads in the picture.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from lensmill.sample import Region, Sample, sample_id_of
from lensmill.template_tokens import bad_character, holds_template_token, neutralised
from storage.sources.protocol import Source, SourceFailure, SourceItem
from storage.sources.rows import RowProblem, shown


class NeutralSource:
    """Gives the items of another source, with samples that pass `neutral_sample`."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self.splits, self.subsets = source.splits, source.subsets

    @property
    def name(self) -> str:
        """The name of the inner source."""
        return self._source.name

    def slices(self) -> Iterator[Any]:
        """See the source."""
        return self._source.slices()

    def is_here(self) -> bool:
        """See the source."""
        return self._source.is_here()

    def read(self, part: Any = None) -> Iterator[SourceItem | SourceFailure]:
        """Every row of a slice, or of all slices, as a sample or as a failure.

        Raises:
            SourceError: see the source.
        """
        for item in self._source.read(part):
            if isinstance(item, SourceFailure):
                yield item
                continue
            try:
                yield replace(item, sample=neutral_sample(item.sample))
            except RowProblem as problem:
                yield problem.at(item.sample.origin)


def neutral_sample(sample: Sample) -> Sample:
    """The sample with neutral texts and a record of the changes. The id follows from the texts.

    Raises:
        RowProblem: "template_token": an answer holds a token, a token is hidden, or texts that differed would be the
            same. "bad_text": a text holds a control character, or another that no text may hold.
    """
    changes: list[str] = []

    def plain(text: str, field: str) -> str:
        made, changed = neutralised(text)
        if (found := bad_character(made)) is not None:
            raise RowProblem("bad_text", f'field "{field}" holds the character {found}; remove it or mend its encoding')
        if text and not made:
            raise RowProblem("bad_text", f'field "{field}" holds nothing that can be seen; fill it in')
        if holds_template_token(made):
            raise RowProblem("template_token", f'field "{field}" hides a template token: {shown(text)}; remove it')
        changes.extend(f"{field}: {change}" for change in changed)
        return made

    def several(texts: tuple[str, ...], field: str) -> tuple[str, ...]:
        made = tuple(plain(text, f"{field}[{index}]") for index, text in enumerate(texts))
        if len(set(made)) < len(set(texts)):
            raise RowProblem("template_token", f'field "{field}" differs in template tokens alone; remove the tokens')
        return made

    for answer in sample.answers:
        if holds_template_token(answer):
            raise RowProblem("template_token", f"the answer {shown(answer)} holds a template token; remove the token")
    question, answers = plain(sample.question, "question"), several(sample.answers, "answers")
    choices, labels = several(sample.choices, "choices"), tuple(region.label for region in sample.regions)
    regions = tuple(
        Region(region.kind, label, region.box)
        for region, label in zip(sample.regions, several(labels, "regions"), strict=True)
    )
    subset, split, licence = (plain(getattr(sample, name), name) for name in ("subset", "split", "licence"))
    if not changes:
        return sample
    return replace(
        sample,
        sample_id=sample_id_of(sample.image_id, question, answers, choices),
        question=question,
        answers=answers,
        choices=choices,
        regions=regions,
        subset=subset,
        split=split,
        licence=licence,
        neutralised=tuple(changes),
    )
