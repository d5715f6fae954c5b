"""How far two judges of a build agree, and on which answers they differ.

    python -m pipelines.agreement out=out/chartqa

Reads verdicts and answers, a chunk at a time. Needs neither source nor cluster.
"""

import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import TextIO

from lensmill.judging.agreement import Agreement
from monitoring.agreement import print_agreement, print_disagreement, print_headings
from pipelines.command import run_command
from pipelines.config import SettingsError, load
from pipelines.exit_status import ExitStatus
from pipelines.help import AGREEMENT_HELP
from pipelines.recipe import find_build, find_judges
from pipelines.settings import AgreementSettings
from storage.builds.disagreements import Disagreement, write_disagreements
from storage.builds.episodes import EpisodeStore
from storage.builds.plan import Plan
from storage.builds.verdicts import VerdictStore
from storage.files.probe import probe
from storage.files.store import Files


class Comparison:
    """Two judges of one build; or one judge and its second opinions, if both are the same."""

    def __init__(self, files: Files, build: str, first: str, second: str) -> None:
        self._plan = Plan(files, build)
        self._episodes = EpisodeStore(files, build)
        self._first = VerdictStore(files, build, first)
        self._second = None if second == first else VerdictStore(files, build, second)
        self._layers = [store.committed() for store in (self._first, self._second or self._first)]
        self.agreement = Agreement()
        self.disagreements = 0

    def chunk_ids(self) -> tuple[str, ...]:
        """The chunks that both judges have judged, in plan order."""
        first, second = self._layers
        return tuple(chunk_id for chunk_id in self._plan.chunk_ids() if chunk_id in first and chunk_id in second)

    def compare(self) -> Iterator[Disagreement]:
        """Count every answer that both judged. Yield the answers on which they differ, in plan order. A judge that
        failed on an answer has no opinion."""
        for chunk_id in self.chunk_ids():
            layers, theirs = (layers[chunk_id] for layers in self._layers)
            first = {row.episode_id: row.verdict for row in self._first.rows(chunk_id, layers)}
            if self._second is None:
                second = {episode_id: v.second for episode_id, v in first.items() if v.second is not None}
            else:
                second = {row.episode_id: row.verdict for row in self._second.rows(chunk_id, theirs)}
            differing = set()
            for episode_id in first.keys() & second.keys():
                outcomes = first[episode_id].outcome, second[episode_id].outcome
                self.agreement.add(*outcomes)
                if len({*outcomes}) == 2 and "judge_error" not in outcomes:
                    differing.add(episode_id)
            if differing:
                samples = self._plan.read_chunk(chunk_id).samples
                for row in self._episodes.rows(chunk_id):
                    if (episode_id := row.planned.episode_id) in differing:
                        self.disagreements += 1
                        yield Disagreement(row, samples[row.planned.sample_id], first[episode_id], second[episode_id])


def compare(settings: AgreementSettings, stream: TextIO) -> None:
    """Print how far two judges agree, and write the answers on which they differ.

    Raises:
        SettingsError: the settings do not name one build and two judges.
        StoreError: the store cannot be read or written.
    """
    files = settings.store.open(settings.out)
    probe(files, lambda line, *_, **__: print(line, file=sys.stderr, flush=True))
    build = find_build(files, settings.build).fingerprint
    judges = find_judges(files, build)
    first, second = _choose(judges, settings.judges)
    comparison = Comparison(files, build, first, second)

    def shown() -> Iterator[Disagreement]:
        for entry in comparison.compare():
            if comparison.disagreements <= settings.show:
                if comparison.disagreements == 1:
                    print_headings(stream)
                sample = entry.sample
                episode_id = entry.episode.planned.episode_id
                answer = entry.answer
                print_disagreement(
                    episode_id, sample.question, sample.answers, answer, entry.first, entry.second, stream
                )
            yield entry

    paths = write_disagreements(files, f"agreement/{build}/{first}-{second}", shown())
    if comparison.disagreements > settings.show:
        print(f"... and {comparison.disagreements - settings.show} more", file=stream)
    print(f"\nfirst:  {first} ({judges[first]})", file=stream)
    theirs = "its second opinions" if first == second else f"{second} ({judges[second]})"
    print(f"second: {theirs}\n", file=stream)
    print_agreement(comparison.agreement, stream)
    where = " and ".join(files.locate(path) for path in paths)
    print(f"{comparison.disagreements} disagreements in {where}", file=stream)
    if first == second and not comparison.agreement.counts:
        print("This judge gave no second opinions: run pipelines.judge with another one, and compare them", file=stream)


def _choose(judges: Mapping[str, str], wanted: Sequence[str]) -> tuple[str, str]:
    """The two judges whose fingerprints begin like this."""
    there = "; ".join(f"{judge} ({about})" for judge, about in judges.items()) or "none"
    chosen = []
    for begin in wanted:
        found = [judge for judge in judges if judge.startswith(begin)]
        if len(found) != 1:
            many = "more than one judge begins" if found else "no judge begins"
            raise SettingsError(f"judges: {many} with {begin} (there are: {there})")
        chosen += found
    if not wanted:
        chosen = list(judges)
    if not 1 <= len(chosen) <= 2:
        raise SettingsError(f"judges: choose two with judges=[...,...] (there are: {there})")
    return chosen[0], chosen[-1]


def main(arguments: Sequence[str]) -> int:
    """The command; returns its exit status."""

    def agreement(arguments: Sequence[str]) -> int:
        compare(load("agreement", AgreementSettings, arguments), sys.stdout)
        return ExitStatus.DONE

    return run_command("agreement", AGREEMENT_HELP, arguments, agreement)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
