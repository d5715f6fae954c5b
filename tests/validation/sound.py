"""Sound rows of each training format, from one small episode; tests plant a defect into a copy."""

import io
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from PIL import Image

Row = dict[str, Any]

SCHEMA = {
    "type": "function",
    "function": {
        "name": "image_zoom_in_tool",
        "description": "Zoom in on a part of a picture.",
        "parameters": {
            "type": "object",
            "properties": {
                "bbox_2d": {"type": "array", "items": {"type": "number"}, "minItems": 4, "maxItems": 4},
                "label": {"type": "string"},
                "image": {"type": "integer"},
            },
            "required": ["bbox_2d"],
        },
    },
}
SYSTEM = (
    "You read pictures.\n<tools>\n" + json.dumps(SCHEMA) + "\n</tools>\nWrite a call as <tool_call>\n"
    '{"name": <function name>, "arguments": <arguments as JSON>}\n</tool_call>'
)


@cache
def png(width: int, height: int, colour: int = 90) -> bytes:
    """A PNG file of one colour."""
    buffer = io.BytesIO()
    Image.new("RGB", (width, height), (colour, 0, 0)).save(buffer, "PNG")
    return buffer.getvalue()


@cache
def jpeg(width: int, height: int) -> bytes:
    """A JPEG file of one colour."""
    buffer = io.BytesIO()
    Image.new("RGB", (width, height), (9, 90, 0)).save(buffer, "JPEG")
    return buffer.getvalue()


@dataclass(frozen=True)
class Look:
    """A call and the picture that it brought."""

    thought: str
    box: Sequence[float]
    about: int
    size: tuple[int, int]


@dataclass(frozen=True)
class Episode:
    """An episode before it is a row of any format."""

    question: str = "Which bar is 5 < x > 3 high?"
    view: tuple[int, int] = (560, 336)
    looks: tuple[Look, ...] = (
        Look("I look at the left.", (30, 28, 150, 140), 0, (224, 224)),
        Look("Now its label.", (10, 20, 100, 120), 1, (196, 168)),
    )
    ending: str = "It says 2019."
    answer: str = "2019"

    @property
    def images(self) -> list[bytes]:
        """The pictures' files."""
        sizes = [self.view, *(look.size for look in self.looks)]
        return [png(*size, number) for number, size in enumerate(sizes)]

    @property
    def last(self) -> str:
        """The last turn."""
        return f"<think>{self.ending}</think>\n<answer>{self.answer}</answer>"


EPISODE = Episode()


def call_of(look: Look) -> Row:
    """The call of a look."""
    return {
        "name": "image_zoom_in_tool",
        "arguments": {"bbox_2d": list(look.box), "label": "it", "image": look.about},
    }


def text_call(look: Look) -> str:
    """A turn with a thought and a call."""
    return f"<think>{look.thought}</think>\n<tool_call>\n{json.dumps(call_of(look))}\n</tool_call>"


def string_messages(episode: Episode = EPISODE) -> list[Row]:
    """Messages of strings with `<image>`."""
    messages = [
        {"role": "system", "content": SYSTEM},
        {"role": "user", "content": f"<image>\nQuestion: {episode.question}\nThink first."},
    ]
    for look in episode.looks:
        messages.append({"role": "assistant", "content": text_call(look)})
        messages.append({"role": "user", "content": "<image>\nThis is the part.\nThink first."})
    return [*messages, {"role": "assistant", "content": episode.last}]


def structs(episode: Episode = EPISODE) -> list[Row]:
    """Pictures as structs."""
    return [{"bytes": data, "path": None} for data in episode.images]


def part_messages(episode: Episode = EPISODE) -> list[Row]:
    """Messages of parts."""
    rows = []
    for message in string_messages(episode):
        parts: list[Row] = []
        for number, text in enumerate(message["content"].split("<image>")):
            if number:
                parts.append({"type": "image", "text": None})
            if text:
                parts.append({"type": "text", "text": text})
        rows.append({"role": message["role"], "content": parts})
    return rows


def trl(episode: Episode = EPISODE) -> Row:
    """A row of TRL."""
    return {"messages": part_messages(episode), "images": structs(episode)}


def trl_dpo(episode: Episode = EPISODE) -> Row:
    """A pair of TRL."""
    messages = part_messages(episode)
    bad = [{"role": "assistant", "content": [{"type": "text", "text": "<think>I guess.</think>\n<answer>1</answer>"}]}]
    return {"prompt": messages[:-1], "chosen": messages[-1:], "rejected": bad, "images": structs(episode)}


def llamafactory(episode: Episode = EPISODE) -> Row:
    """A row of LLaMA-Factory, plain sharegpt."""
    names = {"user": "human", "assistant": "gpt"}
    messages = string_messages(episode)[1:]
    return {
        "conversations": [{"from": names[m["role"]], "value": m["content"]} for m in messages],
        "system": SYSTEM,
        "images": structs(episode),
    }


def llamafactory_tools(episode: Episode = EPISODE) -> Row:
    """A row of LLaMA-Factory with roles of tools."""
    row = llamafactory(episode)
    for number, message in enumerate(row["conversations"]):
        if "<tool_call>" in message["value"]:
            message["from"] = "function_call"
        elif message["from"] == "human" and number:
            message["from"] = "observation"
    return {**row, "system": "You read pictures.", "tools": json.dumps([SCHEMA])}


