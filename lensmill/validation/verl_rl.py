"""verl 0.9.1, RLHFDataset: a `prompt` of strings with `<image>`, the answer in `reward_model`, and tools."""

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from typing import Any

from lensmill.formats.checking import Finding, Needs, Training
from lensmill.validation.calls import BAD, parsed
from lensmill.validation.conversation import Conversation, Reading, Turn, shown
from lensmill.validation.pictures import Entries, read_pictures
from lensmill.validation.schema import Columns, Features, field_of
from lensmill.validation.spec import Validator
from lensmill.validation.strings import check_count, check_other_media
from lensmill.validation.verl_sft import check_images_column, check_message_column, read_messages
from lensmill.validation.whole import Trainer, checked

_FILTERED = "verl filters the row out silently"

TRAINER = Trainer(
    "verl",
    "data.max_prompt_length",
    _FILTERED,
    "the chat template refuses the prompt, or writes a chat that no model sees",
    learns=False,
)
ENTRIES = Entries("verl", by_path=False, strings=False, image_key=True, relative=False)


def check(row: Mapping[str, Any], training: Training) -> Reading:
    """Findings about a prompt for RL."""
    return (yield from checked(partial(_read, row, training), training, TRAINER))


def _read(row: Mapping[str, Any], training: Training) -> Reading:
    yield from _reward(row)
    yield from _tools(row)
    turns = yield from read_messages(row, "prompt", training)
    if turns is None:
        return None
    turns = tuple(Turn(turn.role, turn.where, turn.parts, False, turn.said, turn.calls) for turn in turns)
    pictures = yield from read_pictures(row.get("images"), "images", ENTRIES, training)
    conversation = Conversation(turns, pictures, tuple(("prompt", text) for text in _schemas(turns)))
    if isinstance(row.get("images"), list | tuple | None):
        yield from check_count(turns, len(pictures), _FILTERED)
    yield from check_other_media(conversation, row, _FILTERED)
    if turns[-1].role == "assistant":
        yield Finding(
            "prompt_ends_with_assistant",
            turns[-1].where,
            "the prompt ends with the assistant's turn, and holds the rollout's beginning: leave the turn out",
        )
    elif turns[-1].role == "system":
        yield Finding("no_question", turns[-1].where, "the prompt asks nothing: it needs a turn of the user")
    for turn in turns:
        if turn.role == "user" and not turn.pictures and not turn.text.strip():
            yield Finding("empty_turn", turn.where, "the user's turn is empty: write its text, or leave the row out")
    return conversation


def _schemas(turns: Iterable[Turn]) -> Iterator[str]:
    """The schemas that the prompt lists: verl writes those of its tools into the prompt once more."""
    for turn in turns:
        if turn.role == "system":
            yield from re.findall(r"<tools>(.*?)</tools>", turn.text, re.DOTALL)


def _reward(row: Mapping[str, Any]) -> Iterator[Finding]:
    source = row.get("data_source")
    if not isinstance(source, str) or not source:
        yield Finding(
            "no_data_source", "data_source", "data_source is missing, by which verl chooses the reward: write a name"
        )
    reward = row.get("reward_model")
    if isinstance(reward, str):
        yield Finding(
            "reward_shape", "reward_model", "reward_model is a string: write a struct of style and ground_truth"
        )
        return
    truth = reward.get("ground_truth") if isinstance(reward, Mapping) else None
    if truth is None or truth == "" or truth == []:
        yield Finding(
            "no_ground_truth",
            "reward_model.ground_truth",
            "ground_truth is missing, and every rollout gets the same reward: write the answer",
        )


