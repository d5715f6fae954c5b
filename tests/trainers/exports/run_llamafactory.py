"""What LLaMA-Factory makes of rows. Runs in LLaMA-Factory's own environment."""

import logging
from collections.abc import Mapping
from typing import Any

import datasets
import torch
from llamafactory.data import SFTDataCollatorWith4DAttentionMask, get_dataset, get_template_and_fix_tokenizer
from llamafactory.hparams import get_train_args
from llamafactory.model import load_tokenizer

from tests.trainers.exports.tasks import main
from tests.trainers.exports.tiny import write

OURS = {
    "stage": "sft",
    "do_train": True,
    "finetuning_type": "full",
    "output_dir": "trained",
    "overwrite_cache": True,
    "preprocessing_num_workers": 1,
    "report_to": "none",
    "use_cpu": True,
    "bf16": False,
}
"""What a machine without a GPU needs, and what decides nothing about rows."""


def read(task: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Each row of a dataset: the text that carries loss, the whole text, and its pictures in tokens and patches."""
    model, data, training, _, _ = get_train_args({**OURS, **task["options"]})
    loaded = load_tokenizer(model)
    tokenizer = loaded["tokenizer"]
    template = get_template_and_fix_tokenizer(tokenizer, data)
    rows = get_dataset(template, model, data, training, stage="sft", **loaded)["train_dataset"]
    collator = SFTDataCollatorWith4DAttentionMask(
        template=template, model=None, label_pad_token_id=-100, pad_to_multiple_of=None, **loaded
    )
    pad = tokenizer.convert_tokens_to_ids("<|image_pad|>")
    found = []
    for row in rows:
        batch = collator([dict(row)])
        (ids,), (wanted,) = batch["input_ids"], batch["labels"]
        grid = batch["image_grid_thw"].tolist() if "image_grid_thw" in batch else []
        found.append(
            {
                "learnt": tokenizer.decode(wanted[wanted != -100]),
                "text": tokenizer.decode(ids),
                "tokens": len(ids),
                "image_tokens": int((ids == pad).sum()),
                "grid": grid,
            }
        )
    return found


if __name__ == "__main__":
    logging.disable(logging.WARNING)
    datasets.disable_progress_bars()
    torch.set_num_threads(2)
    main({"model": write, "read": read})