def llamafactory_pair(episode: Episode = EPISODE) -> Row:
    """A pair of LLaMA-Factory."""
    row = llamafactory(episode)
    return {
        **row,
        "conversations": row["conversations"][:-1],
        "chosen": row["conversations"][-1],
        "rejected": {"from": "gpt", "value": "<think>I guess.</think>\n<answer>1</answer>"},
    }


def swift(episode: Episode = EPISODE) -> Row:
    """A row of ms-swift, plain."""
    return {"messages": string_messages(episode), "images": structs(episode)}


def swift_agent(episode: Episode = EPISODE) -> Row:
    """A row of ms-swift with roles of tools."""
    messages = [{"role": "system", "content": "You read pictures."}, string_messages(episode)[1]]
    for look in episode.looks:
        messages.append({"role": "assistant", "content": f"<think>{look.thought}</think>\n"})
        messages.append({"role": "tool_call", "content": json.dumps(call_of(look))})
        messages.append({"role": "tool_response", "content": "<image>\nThis is the part."})
    messages.append({"role": "assistant", "content": episode.last})
    return {"tools": json.dumps([SCHEMA]), "messages": messages, "images": structs(episode)}


def swift_objects(episode: Episode = EPISODE) -> Row:
    """A row of ms-swift with boxes in `objects`."""
    row = swift(episode)
    for message, look in zip(row["messages"][2::2], episode.looks, strict=False):
        message["content"] = message["content"].replace(json.dumps(list(look.box)), "<bbox>")
    objects = {
        "ref": [],
        "bbox": [list(look.box) for look in episode.looks],
        "image_id": [look.about for look in episode.looks],
    }
    return {**row, "objects": objects}


def swift_pair(episode: Episode = EPISODE) -> Row:
    """A pair of ms-swift of whole trajectories."""
    row = swift(episode)
    bad = [*row["messages"][:2], {"role": "assistant", "content": "<think>I guess.</think>\n<answer>1</answer>"}]
    return {**row, "rejected_messages": bad, "rejected_images": row["images"][:1]}


def verl_sft(episode: Episode = EPISODE) -> Row:
    """A row of verl for SFT."""
    return swift(episode)


def verl_sft_tool(episode: Episode = EPISODE) -> Row:
    """A row of verl for SFT, observations as role tool."""
    row = swift(episode)
    for message in row["messages"][3::2]:
        message["role"] = "tool"
    return row


def verl_rl(episode: Episode = EPISODE) -> Row:
    """A prompt of verl for RL."""
    return {
        "data_source": "lensmill/charts",
        "agent_name": "tool_agent",
        "prompt": string_messages(episode)[:2],
        "images": structs(episode)[:1],
        "ability": "chart_qa",
        "reward_model": {"style": "rule", "ground_truth": episode.answer},
        "extra_info": {
            "split": "train",
            "index": 0,
            "question": episode.question,
            "answer": episode.answer,
            "need_tools_kwargs": True,
            "tools_kwargs": {"image_zoom_in_tool": {"create_kwargs": {"image_id": "x"}}},
        },
    }


def cof(episode: Episode = EPISODE) -> Row:
    """A row of Chain-of-Focus; its pictures are files."""
    return {"messages": string_messages(episode), "images": [f"1/{n}.png" for n in range(len(episode.images))]}


def refocus(episode: Episode = EPISODE) -> Row:
    """A row of ReFocus_Data."""
    code = '```python\ndisplay(focus_on_x_values_with_draw(image_1, ["2019"], x_values_bbox))\n```'
    box = {"x1": 10, "y1": 20, "x2": 60, "y2": 200}
    return {
        "id": "7",
        "question": episode.question,
        "answer": episode.answer,
        "image": structs(episode)[0],
        "edited_image": {"bytes": png(*episode.view, 3), "path": None},
        "thoughts": [
            f"THOUGHT 0: I look at 2019.\nACTION 0:\n{code}",
            f"THOUGHT 1: I see.\nANSWER: It is {episode.answer}. FINAL ANSWER: {episode.answer}.",
        ],
        "focus_areas_bbox": [box],
        "x_values": ["2018", "2019"],
        "x_values_bbox": [box, {"x1": 70, "y1": 20, "x2": 120, "y2": 200}],
        "y_values": [],
        "y_values_bbox": [],
        "figure_bbox": {"x1": 0, "y1": 0, "x2": 560, "y2": 336},
        "source": "chartqa_v_bar",
        "split": "train",
    }


SOUND: Mapping[str, tuple[str, Callable[[Episode], Row]]] = {
    "trl": ("trl", trl),
    "trl_dpo": ("trl_dpo", trl_dpo),
    "llamafactory": ("llamafactory", llamafactory),
    "llamafactory_tools": ("llamafactory", llamafactory_tools),
    "llamafactory_pair": ("llamafactory", llamafactory_pair),
    "swift": ("swift", swift),
    "swift_agent": ("swift", swift_agent),
    "swift_objects": ("swift", swift_objects),
    "swift_pair": ("swift", swift_pair),
    "verl_sft": ("verl_sft", verl_sft),
    "verl_sft_tool": ("verl_sft", verl_sft_tool),
    "verl_rl": ("verl_rl", verl_rl),
    "cof": ("cof", cof),
    "refocus": ("refocus", refocus),
}
"""Layouts: the format, and a maker of rows."""
