"""What TRL makes of rows in Parquet files; the last line that it prints is JSON.

    python tests/trainers/run_trl.py labels|sft|dpo MODEL ROWS [--out FOLDER] [--steps N] [--rate R]

Run it with TRL's own Python (`make setup-trl`), and a `torchvision` that loads (tests/engine/shim on PYTHONPATH).
`labels` tells what carries loss in each row, `sft` and `dpo` train and write the weights to FOLDER.
"""

import argparse
import json
import time
from pathlib import Path
from typing import Any

import torch
import transformers
from datasets import Dataset, disable_progress_bars, load_dataset
from trl import DPOConfig, DPOTrainer, SFTConfig, SFTTrainer

SURE = 0.005
"""A row is learnt by heart when each of its tokens is the likeliest and the mean loss is below this: of a hundred
tokens none is then in doubt."""


def rows_of(files: Path) -> Any:
    return load_dataset("parquet", data_files=str(files), split="train", cache_dir=str(files.parent / "cache"))


def a_model(folder: Path) -> Any:
    """With a vision tower that does not learn, as in most recipes: less work, and the text model does the rest."""
    model = transformers.AutoModelForImageTextToText.from_pretrained(folder, dtype=torch.float32)
    model.model.visual.requires_grad_(False)
    return model


def processor_of(given: argparse.Namespace) -> Any:
    return transformers.AutoProcessor.from_pretrained(given.model)


def how(given: argparse.Namespace, schedule: str) -> dict[str, Any]:
    """What both trainers are told. `max_length` would cut pictures in two."""
    return {
        "output_dir": str(given.out or given.rows.parent / "trained"),
        "max_steps": given.steps,
        "learning_rate": given.rate,
        "lr_scheduler_type": schedule,
        "warmup_steps": given.steps // 20,
        "adam_beta2": 0.95,  # rows differ more than batches do
        "max_length": None,
        "per_device_train_batch_size": 1,
        "use_cpu": True,
        "bf16": False,
        "activation_checkpointing": False,
        "dataloader_pin_memory": False,
        "disable_tqdm": True,
        "logging_steps": 1,
        "report_to": [],
        "save_strategy": "no",
        "seed": 0,
    }


class UntilExact(transformers.TrainerCallback):  # type: ignore[misc]  # not installed where types are checked
    """Stops once every row was learnt by heart in the last two epochs."""

    def __init__(self, rows: int) -> None:
        self._rows, self._learnt = rows, 0

    def on_log(self, _args: Any, _state: Any, control: Any, logs: dict[str, Any], **_more: Any) -> None:
        if "loss" in logs:
            learnt = float(logs["mean_token_accuracy"]) == 1.0 and float(logs["loss"]) < SURE
            self._learnt = self._learnt + 1 if learnt else 0
            control.should_training_stop = control.should_training_stop or self._learnt >= 2 * self._rows


def sft_trainer(given: argparse.Namespace, rows: Dataset) -> SFTTrainer:
    config = SFTConfig(assistant_only_loss=True, **how(given, "cosine"))
    return SFTTrainer(
        model=a_model(given.model),
        args=config,
        train_dataset=rows,
        processing_class=processor_of(given),
        callbacks=[UntilExact(len(rows))] if given.until_exact else [],
    )


def labels(given: argparse.Namespace) -> dict[str, Any]:
    """For each row: the text that carries loss, the tokens of its pictures, and the processor's grid of patches."""
    rows = rows_of(given.rows)
    trainer = sft_trainer(given, rows.select([0]))
    tokenizer = trainer.processing_class.tokenizer
    pad = tokenizer.convert_tokens_to_ids("<|image_pad|>")
    found = []
    for row in rows:
        batch = trainer.data_collator([row])
        (ids,), (wanted,) = batch["input_ids"], batch["labels"]
        found.append(
            {
                "episode_id": row["episode_id"],
                "learnt": tokenizer.decode(wanted[wanted != -100]),
                "tokens": len(ids),
                "image_tokens": int((ids == pad).sum()),
                "grid": batch["image_grid_thw"].tolist(),
            }
        )
    return {"rows": found}


def trained(given: argparse.Namespace, trainer: Any) -> dict[str, Any]:
    """Train, write the weights where they are wanted, and tell how the loss went."""
    started = time.monotonic()
    trainer.train()
    log = [entry for entry in trainer.state.log_history if "loss" in entry]
    if given.out:
        trainer.save_model(str(given.out))
        processor_of(given).save_pretrained(given.out)  # TRL's own has marks of its own in the chat template
    return {
        "losses": [float(entry["loss"]) for entry in log],
        "accuracies": [float(entry["mean_token_accuracy"]) for entry in log if "mean_token_accuracy" in entry],
        "seconds": time.monotonic() - started,
    }


def sft(given: argparse.Namespace) -> dict[str, Any]:
    """Supervised: all the assistant's turns."""
    return trained(given, sft_trainer(given, rows_of(given.rows)))


def dpo(given: argparse.Namespace) -> dict[str, Any]:
    """Preferences: the last turn, chosen and rejected; and what the trainer compares in the first row."""
    rows, model, processor = rows_of(given.rows), a_model(given.model), processor_of(given)
    config = DPOConfig(**how(given, "constant"))
    trainer = DPOTrainer(
        model=model, ref_model=a_model(given.model), args=config, train_dataset=rows, processing_class=processor
    )
    batch = trainer.data_collator([rows[0]])
    pairs = zip(batch["input_ids"], batch["completion_mask"], strict=True)
    compared = [processor.tokenizer.decode(ids[mask == 1]) for ids, mask in pairs]
    return {"compared": compared, **trained(given, trainer)}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="What TRL makes of rows.")
    parser.add_argument("command", choices=("labels", "sft", "dpo"))
    parser.add_argument("model", type=Path)
    parser.add_argument("rows", type=Path, help="a Parquet file, or a pattern of such files")
    parser.add_argument("--out", type=Path)
    parser.add_argument("--steps", type=int, default=1)
    parser.add_argument("--rate", type=float, default=3e-3)
    parser.add_argument("--until-exact", action="store_true", help="stop when all rows are known by heart")
    disable_progress_bars()
    transformers.logging.set_verbosity_error()
    torch.set_num_threads(2)
    arguments = parser.parse_args()
    told = {"labels": labels, "sft": sft, "dpo": dpo}[arguments.command](arguments)
    print(json.dumps(told))
