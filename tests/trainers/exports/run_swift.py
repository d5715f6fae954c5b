"""What ms-swift makes of rows. Runs in ms-swift's own environment."""

import contextlib
import logging
from collections.abc import Mapping
from typing import Any

import datasets
import torch
from swift.dataset import EncodePreprocessor, load_dataset
from swift.model import get_processor
from swift.pipelines import rlhf_main, sft_main
from swift.template import get_template

from tests.trainers.exports.tasks import main
from tests.trainers.exports.tiny import write

PAD = "<|image_pad|>"


def train(task: Mapping[str, Any]) -> list[float]:
    """Train as `swift sft` or `swift rlhf` does with these arguments; the losses."""
    kind = "qwen2_5_vl"
    processor = get_processor(task["model"], model_type=kind, download_model=False)
    # ms-swift's class has the number that the token has in the real vocabulary
    type(get_template(processor, template_type=kind)).image_token_id = processor.tokenizer.convert_tokens_to_ids(PAD)
    with contextlib.chdir(task["folder"]):
        main_of = {"sft": sft_main, "rlhf": rlhf_main}[task["command"]]
        told = main_of(list(task["arguments"]))
    return [entry["loss"] for entry in told["log_history"] if "loss" in entry]


def a_template(task: Mapping[str, Any]) -> Any:
    """ms-swift's template of a family."""
    kind = task["family"]
    processor = get_processor(task["model"], model_type=kind, download_model=False)
    template = get_template(processor, template_type=kind, **{"max_length": 32_768, **task.get("options", {})})
    template.image_token_id = template.tokenizer.convert_tokens_to_ids(PAD)  # as in `train`
    return template


def rows_of(task: Mapping[str, Any]) -> Any:
    return load_dataset(task["files"], num_proc=1, strict=task.get("strict", True), load_from_cache_file=False)[0]


def told(template: Any, row: Mapping[str, Any], side: str = "") -> dict[str, Any]:
    ids, wanted = list(row[f"{side}input_ids"]), list(row[f"{side}labels"])
    grid = row.get(f"{side}image_grid_thw")
    return {
        "learnt": template.tokenizer.decode([token for token in wanted if token != -100]),
        "text": template.tokenizer.decode(ids),
        "tokens": len(ids),
        "image_tokens": ids.count(template.image_token_id),
        "grid": [] if grid is None else torch.as_tensor(grid).tolist(),
    }


def read(task: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Each row: the text that carries loss, the whole text, and its pictures in tokens and patches."""
    template = a_template(task)
    template.set_mode("train")
    preprocessor = EncodePreprocessor(template=template)
    rows = preprocessor(rows_of(task), num_proc=1, strict=task.get("strict", True), load_from_cache_file=False)
    return [told(template, row) for row in rows]


def pairs(task: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The same of each side of preference pairs."""
    template = a_template(task)
    template.set_mode("rlhf")
    encoded = [template.encode(dict(row), return_length=True) for row in rows_of(task)]
    return [{side: told(template, row, f"{side}_") for side in ("chosen", "rejected")} for row in encoded]


if __name__ == "__main__":
    logging.getLogger("swift").setLevel(logging.ERROR)
    datasets.disable_progress_bars()
    torch.set_num_threads(2)
    main({"model": write, "read": read, "pairs": pairs, "train": train})
