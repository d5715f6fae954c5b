"""Verifying the image store: each picture is what its name says, and every picture that is needed is there."""

import hashlib
from collections.abc import Iterable, Sequence
from functools import partial

import numpy as np

from storage.builds.images import RESTORE, ImageStore
from storage.checks.finding import Report, Run, Take, told
from storage.checks.ids import IMAGE, Ids, packed
from storage.files.ahead import READERS, ahead
from storage.files.listing import StoredFile
from storage.files.store import Files

GROUP = 64
"""Pictures of one piece of work: some megabytes as a rule, a gigabyte at most."""

Need = tuple[str, str]
"""The id of a picture, which `ImageStore.path` takes, and what needs the picture."""


def check_images(files: Files, image_ids: bytes) -> Report:
    """Hash some pictures, by their packed ids."""
    report = Report()
    names = [image_ids[start : start + IMAGE].hex() for start in range(0, len(image_ids), IMAGE)]

    def hashed(image_id: str) -> tuple[int, str]:
        try:
            data = files.read(ImageStore.path(image_id))
        except FileNotFoundError:
            return 0, image_id  # the picture was removed meanwhile; a need for it is told elsewhere
        return len(data), hashlib.sha256(data).hexdigest()

    threads = READERS if files.kind else 1  # a local file needs no waiting, and a task has one CPU
    for image_id, (size, digest) in zip(names, ahead(hashed, names, threads), strict=True):
        report.read += size
        if digest != image_id:
            what = f"its bytes are not those that its name says: {RESTORE}"
            report.add(ImageStore.path(image_id), what)
    return report


class ImageCheck:
    """The pictures of a store: which are there, which are needed, and which nothing names. 33 bytes a picture."""

    def __init__(self, files: Files, take: Take) -> None:
        self._files, self._take = files, take
        self._ids, strange = Ids(IMAGE), []
        for path in files.each("images"):
            try:
                image_id = path.rpartition("/")[2]
                if path != ImageStore.path(image_id):
                    raise ValueError(path)
                self._ids.add(packed(image_id, IMAGE))
            except ValueError:
                strange.append(path)
        for path in sorted(strange):
            told(take, path, "no picture is stored under such a name: move it away")
        self._named = np.zeros(len(self._ids), dtype=bool)
        self._missed = set[str]()

    def rehash(self, run: Run) -> None:
        """Hash every picture."""
        for report in run(partial(check_images, self._files), self._ids.portions(GROUP)):
            self._take(report)

    def need(self, needs: Sequence[Need]) -> None:
        """Note which pictures are named, and report each missing picture once."""
        there, places = self._ids.find(b"".join(packed(image_id, IMAGE) for image_id, _ in needs))
        self._named[places[there]] = True
        for number in map(int, np.flatnonzero(~there)):
            image_id, by = needs[number]
            path = ImageStore.path(image_id)
            if image_id not in self._missed and not self._files.exists(path):  # it may be younger than the listing
                self._missed.add(image_id)
                told(self._take, path, f"it is missing, and {by} needs it: {RESTORE}")

    def unnamed(self) -> Iterable[StoredFile]:
        """The pictures that nothing named, with their size and time."""
        paths = {ImageStore.path(self._ids.text(int(place))) for place in np.flatnonzero(~self._named)}
        for folder in sorted({path.rpartition("/")[0] for path in paths}):
            yield from (file for file in self._files.details(folder) if file.path in paths)