def _tools(row: Mapping[str, Any]) -> Iterator[Finding]:
    extra = row.get("extra_info")
    if extra is None:
        return
    if not isinstance(extra, Mapping):
        yield Finding("extra_info_shape", "extra_info", f"extra_info is of type {type(extra).__name__}: write a struct")
        return
    where, tools, wanted = "extra_info.tools_kwargs", extra.get("tools_kwargs"), bool(extra.get("need_tools_kwargs"))
    if isinstance(tools, str):
        tools = parsed(tools)
        if tools is BAD:
            yield Finding("tools_kwargs_not_json", where, "tools_kwargs is a string, and no JSON")
            return
    if not tools:
        if wanted:
            yield Finding(
                "no_tools_kwargs",
                where,
                "need_tools_kwargs is true, and tools_kwargs is empty: name each tool, with create_kwargs",
            )
        return
    if not isinstance(tools, Mapping):
        yield Finding("tools_kwargs_shape", where, f"tools_kwargs is {shown(tools, 40)}: write a struct of tools")
        return
    if wanted and not row.get("agent_name"):
        yield Finding(
            "no_agent_name",
            "agent_name",
            "the row has tools and no agent_name, so verl runs its agent without tools: write tool_agent",
        )
    for name, settings in tools.items():
        yield from _tool(f"{where}.{name}", settings)


def _tool(where: str, settings: Any) -> Iterator[Finding]:
    if settings is None:
        yield Finding(
            "tools_differ",
            where,
            "the tool is null, as Arrow makes it where rows name different tools, and verl gives it None: name the "
            "same tools in every row",
        )
        return
    if not isinstance(settings, Mapping):
        yield Finding("tools_kwargs_shape", where, f"the tool has {shown(settings, 40)}: write create_kwargs")
        return
    for key in ("create_kwargs", "execute_kwargs"):
        value = settings.get(key)
        if isinstance(value, Mapping) and not value:
            yield Finding(
                "empty_kwargs",
                f"{where}.{key}",
                f"{key} is empty, and Parquet cannot write a struct without a field: give it one",
            )
        elif isinstance(value, Mapping):
            for name, item in value.items():
                if item is None:
                    yield Finding(
                        "null_kwarg",
                        f"{where}.{key}.{name}",
                        "the value is null, as Arrow makes it where rows have unlike keys, and the tool would get "
                        "None: give every row the same keys",
                    )


def check_schema(columns: Columns, features: Features) -> Iterator[Finding]:
    """Column types that verl reads wrongly."""
    del features
    yield from check_images_column(columns)
    yield from check_message_column(columns, "prompt")
    tools = field_of(columns.get("extra_info"), "tools_kwargs")
    for name, settings in tools.items() if isinstance(tools, Mapping) else ():
        for key in ("create_kwargs", "execute_kwargs"):
            value = field_of(settings, key)
            if isinstance(value, Mapping) and not value:
                yield Finding(
                    "empty_kwargs", f"extra_info.tools_kwargs.{name}.{key}", f"{key} is a struct without a field"
                )


def snippet(needs: Needs) -> str:
    """The settings of verl's RL trainer."""
    return (
        f"data.max_prompt_length={needs.limit}    # the largest prompt needs {needs.tokens:,} tokens; longer ones are "
        "filtered out silently\n"
        "data.image_key=images\n"
        "data.return_raw_chat=True\n"
        "actor_rollout_ref.rollout.multi_turn.enable=True\n"
        "reward.custom_reward_function.path=pkg://lensmill.rewards.verl    # or a file of yours with compute_score\n"
    )


def fits(row: Mapping[str, Any]) -> int:
    """Whether a row has a prompt and a reward."""
    return 8 if "reward_model" in row and "prompt" in row else 0


def _tool_keys(row: Mapping[str, Any]) -> object:
    """The names of a row's tools and of their arguments; None for a row without tools."""
    tools = field_of(row.get("extra_info"), "tools_kwargs")
    if not isinstance(tools, Mapping) or not tools:
        return None
    return sorted((str(name), _keys(field_of(kwargs, "create_kwargs"))) for name, kwargs in tools.items())


def _keys(value: Any) -> list[str]:
    return sorted(map(str, value)) if isinstance(value, Mapping) else []


_UNLIKE = Finding(
    "tools_differ",
    "extra_info.tools_kwargs",
    "the row names other tools or arguments than the rows before it, and verl, which reads them through Arrow, gives "
    "every row all of them, with None: name the same tools in every row",
)

VALIDATOR = Validator(
    name="verl_rl",
    check=check,
    check_schema=check_schema,
    snippet=snippet,
    fits=fits,
    alike=(_tool_keys, _UNLIKE),
)
