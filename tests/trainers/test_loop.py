"""The loop: rows of the reader train a model, an engine serves the weights, and the zoom agent says the rows again."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from lensmill.agents.reader.settings import EDITS, ReaderSettings
from tests.engine.conftest import ENGINE_PYTHON
from tests.trainers.conftest import SMALL_CROPS, Row, Trl, build, exported

pytestmark = [pytest.mark.loop, pytest.mark.timeout(3000)]

CHARTS = ("source.charts=4", "source.questions_per_picture=2", "ladder.rungs=[224]", SMALL_CROPS)

LIKE_THE_READER = (f"agent.tools=[{','.join(EDITS)}]", f"agent.max_turns={ReaderSettings().max_turns}")
"""What the zoom agent must be told to speak as the reader's rows do; all else is its default."""

ENGINE = (
    *("engine=vllm", f"engine.python={ENGINE_PYTHON}", "engine.served_model_name=trained", "engine.gpus=0"),
    *("engine.dtype=float32", "engine.max_model_len=32768", "engine.start_timeout_s=600"),
    "engine.environment={VLLM_CPU_KVCACHE_SPACE: '1'}",
    # with smaller batches this CPU engine fails at requests whose prompts it splits
    "engine.args={enforce_eager: true, max_num_batched_tokens: 131072, max_num_seqs: 4,"
    " limit_mm_per_prompt: {image: 16}}",
)


def test_a_model_trained_on_an_export_says_its_rows_again(trl: Trl, tmp_path: Path) -> None:
    if not ENGINE_PYTHON.exists():
        pytest.skip(f"there is no engine at {ENGINE_PYTHON}: `make setup-engine` installs one")
    read, said = tmp_path / "read", tmp_path / "said"
    rows = build(read, *CHARTS)
    model = trl.tiny_model("loop", rows, "--hidden", 128, "--layers", 3)
    files = exported(read / "datasets" / "test", tmp_path / "trl")
    weights = tmp_path / "weights"
    told = trl("sft", model, files, "--out", weights, "--steps", 1000, "--until-exact")
    print(f"{len(rows)} rows, {len(told['losses'])} steps in {told['seconds']:.0f} s, loss {told['losses'][-1]}")
    assert set(told["accuracies"][-len(rows) :]) == {1.0}, told["accuracies"][-len(rows) :]
    served = ("model=qwen2_5_vl", *ENGINE, f"engine.model={weights}", "cluster.workers=1")
    spoken = build(said, *CHARTS, "agent=zoom", *LIKE_THE_READER, *served)
    again = {row["sample_id"]: row for row in spoken}
    same = [row for row in rows if row["sample_id"] in again and same_episode(row, again[row["sample_id"]])]
    print(f"{len(same)} of {len(rows)} episodes came out with the same turns, pictures and a correct answer")
    assert len(same) >= 0.9 * len(rows), [again.get(row["sample_id"], {}).get("steps") for row in rows]


def same_episode(row: Row, other: Mapping[str, Any]) -> bool:
    """The same conversation, word by word, over the same pictures."""
    return all(row[column] == other[column] for column in ("messages", "image_ids", "answer"))
