"""verl's RLHFDataset: a row is a question with its view, not a trajectory: the model makes trajectories in training.

`ground_truth` is the JSON list of the accepted answers, which `lensmill.rewards` reads (verl 0.9.1).
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from lensmill.formats.boxes import for_target
from lensmill.formats.example import Example, LeftOut, conversation, shown_in, text_of
from lensmill.formats.settings import FormatSettings
from lensmill.formats.spec import Exported, FormatSpec, Row, parquet
from lensmill.formats.trl import shown
from lensmill.formats.verl_sft import columns_of_pictures, files_of, picture
from lensmill.tools import ZOOM
from lensmill.validation.verl_rl import VALIDATOR


@dataclass(frozen=True, slots=True, kw_only=True)
class VerlRlSettings(FormatSettings):
    """verl's RL rows: prompt, view, answers, and what the tools need."""

    name: Literal["verl_rl"] = "verl_rl"
    chain: Literal["pictures"] = "pictures"
    """the model makes its own trajectories, so a row has none"""


def question_key(example: Example) -> str:
    """Episodes with the same question, view and agent are one row."""
    return f"{example.sample.sample_id} {example.rung} {example.agent}"


def _rows(settings: VerlRlSettings, example: Example) -> Iterator[Row]:
    messages = conversation(example)
    first = next(number for number, message in enumerate(messages) if message.role == "assistant")
    opening = for_target(example, messages, settings.trained)[:first]
    if shown_in(opening) != [0]:
        raise LeftOut("no_question", f"episode {example.episode_id} does not begin with its view")
    sample, view = example.sample, settings.trained.seen(example.frames[0])
    yield {
        "data_source": f"lensmill/{sample.source}",
        "agent_name": "tool_agent",
        "prompt": [{"role": message.role, "content": text_of(message)} for message in opening],
        "images": shown(example, opening),
        "ability": "vqa",
        "reward_model": {"style": "rule", "ground_truth": json.dumps(list(sample.answers), ensure_ascii=False)},
        "extra_info": {
            "split": sample.split,
            "index": sample.sample_id,
            "question": sample.question,
            "answer": sample.answers[0],
            "choices": list(sample.choices),
            "targets": [list(box.xyxy) for box in sample.targets],
            "original_width": sample.width,
            "original_height": sample.height,
            "rung": example.rung,
            "view": {"width": view.width, "height": view.height},
            "need_tools_kwargs": True,
            "tools_kwargs": {ZOOM: {"create_kwargs": {"image_id": sample.image_id, "rung": example.rung}}},
        },
    }


def _columns(settings: VerlRlSettings) -> Mapping[str, Any]:
    tools = {ZOOM: {"create_kwargs": {"image_id": "string", "rung": "int64"}}}
    return {
        **dict.fromkeys(("data_source", "agent_name", "ability"), "string"),
        "prompt": [{"role": "string", "content": "string"}],
        **columns_of_pictures(settings),
        "reward_model": {"style": "string", "ground_truth": "string"},
        "extra_info": {
            **dict.fromkeys(("split", "index", "question", "answer"), "string"),
            "choices": ["string"],
            **dict.fromkeys(("original_width", "original_height", "rung"), "int64"),
            "view": {"width": "int64", "height": "int64"},
            "targets": [["float64"]],
            "need_tools_kwargs": "bool",
            "tools_kwargs": tools,
        },
    }


def _command(exported: Exported) -> str:
    limit = exported.needs.limit
    return f"""```bash
python -m verl.trainer.main_ppo algorithm.adv_estimator=grpo actor_rollout_ref.model.path=path/of/the/model/after/SFT \\
    data.train_files="{files_of(exported, "train")}" data.val_files="{files_of(exported, "validation")}" \\
    data.max_prompt_length={limit} data.filter_overlong_prompts=false data.return_raw_chat=true \\
    actor_rollout_ref.rollout.multi_turn.enable=true \\
    actor_rollout_ref.rollout.multi_turn.tool_config_path=tools.yaml  # see docs/training.md for tools and rewards
# longer prompts would be left out without a word: max_prompt_length must hold the longest one
```
"""


SPEC = FormatSpec(
    settings=VerlRlSettings,
    version=2,
    columns=_columns,
    rows=_rows,
    validator=VALIDATOR,
    container=parquet,
    picture=picture,
    key=question_key,
    command=_command,
)
