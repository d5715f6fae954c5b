"""Plug-ins: each is one module or folder with one spec. A registry is derived from the package of the specs.

A user's own plug-in is in a module of the user's, and its name is `module:NAME`. There is no list of names.
"""

import importlib
import pkgutil
import re
from collections.abc import Mapping, Set
from dataclasses import asdict, dataclass, fields
from functools import cached_property
from types import MappingProxyType
from typing import Any, Generic, Protocol, TypeVar

_REFERENCE = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*:[A-Za-z_]\w*", re.ASCII)

_LONGEST_REFERENCE = 200
"""Maximum characters of a reference."""

_NAME = re.compile(r"[a-z][a-z0-9_]{0,63}", re.ASCII)


class SpecError(ValueError):
    """A plug-in that cannot be used: one line that names the plug-in and says what to do."""


class Spec(Protocol):
    """The attributes of every spec.

    Attributes:
        name: of the plug-in, unique within its kind: small letters, digits and underscores.
        version: raised when the plug-in behaves differently, so that old and new results never mix.
    """

    @property
    def name(self) -> str:
        """The name of the plug-in."""

    @property
    def version(self) -> int:
        """Increased when the plug-in decides differently."""


AnySpec = TypeVar("AnySpec", bound=Spec)


@dataclass(frozen=True, slots=True, kw_only=True)
class PluginSettings:
    """The settings of a plug-in. A text below a field is its comment in `conf/` and in `--help`.

    Attributes:
        name: of the plug-in; the settings class says which.
        _spec_: `module:NAME` of a plug-in from outside; empty for one of ours.
    """

    name: str = ""
    _spec_: str = ""

    @property
    def reference(self) -> str:
        """The key of the plug-in in its registry."""
        return self._spec_ or self.name


def plugin_name(settings: type[PluginSettings]) -> str:
    """The name that a settings class gives to its plug-in: the default of its field `name`."""
    return next(str(field.default) for field in fields(settings) if field.name == "name")


def recipe_values(settings: PluginSettings, left_out: Set[str] = frozenset()) -> dict[str, Any]:
    """The settings that decide a result, as plain values by name.

    Args:
        left_out: fields that only select, or say where things lie.
    """
    return {name: value for name, value in asdict(settings).items() if name != "_spec_" and name not in left_out}


def load_reference(reference: str, kind: str = "plug-in") -> object:
    """Import the object of `module:NAME`.

    Raises:
        SpecError: the text is not a reference, or there is no such object.
    """
    if len(reference) > _LONGEST_REFERENCE or not _REFERENCE.fullmatch(reference):
        raise SpecError(
            f"{reference[:_LONGEST_REFERENCE]!r} names no {kind}: write module:NAME, for example "
            "my_package.my_module:SPEC"
        )
    place, _, name = reference.partition(":")
    try:
        module = importlib.import_module(place)
    except Exception as error:
        if isinstance(error, ModuleNotFoundError) and error.name and f"{place}.".startswith(f"{error.name}."):
            raise SpecError(
                f"{reference}: there is no module {error.name}: install the package, or put its folder on "
                "PYTHONPATH, here and on every node"
            ) from error
        why = " ".join(f"{type(error).__name__}: {error}".split())
        raise SpecError(f"{reference}: the module cannot be imported: {why}") from error
    if not hasattr(module, name):
        raise SpecError(f"{reference}: the module {place} has no {name}")
    found: object = getattr(module, name)
    return found


class Registry(Generic[AnySpec]):
    """The plug-ins of one kind.

    Args:
        kind: what messages call one, e.g. "agent".
        package: the package whose modules and folders export their spec as SPEC, or several as SPECS; for example
            "lensmill.agents". A module without a spec is skipped, and so is one whose name begins with an underscore.
        spec_type: class of the specs.
    """

    def __init__(self, kind: str, package: str, spec_type: type[AnySpec]) -> None:
        self.kind = kind
        self._package, self._spec_type = package, spec_type
        self._outside: dict[str, AnySpec] = {}

    @cached_property
    def own(self) -> Mapping[str, AnySpec]:
        """The specs that lie in the package, by name, sorted by name. Modules are imported once.

        Raises:
            SpecError: two specs have the same name, or a spec is of another type.
        """
        found: dict[str, AnySpec] = {}
        for info in pkgutil.iter_modules(importlib.import_module(self._package).__path__):
            if info.name.startswith("_"):
                continue
            place = f"{self._package}.{info.name}"
            module = importlib.import_module(place)
            for value in (*getattr(module, "SPECS", ()), *([module.SPEC] if hasattr(module, "SPEC") else [])):
                spec = self._checked(value, place)
                if spec.name in found:
                    raise SpecError(f"{place}: there is another {self.kind} with the name {spec.name}")
                found[spec.name] = spec
        return MappingProxyType(dict(sorted(found.items())))

    def get(self, reference: str) -> AnySpec:
        """The spec of a plug-in of ours, by name, or of a user's own, by `module:NAME`.

        Raises:
            SpecError: there is no such plug-in, or its module cannot be imported.
        """
        if ":" in reference:
            return self._load(reference)
        if reference in self.own:
            return self.own[reference]
        raise SpecError(
            f"there is no {self.kind} {reference[:_LONGEST_REFERENCE]!r} (there are: {', '.join(self.own)}); "
            "a plug-in of your own is named as module:NAME"
        )

    def of(self, settings: PluginSettings) -> AnySpec:
        """The spec of the plug-in with these settings.

        Raises:
            SpecError: a plug-in from outside cannot be imported.
        """
        return self.get(settings.reference)

    def _load(self, reference: str) -> AnySpec:
        if reference in self._outside:
            return self._outside[reference]
        spec = self._checked(load_reference(reference, self.kind), reference)
        if spec.name in self.own and self.own[spec.name] is not spec:
            raise SpecError(f"{reference}: {spec.name} is the name of a {self.kind} of lensmill: choose another name")
        self._outside[reference] = spec
        return spec

    def _checked(self, value: object, reference: str) -> AnySpec:
        if not isinstance(value, self._spec_type):
            raise SpecError(
                f"{reference} is no {self.kind}: its type is {type(value).__name__}, and must be "
                f"{self._spec_type.__module__}.{self._spec_type.__name__}"
            )
        if not _NAME.fullmatch(value.name):
            raise SpecError(f"{reference}: the name {value.name!r} must be small letters, digits and underscores")
        return value
