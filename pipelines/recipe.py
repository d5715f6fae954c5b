"""The recipe of a build and its fingerprint: everything that decides an episode, besides its sample."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from importlib.metadata import version
from typing import Any

from actors.engines.settings import EngineSettings
from lensmill.agents.settings import AgentSettings
from lensmill.agents.spec import AGENT, AGENTS, READING_VERSION, prompt_hashes
from lensmill.judging.judge import JudgeSettings, judge_identity
from lensmill.models.families import within
from lensmill.models.settings import ModelSettings
from lensmill.specs import recipe_values
from lensmill.tools import TOOLS
from pipelines.config import MAY_HOLD_SECRETS, SettingsError
from pipelines.models import identity
from pipelines.settings import BuildSettings
from storage.files.store import Files, StoreError
from storage.sources.spec import SOURCES, SourceSettings

_PIXELS = ("pillow", "numpy", "opencv-python-headless")
"""Packages whose versions decide pixels: another version may give a picture other bytes."""

_READING = ("rapidocr", "onnxruntime")
"""Packages whose versions decide what is read in a picture."""

_RUNNING = ("pydantic-monty",)
"""Packages whose versions decide the results of a model's code."""

SHOWN_CHANGES = 6
"""Maximum keys in a message about the difference of recipes."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """All settings that decide an episode; the place and the speed of the work are left out."""

    content: dict[str, Any]

    @property
    def fingerprint(self) -> str:
        """Hash of the recipe's content."""
        return _hash(self.content)


@dataclass(frozen=True, slots=True)
class FoundBuild:
    """A build in the store: its fingerprint and its recorded recipe."""

    fingerprint: str
    recipe: Mapping[str, Any]


def recipe_of(
    settings: BuildSettings, models: Mapping[str, ModelSettings], judge: str, given: FoundBuild | None = None
) -> Recipe:
    """The settings of a build that decide its episodes.

    Args:
        models: the agent's, by role.
        judge: the judge's fingerprint, for agents that ask the judge.
        given: the build whose trajectories the episodes begin with.

    Raises:
        SettingsError: views of the given build are drawn differently.
    """
    agent, needs = AGENTS.of(settings.agent), AGENTS.of(settings.agent).needs
    ladder = within(settings.ladder, (model.family for model in models.values()))
    content: dict[str, Any] = {
        "source": _source(settings.source),
        "agent": _agent(settings.agent),
        "ladder": {name: value for name, value in asdict(ladder).items() if name != "rungs"},
    }
    packages = [*_PIXELS, *agent.packages]
    if agent.roles:
        content["models"] = {
            role: identity(model, settings.engine if role == AGENT else None) for role, model in models.items()
        }
    if "ocr" in needs:
        content["reading_version"] = READING_VERSION
        packages += _READING
    if "sandbox" in needs:
        content["sandbox"] = asdict(settings.sandbox)
        packages += [*_RUNNING, *(("matplotlib",) if settings.sandbox.cpython else ())]
    if agent.verifier is not None:  # this agent asks the judge
        content["judge"] = judge
    content["packages"] = {name: version(name) for name in packages}
    if given is not None:
        if given.recipe["ladder"] != content["ladder"]:
            then, now = given.recipe["ladder"], content["ladder"]
            raise SettingsError(
                f"agent.trajectories={given.fingerprint}: its views were drawn with {then}, and those of this build "
                f"would be with {now}: use a model of the same family, or the same ladder"
            )
        content["given"] = {name: value for name, value in given.recipe.items() if name != "first_source_path"}
    return Recipe(content)


def _source(settings: SourceSettings) -> dict[str, Any]:
    spec = SOURCES.of(settings)
    left_out = spec.not_in_recipe | {"path", "withdrawn"}
    return {**recipe_values(settings, left_out), "version": spec.version}


def _agent(settings: AgentSettings) -> dict[str, Any]:
    spec = AGENTS.of(settings)
    content = {**recipe_values(settings, spec.not_in_recipe), "version": spec.version}
    if "tools" in content:  # each tool from outside, with its version
        tools = {reference: TOOLS.get(reference) for reference in content["tools"]}
        content["tools"] = {name: {"name": tool.name, "version": tool.version} for name, tool in tools.items()}
    if prompts := prompt_hashes(settings):
        content["prompts"] = prompts
    return content


def judge_fingerprint(judge: JudgeSettings, model: ModelSettings | None, engine: EngineSettings | None = None) -> str:
    """The hash of everything that decides a verdict. `engine`: the engine that the job starts for the judge's model, or
    for the agent's if they share it."""
    return _hash(judge_identity(judge, identity(model, engine) if model else None))


def record_judge(
    files: Files,
    fingerprint: str,
    judge: JudgeSettings,
    model: ModelSettings | None,
    engine: EngineSettings | None = None,
) -> None:
    """Record the judge of this fingerprint beside a build, once."""
    content = json.dumps(judge_identity(judge, identity(model, engine) if model else None), indent=2, sort_keys=True)
    files.create(f"builds/{fingerprint}/judges/{judge_fingerprint(judge, model, engine)}.json", content.encode())


def title_of(recipe: Mapping[str, Any]) -> str:
    """The title of a dataset with this recipe."""
    return f"Visual chains of thought: {recipe['source']['name']}, {recipe['agent']['name']}"


def find_builds(files: Files) -> list[FoundBuild]:
    """Every build of a store with a recorded recipe, by fingerprint.

    Raises:
        StoreError: a recipe is damaged.
    """
    found = []
    for name in files.folders("builds"):
        path = f"builds/{name}/recipe.json"
        if not files.exists(path):
            continue
        try:
            found.append(FoundBuild(name, json.loads(files.read(path))))
        except ValueError as error:
            raise StoreError(f"{files.locate(path)} is no JSON: restore it, or remove its build's folder") from error
    return found


