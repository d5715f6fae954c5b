"""verl's RLHFDataset: a row is a question with its view, not a trajectory: the model makes trajectories in training.

`extra_info` has the columns that `lensmill.rewards.verl` reads, and `create_kwargs` what `lensmill.training.verl_tool`
takes: the original, from which tools draw, the rung and the named regions. They stand with the zoom alone; the other
tools of a rollout share them (verl 0.9.1).
"""

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
    sample, original = example.sample, example.original
    if original is None:
        raise LeftOut("no_original", f"the version has no original {sample.image_id}: publish the version again")
    seen = settings.trained.seen(example.frames[0])
    regions = [{"kind": one.kind, "label": one.label, "box": list(one.box.xyxy)} for one in sample.regions]
    yield {
        "data_source": f"lensmill/{sample.source}",
        "agent_name": "tool_agent",
        "prompt": [{"role": message.role, "content": text_of(message)} for message in opening],
        "images": shown(example, opening),
        "ability": "vqa",
        "reward_model": {"style": "rule", "ground_truth": list(sample.answers)},
        "extra_info": {
            "split": sample.split,
            "index": sample.sample_id,
            "sample_id": sample.sample_id,
            "question": sample.question,
            "answer": sample.answers[0],
            "choices": list(sample.choices),
            "targets": [list(box.xyxy) for box in sample.targets],
            "original_width": sample.width,
            "original_height": sample.height,
            "rung": example.rung,
            "view": {"width": seen.width, "height": seen.height},
            "need_tools_kwargs": True,
            "tools_kwargs": {
                ZOOM: {"create_kwargs": {"image": original, "rung": example.rung, "regions": regions}},
            },
        },
    }


def _columns(settings: VerlRlSettings) -> Mapping[str, Any]:
    pictures = columns_of_pictures(settings)
    region = {"kind": "string", "label": "string", "box": ["float64"]}
    create = {"image": pictures["images"][0], "rung": "int64", "regions": [region]}
    return {
        **dict.fromkeys(("data_source", "agent_name", "ability"), "string"),
        "prompt": [{"role": "string", "content": "string"}],
        **pictures,
        "reward_model": {"style": "string", "ground_truth": ["string"]},
        "extra_info": {
            **dict.fromkeys(("split", "index", "sample_id", "question", "answer"), "string"),
            "choices": ["string"],
            "targets": [["float64"]],
            **dict.fromkeys(("original_width", "original_height", "rung"), "int64"),
            "view": {"width": "int64", "height": "int64"},
            "need_tools_kwargs": "bool",
            "tools_kwargs": {ZOOM: {"create_kwargs": create}},
        },
    }


def _command(exported: Exported) -> str:
    limit, convention = exported.needs.limit, exported.settings.trained.family.convention
    test = files_of(exported, "validation" if "validation" in exported.splits else "train")
    return f"""```bash
# name every tool that the prompts list: the zoom, and edits if there are any
python -m lensmill.training.verl_config {ZOOM} --convention {convention} > tools.yaml
python -m verl.trainer.main_ppo algorithm.adv_estimator=grpo actor_rollout_ref.model.path=path/of/the/model/after/SFT \\
    data.train_files="{files_of(exported, "train")}" data.val_files="{test}" \\
    data.max_prompt_length={limit} data.filter_overlong_prompts=false data.return_raw_chat=true \\
    actor_rollout_ref.rollout.multi_turn.enable=true \\
    actor_rollout_ref.rollout.multi_turn.tool_config_path=tools.yaml \\
    reward.custom_reward_function.path=pkg://lensmill.rewards.verl \\
    reward.custom_reward_function.name=compute_score \\
    +reward.custom_reward_function.reward_kwargs.recipe=chain_of_focus \\
    +reward.custom_reward_function.reward_kwargs.tools.convention={convention}
# data.filter_overlong_prompts=true leaves longer prompts out without a word: max_prompt_length must hold the longest
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
    originals=True,
    key=question_key,
    command=_command,
)
