"""The image store: pictures' files by their content, each stored once, whatever the number of episodes that show it."""

import hashlib

from storage.files.store import Files, StoreError

RESTORE = "put the file with this sha256 there (the source has those of originals), or build into a new out="
"""The advice for a missing or damaged picture. Another run mends nothing: it does not read planned rows again."""


class ImageStore:
    """Files named by the sha256 of their bytes, in `images/`. Any number of writers may put the same one at once."""

    def __init__(self, files: Files) -> None:
        self._files = files

    @staticmethod
    def path(image_id: str) -> str:
        """Where a picture lies below the store's root; two letters of the id keep folders small.

        Raises:
            ValueError: the id is not a sha256 in lower-case hexadecimal.
        """
        if len(image_id) != 64 or not set(image_id) <= set("0123456789abcdef"):
            raise ValueError(f"an image id is a sha256 in lower-case hexadecimal, got {image_id[:80]!r}")
        return f"images/{image_id[:2]}/{image_id}"

    def put(self, image_id: str, data: bytes) -> bool:
        """Store a picture's file; True unless it was there before.

        Raises:
            ValueError: `data` is not what the id names.
            StoreError: it cannot be written.
        """
        path = self.path(image_id)
        found = hashlib.sha256(data).hexdigest()
        if found != image_id:
            raise ValueError(f"image {image_id} was given bytes whose sha256 is {found}")
        return not self._files.exists(path) and self._files.create(path, data)

    def size(self, image_id: str) -> int:
        """Bytes of a picture's file; 0 where it is missing."""
        try:
            return self._files.size(self.path(image_id))
        except FileNotFoundError:
            return 0

    def get(self, image_id: str) -> bytes:
        """A picture's file.

        Raises:
            StoreError: the file is missing, or its bytes have changed.
        """
        path = self.path(image_id)
        try:
            data = self._files.read(path)
        except FileNotFoundError:
            raise StoreError(f"{self._files.locate(path)} is missing: {RESTORE}") from None
        if hashlib.sha256(data).hexdigest() != image_id:
            raise StoreError(f"{self._files.locate(path)} is damaged (its bytes are not what its name says): {RESTORE}")
        return data
