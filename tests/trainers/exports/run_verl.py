"""What verl makes of rows, with its own configurations, datasets, tools and rewards. Runs in verl's own environment."""

import asyncio
import contextlib
import io
from collections.abc import Mapping, Sequence
from typing import Any

import datasets
import torch
import transformers
from hydra import compose, initialize_config_module
from omegaconf import DictConfig
from PIL import Image
from verl.experimental.agent_loop.tool_agent_loop import AgentData
from verl.tools.tool_registry import load_all_tools
from verl.trainer.ppo.reward import get_custom_reward_fn
from verl.utils.dataset.multiturn_sft_dataset import MultiTurnSFTDataset
from verl.utils.dataset.rl_dataset import RLHFDataset, collate_fn

from lensmill.picture import pixel_hash
from tests.trainers.exports.tasks import main
from tests.trainers.exports.tiny import write


def configured(name: str, overrides: Sequence[str]) -> DictConfig:
    """verl's configuration with the values of a command."""
    with initialize_config_module("verl.trainer.config", version_base=None):
        return compose(name, list(overrides))


def processor_of(task: Mapping[str, Any]) -> Any:
    return transformers.AutoProcessor.from_pretrained(task["model"])


def image_tokens(processor: Any, ids: Any) -> int:
    return int((ids == processor.tokenizer.convert_tokens_to_ids("<|image_pad|>")).sum())


