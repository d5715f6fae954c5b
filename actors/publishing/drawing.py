"""Pictures for a dataset version: drawn again, because a build keeps only pictures that cannot be drawn from its
record."""

from collections.abc import Iterator
from dataclasses import replace
from importlib.metadata import version
from types import TracebackType
from typing import Self

from lensmill.decoding import ImageError
from lensmill.replay import Replayer, ReplayError, ReplaySettings, stored_pictures
from storage.builds.images import ImageStore
from storage.builds.judged import JudgedEpisode
from storage.files.store import Files, StoreError


class Drawer:
    """Draws the pictures of episodes; a context manager. Give episodes of one picture one after the other: the last
    original is held, so an original is read and decoded once for all of them."""

    def __init__(self, files: Files, settings: ReplaySettings) -> None:
        self._images, self._settings = ImageStore(files), settings
        self._replayer = Replayer(settings, self.original)
        self._last: tuple[str, bytes] = ("", b"")

    def __enter__(self) -> Self:
        self._replayer.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._replayer.__exit__(kind, error, trace)

    def original(self, image_id: str) -> bytes:
        """The file of an original.

        Raises:
            StoreError: the file is missing or damaged.
        """
        if self._last[0] != image_id:
            self._last = (image_id, self._images.get(image_id))
        return self._last[1]

    def pictures(self, judged: JudgedEpisode) -> list[bytes]:
        """The files of a trajectory's pictures, in order.

        Raises:
            StoreError: a drawn picture differs from the record, or an original is missing.
        """
        assert judged.trajectory is not None
        drawn = dict(self._drawn(judged))
        ids = [reference.image_id for reference in judged.trajectory.images]
        return [drawn.get(image_id) or self._images.get(image_id) for image_id in ids]

    def _drawn(self, judged: JudgedEpisode) -> Iterator[tuple[str, bytes]]:
        sample, trajectory, planned = judged.sample, judged.trajectory, judged.planned
        assert trajectory is not None
        if stored_pictures(trajectory):  # the store has these; only the view is drawn
            trajectory = replace(trajectory, images=trajectory.images[:1], steps=(), messages=())
        try:
            for file in self._replayer.files(sample.image_id, planned.rung, sample.regions, trajectory):
                yield file.ref.image_id, file.data
        except (ReplayError, ImageError) as error:
            changed = [
                f"{name} {then}, here {now}"
                for name, then in self._settings.packages.items()
                if (now := version(name)) != then
            ]
            advice = f"it was drawn with {'; '.join(changed)}: publish with those" if changed else "is it damaged?"
            raise StoreError(
                f"episode {planned.episode_id}: its pictures do not come out as recorded ({error}); {advice}"
            ) from error
