"""The prompts of an agent: one text template a file in its folder `prompts/`, versioned by hash.

A template has str.format fields; what fills them is never read as a template. Texts about tools are no part of a
template: they come from the tools' own schemas.
"""

import hashlib
from collections.abc import Iterator, Mapping
from functools import cached_property
from importlib.resources import files


class Prompts(Mapping[str, str]):
    """Templates by name.

    Args:
        package: the agent's; its folder `prompts/` has a file `<name>.txt` for each.
    """

    def __init__(self, package: str) -> None:
        self._package = package

    @cached_property
    def _texts(self) -> dict[str, str]:
        found = (path for path in files(self._package).joinpath("prompts").iterdir() if path.name.endswith(".txt"))
        return {path.name.removesuffix(".txt"): path.read_text(encoding="utf-8").strip() for path in found}

    def __getitem__(self, name: str) -> str:
        return self._texts[name]

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(self._texts))

    def __len__(self) -> int:
        return len(self._texts)

    def fill(self, name: str, **fields: object) -> str:
        """A prompt with its fields filled in; braces in what fills them stay as they are.

        Raises:
            KeyError: there is no such prompt, or a field of the template is not given.
        """
        return self[name].format_map(fields)

    def named(self) -> dict[str, str]:
        """The templates as "<agent>_<name>", for agents that use those of another too."""
        agent = self._package.rpartition(".")[2]
        return {f"{agent}_{name}": text for name, text in self.items()}


def sha256_of(text: str) -> str:
    """How a text is versioned in recipes and provenance."""
    return hashlib.sha256(text.encode()).hexdigest()