def sft(task: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Each row of a dataset for SFT: the text that carries loss, the whole text, and its pictures."""
    config, processor = configured("sft_trainer_engine", task["overrides"]), processor_of(task)
    with contextlib.chdir(task["folder"]), contextlib.redirect_stdout(io.StringIO()):
        rows = MultiTurnSFTDataset(config.data.train_files, processor.tokenizer, config.data, processor)
    found = []
    for number in range(len(rows)):
        row = rows[number]
        ids = row["input_ids"]
        grid = row.get("multi_modal_inputs", {}).get("image_grid_thw")
        found.append(
            {
                "learnt": processor.tokenizer.decode(ids[row["loss_mask"] == 1]),
                "text": processor.tokenizer.decode(ids),
                "tokens": len(ids),
                "image_tokens": image_tokens(processor, ids),
                "grid": [] if grid is None else grid.tolist(),
            }
        )
    return found


def dataset_of(task: Mapping[str, Any], config: DictConfig, processor: Any) -> Any:
    with contextlib.chdir(task["folder"]), contextlib.redirect_stdout(io.StringIO()):
        return RLHFDataset(config.data.train_files, processor.tokenizer, config.data, processor)


def rl(task: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Each row of a dataset for RL: its prompt as the rollout tokenises it, and its pictures' sizes."""
    config, processor = configured("ppo_trainer", task["overrides"]), processor_of(task)
    rows = dataset_of(task, config, processor)
    schemas = rows.tool_schemas
    found = []
    for number in range(len(rows)):
        row = collate_fn([rows[number]])
        messages = row["raw_prompt"][0]
        shown, _ = asyncio.run(RLHFDataset.process_vision_info(messages, rows.image_patch_size, config.data))
        text = processor.apply_chat_template(messages, tools=schemas, add_generation_prompt=True, tokenize=False)
        inputs = processor(text=[text], images=shown, return_tensors="pt")
        found.append(
            {
                "roles": [message["role"] for message in messages],
                "prompt": processor.apply_chat_template(messages, add_generation_prompt=True, tokenize=False),
                "sample": row["extra_info"][0]["sample_id"],
                "agent": row["agent_name"][0],
                "sizes": [picture.size for picture in shown],
                "tokens": inputs["input_ids"].shape[1],
                "image_tokens": image_tokens(processor, inputs["input_ids"][0]),
                "limit": config.data.max_prompt_length,
            }
        )
    return found


def scores(task: Mapping[str, Any]) -> list[dict[str, float]]:
    """The rewards of one solution for each row, by the configured function, called as verl's reward loop calls it."""
    config, processor = configured("ppo_trainer", task["overrides"]), processor_of(task)
    rows = dataset_of(task, config, processor)
    score = get_custom_reward_fn(config)
    assert score is not None
    found = []
    for number in range(len(rows)):
        row = rows[number]
        said = task["solutions"][f"{row['extra_info']['sample_id']} {row['extra_info']['rung']}"]
        truth = row["reward_model"]["ground_truth"]
        more = {**row["extra_info"], "num_turns": said["turns"], "rollout_reward_scores": {}}
        text = said["text"]
        found.append(score(data_source=row["data_source"], solution_str=text, ground_truth=truth, extra_info=more))
    return found


def tools(task: Mapping[str, Any]) -> dict[str, list[dict[str, Any]]]:
    """The pictures and texts that the tools bring in a rollout of each row, given the calls of each."""
    config, processor = configured("ppo_trainer", task["overrides"]), processor_of(task)
    rows = dataset_of(task, config, processor)
    with contextlib.redirect_stdout(io.StringIO()):
        loaded = load_all_tools(tool_config_path=task["tools"], function_tool_path=None)
    named = {tool.name: tool for tool in loaded}

    async def rollout(row: Mapping[str, Any], calls: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        shown, _ = await RLHFDataset.process_vision_info(row["raw_prompt"], rows.image_patch_size, config.data)
        kwargs = row["tools_kwargs"]
        data = AgentData(list(row["raw_prompt"]), list(shown), None, None, None, {}, "request", kwargs)
        found = []
        for call in calls:
            tool = named[call["name"]]
            instance, _ = await tool.create(create_kwargs=kwargs.get(call["name"], {}).get("create_kwargs", {}))
            response, _, _ = await tool.execute(instance, call["arguments"], agent_data=data)
            await tool.release(instance)
            pictures: list[Image.Image] = response.image or []
            found.append({"text": response.text, "pictures": [pixel_hash(picture) for picture in pictures]})
        return found

    told = {}
    for number in range(len(rows)):
        row = rows[number]
        name = f"{row['extra_info']['sample_id']} {row['extra_info']['rung']}"
        told[name] = asyncio.run(rollout(row, task["calls"][name]))
    return told


class Rollout:
    """The part of verl's `AgentData` that a tool reads."""

    def __init__(self, picture: str | None) -> None:
        self.image_data = None if picture is None else [Image.open(picture).convert("RGB")]


def calls(task: Mapping[str, Any]) -> dict[str, Any]:
    """The schemas as verl's prompt shows them, and what each rollout's calls bring, all of a rollout at once.

    A rollout has `calls` of [tool, arguments, create_kwargs], and `data`: False where verl passes no `agent_data`.
    """
    named = {tool.name: tool for tool in load_all_tools(tool_config_path=task["tools"], function_tool_path=None)}
    schemas = {name: tool.tool_schema.model_dump(exclude_unset=True, exclude_none=True) for name, tool in named.items()}

    async def one(data: Rollout | None, name: str, arguments: Mapping[str, Any], opening: Mapping[str, Any]) -> Any:
        tool = named[name]
        instance, _ = await tool.create(create_kwargs=opening)
        try:
            response, reward, metrics = await tool.execute(instance, arguments, agent_data=data)
        except ValueError as error:
            return {"error": str(error)}
        finally:
            await tool.release(instance)
        drawn = [pixel_hash(picture) for picture in response.image or []]
        return {"text": response.text, "pictures": drawn, "reward": reward, **metrics}

    async def rollout(given: Mapping[str, Any]) -> list[Any]:
        data = Rollout(given.get("picture")) if given.get("data", True) else None
        return list(await asyncio.gather(*(one(data, *call) for call in given["calls"])))

    return {"schemas": schemas, "rollouts": [asyncio.run(rollout(given)) for given in task["rollouts"]]}


if __name__ == "__main__":
    datasets.disable_progress_bars()
    transformers.logging.set_verbosity_error()
    torch.set_num_threads(2)
    main({"model": write, "sft": sft, "rl": rl, "scores": scores, "tools": tools, "calls": calls})