def find_build(files: Files, wanted: str | None) -> FoundBuild:
    """The only build in a store, or the build whose fingerprint begins like this.

    Raises:
        SettingsError: there is no such build, or more than one.
    """
    found = [build for build in find_builds(files) if build.fingerprint.startswith(wanted or "")]
    if len(found) > 1:  # a build that was only planned does not count
        found = [build for build in found if files.folders(f"builds/{build.fingerprint}/episodes")] or found
    if len(found) == 1:
        return found[0]
    which = f"whose fingerprint begins with {wanted}" if wanted else "in it"
    if not found:
        raise SettingsError(f"out={files.root}: there is no build {which}: name the folder that pipelines.build made")
    names = ", ".join(f"{build.fingerprint} ({_about(build.recipe)})" for build in found)
    raise SettingsError(f"out={files.root}: there is more than one build {which}: choose one with build=... of {names}")


def _about(recipe: Mapping[str, Any]) -> str:
    return title_of(recipe).partition(": ")[2]


def find_given(files: Files, settings: BuildSettings) -> FoundBuild | None:
    """The build whose trajectories the episodes of an agent begin with; None for an agent without such a build.

    Raises:
        SettingsError: there is no such build, or there are several.
    """
    wanted = settings.agent.given
    if wanted is None:
        return None
    builds = [found for found in find_builds(files) if found.recipe.get("source") == _source(settings.source)]
    found = [build for build in builds if build.fingerprint.startswith(wanted)]
    found = found or [build for build in builds if build.recipe.get("agent", {}).get("name") == wanted]
    if len(found) == 1:
        return found[0]
    listed = ", ".join(f"{build.fingerprint} ({_about(build.recipe)})" for build in found or builds) or "none"
    raise SettingsError(
        f"agent.trajectories={wanted}: {'no' if not found else 'more than one'} build of this source in "
        f"out={files.root} fits: name one by its fingerprint, of {listed}"
    )


def find_judges(files: Files, build: str) -> Mapping[str, str]:
    """Every judge of a build, by fingerprint, with its settings in one line."""
    return {judge: _describe(files, build, judge) for judge in files.folders(f"builds/{build}/verdicts")}


def _describe(files: Files, build: str, judge: str) -> str:
    try:
        identity = json.loads(files.read(f"builds/{build}/judges/{judge}.json"))
    except FileNotFoundError:
        return "a judge of an earlier version"
    shown = {name: value for name, value in identity.items() if name not in ("name", "version", "prompt")}
    return ", ".join([str(identity["name"]), *(f"{name} {value}" for name, value in sorted(shown.items()))])


def what_changed(files: Files, recipe: Recipe) -> str:
    """The differences between a new recipe and the nearest recipe in the store, in one line; "" without another recipe.

    Values of settings that may hold secrets are left out.
    """
    if files.exists(f"builds/{recipe.fingerprint}/recipe.json"):
        return ""
    wanted = _flat(json.loads(json.dumps(recipe.content)))
    found = []
    for name in files.folders("builds"):
        try:
            there = json.loads(files.read(f"builds/{name}/recipe.json"))
        except FileNotFoundError:
            continue
        there.pop("first_source_path", None)
        old = _flat(there)
        found.append((name, old, [key for key in {**old, **wanted} if old.get(key) != wanted.get(key)]))
    if not found:
        return ""
    name, old, changed = min(found, key=lambda build: (len(build[2]), build[0]))
    changed.sort(key=lambda key: (not key.endswith(".name"), key))  # another source or agent brings many keys
    shown = [_change(key, old.get(key), wanted.get(key)) for key in changed[:SHOWN_CHANGES]]
    more = f", and {len(changed) - len(shown)} more" if len(changed) > len(shown) else ""
    return f"a new recipe, so a build of its own ({recipe.fingerprint}); unlike {name}: {', '.join(shown)}{more}"


def _flat(value: Any, place: str = "") -> dict[str, str]:
    """JSON values by their dotted keys, each as JSON."""
    if not isinstance(value, dict):
        return {place: json.dumps(value)}
    inner = (_flat(item, f"{place}.{key}" if place else key) for key, item in value.items())
    return {key: text for flat in inner for key, text in flat.items()}


def _change(key: str, old: str | None, new: str | None) -> str:
    if MAY_HOLD_SECRETS.search(key):
        return f"{key} (not shown)"
    before, after = (
        "not set" if text is None else text if len(text) <= 60 else f"{text[:57]}..." for text in (old, new)
    )
    return f"{key} {before} -> {after}"


def record(files: Files, recipe: Recipe, settings: BuildSettings) -> str | None:
    """Record the recipe beside its build, once. Return the recorded place of the build's source if it differs."""
    path = f"builds/{recipe.fingerprint}/recipe.json"
    place = settings.source.place
    content = {**recipe.content, "first_source_path": place}
    if files.create(path, json.dumps(content, indent=2, sort_keys=True).encode()):
        return None
    first = str(json.loads(files.read(path)).get("first_source_path", ""))
    return first if first != place else None


def recorded_fingerprint(record: Mapping[str, Any]) -> str:
    """The fingerprint that the name of a recorded recipe, or judge, must have."""
    return _hash({name: value for name, value in record.items() if name != "first_source_path"})


def _hash(content: Any) -> str:
    text = json.dumps(content, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:16]
