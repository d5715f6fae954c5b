"""Writes synthetic pictures for inspection: `python -m storage.sources.synthetic --out pictures --boxes`."""

import argparse
import io
import json
from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path

from PIL import Image, ImageDraw

from storage.sources.synthetic.difficulty import Difficulty
from storage.sources.synthetic.illustration import Illustration
from storage.sources.synthetic.source import SyntheticSource


def _with_boxes(illustration: Illustration) -> Image.Image:
    """The picture with its regions outlined in blue and the evidence of its questions in red."""
    picture = Image.open(io.BytesIO(illustration.png)).convert("RGB")
    pen = ImageDraw.Draw(picture)
    thick = max(1, max(picture.size) // 640)
    for region in illustration.regions:
        pen.rectangle(region.box.rounded(), outline=(0, 90, 255), width=thick)
    for question in illustration.questions:
        for target in question.targets:
            pen.rectangle(target.rounded(), outline=(230, 0, 0), width=thick)
    return picture


def main(arguments: Sequence[str] | None = None) -> None:
    """Write pictures and their questions into a folder."""
    parser = argparse.ArgumentParser(prog="python -m storage.sources.synthetic", description=__doc__)
    parser.add_argument("--out", type=Path, required=True, help="folder for the PNG files and questions.jsonl")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--charts", type=int, default=5)
    parser.add_argument("--posters", type=int, default=1)
    parser.add_argument("--figures", type=int, default=0)
    parser.add_argument("--tables", type=int, default=0)
    parser.add_argument("--documents", type=int, default=0)
    for knob in fields(Difficulty):
        parser.add_argument(f"--{knob.name.replace('_', '-')}", type=type(knob.default), default=knob.default)
    parser.add_argument("--questions", type=int, default=3, help="maximum number for each picture")
    parser.add_argument("--side", type=int, default=3840, help="longer side of the pictures in pixels")
    parser.add_argument("--boxes", action="store_true", help="outline regions (blue) and evidence (red)")
    options = parser.parse_args(arguments)
    options.out.mkdir(parents=True, exist_ok=True)
    source = SyntheticSource(
        seed=options.seed,
        charts=options.charts,
        posters=options.posters,
        figures=options.figures,
        tables=options.tables,
        documents=options.documents,
        questions_per_picture=options.questions,
        side=options.side,
        difficulty=Difficulty(**{knob.name: getattr(options, knob.name) for knob in fields(Difficulty)}),
    )
    with (options.out / "questions.jsonl").open("w", encoding="utf-8") as lines:
        for name, illustration in source.illustrations():
            path = options.out / f"{name.replace(' ', '-')}-{illustration.kind}.png"
            if options.boxes:
                _with_boxes(illustration).save(path, compress_level=2)
            else:
                path.write_bytes(illustration.png)
            for question in illustration.questions:
                row = {
                    "picture": path.name,
                    "kind": illustration.kind,
                    "family": question.family,
                    "question": question.text,
                    "answers": question.answers,
                    "choices": question.choices,
                    "targets": [target.xyxy for target in question.targets],
                }
                lines.write(json.dumps(row, ensure_ascii=False) + "\n")
            print(f"{path}: {len(illustration.questions)} questions, {len(illustration.regions)} regions")


if __name__ == "__main__":
    main()
