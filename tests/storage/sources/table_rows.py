"""Shapes of rows: answers, options and boxes as public datasets write them."""

import json

from tests.storage.sources.table_cases import (
    BOX,
    CHOOSE,
    COLOURS,
    IN_IMAGES,
    LETTERED,
    NAMES,
    OPTIONS,
    PLAIN,
    QUESTIONS,
    XYWH,
    Case,
    beside,
    document,
    jsonl,
    parts,
    rows,
    text,
)

ROW_CASES: tuple[Case, ...] = (
    Case(
        "options_list_and_text",
        jsonl("r.jsonl", beside(options=[list(OPTIONS)] * 3, answer=COLOURS), NAMES),
        CHOOSE,
        choices=OPTIONS,
    ),
    Case(
        "options_list_and_letter",
        jsonl("r.jsonl", beside(choices=[list(OPTIONS)] * 3, answer=list("ABC")), NAMES),
        {**CHOOSE, "options": "choices"},
        choices=OPTIONS,
    ),
    Case(
        "options_list_and_index",
        jsonl("r.jsonl", beside(options=[list(OPTIONS)] * 3, answer=[0, 1, 2]), NAMES),
        CHOOSE,
        choices=OPTIONS,
    ),
    Case(
        "options_dict_and_letter",
        jsonl("r.jsonl", beside(options=[dict(zip("ABCD", OPTIONS, strict=True))] * 3, answer=list("ABC")), NAMES),
        CHOOSE,
        choices=OPTIONS,
    ),
    Case(
        "options_json_text",
        jsonl("r.jsonl", beside(options=[json.dumps(OPTIONS)] * 3, answer=COLOURS), NAMES),
        CHOOSE,
        choices=OPTIONS,
    ),
    Case(
        "options_lettered",
        jsonl("r.jsonl", beside(options=LETTERED, answer=list("ABC")), NAMES),
        CHOOSE,
        choices=OPTIONS,
    ),
    Case(
        "options_lettered_text",
        jsonl("r.jsonl", beside(options=["\n".join(LETTERED[0])] * 3, answer=list("ABC")), NAMES),
        CHOOSE,
        choices=OPTIONS,
    ),
    Case(
        "options_in_the_question",
        jsonl(
            "r.jsonl",
            rows(
                image=NAMES,
                text=[f"{q}\n(A) red\n(B) green\n(C) blue\n(D) white" for q in QUESTIONS],
                label=list("ABC"),
            ),
            NAMES,
        ),
        {"question": "text", "answers": "label", "image": "image"},
        choices=OPTIONS,
    ),
    Case(
        "options_first_is_right",
        jsonl(
            "r.jsonl", rows(image=NAMES, question=QUESTIONS, options=[[c, "black", "white"] for c in COLOURS]), NAMES
        ),
        {"question": "question", "image": "image", "options": "options"},
        {"answers": "first_option"},
    ),
    Case(
        "answers_joined",
        jsonl("r.jsonl", rows(image=NAMES, question=QUESTIONS, gt=[f"{c}||x" for c in COLOURS]), NAMES),
        {**PLAIN, "answers": "gt"},
        {"answers": "joined"},
        answers=tuple((c, "x") for c in COLOURS),
    ),
    Case(
        "answers_of_annotators",
        jsonl(
            "r.jsonl",
            beside(answers=[[{"answer": c, "answer_id": 1}, {"answer": "x", "answer_id": 2}] for c in COLOURS]),
            NAMES,
        ),
        {**PLAIN, "answers": "answers[].answer"},
        answers=tuple((c, "x") for c in COLOURS),
    ),
    Case(
        "boxes_objects",
        jsonl("r.jsonl", beside(answer=COLOURS, grounding_bboxes=[[dict(zip("xywh", XYWH, strict=True))]] * 3), NAMES),
        {**PLAIN, "boxes": "grounding_bboxes"},
        {"boxes": "xywh"},
        boxes=(BOX,),
    ),
    Case(
        "boxes_corners",
        jsonl("r.jsonl", beside(answer=COLOURS, bbox=[[90, 20, 110, 70], [12, 8, 60, 40], [70, 50, 120, 80]]), NAMES),
        {**PLAIN, "boxes": "bbox"},
        {"boxes": "xyxy"},
    ),
    Case(
        "boxes_corner_and_size",
        jsonl("r.jsonl", beside(answer=COLOURS, bbox=[[90, 20, 20, 10], [12, 8, 48, 32], [70, 50, 40, 10]]), NAMES),
        {**PLAIN, "boxes": "bbox"},
        {"boxes": "xywh"},
    ),
    Case(
        "boxes_unit",
        jsonl(
            "r.jsonl",
            beside(
                answer=COLOURS,
                bbox=[
                    parts((90, 20, 110, 70), (120, 80)),
                    parts(BOX, (120, 80)),
                    parts((70, 50, 120, 80), (120, 80)),
                ],
            ),
            NAMES,
        ),
        {**PLAIN, "boxes": "bbox"},
        {"boxes": "xyxy", "box_unit": "unit"},
    ),
    Case(
        "boxes_thousand",
        jsonl(
            "r.jsonl",
            beside(answer=COLOURS, bbox_2d=[[750, 250, 917, 875], [100, 100, 500, 500], [583, 625, 1000, 1000]]),
            NAMES,
        ),
        {**PLAIN, "boxes": "bbox_2d"},
        {"boxes": "xyxy", "box_unit": "thousand"},
    ),
    Case(
        "boxes_of_a_resized_copy",
        jsonl(
            "r.jsonl",
            beside(
                answer=COLOURS,
                width=[240] * 3,
                height=[160] * 3,
                bbox=[[180, 40, 220, 140], [24, 16, 120, 80], [140, 100, 240, 160]],
            ),
            NAMES,
        ),
        {**PLAIN, "boxes": "bbox", "box_width": "width", "box_height": "height"},
        {"boxes": "xyxy"},
    ),
    Case(
        "urls_of_a_mirror",
        jsonl(
            "r.jsonl",
            rows(image_url=[f"https://pictures.example/set/{n}" for n in NAMES], question=QUESTIONS, answer=COLOURS),
            IN_IMAGES,
        ),
        {**PLAIN, "image": "image_url"},
        {"pictures": "images", "url_base": "https://pictures.example/set/"},
    ),
    Case(
        "qas_in_a_list",
        document(
            "r.json",
            [
                {
                    "image": NAMES[0],
                    "qas": [{"question": q, "answer": c} for q, c in zip(QUESTIONS, COLOURS, strict=True)],
                }
            ],
            NAMES,
        ),
        {"question": "qas.*.question", "answers": "qas.*.answer", "image": "image"},
    ),
    Case(
        "imagefolder_metadata",
        text(
            "train/metadata.csv",
            "file_name,question,answer\n"
            + "".join(f"{n},{q},{c}\n" for n, q, c in zip(NAMES, QUESTIONS, COLOURS, strict=True)),
            tuple(f"train/{n}" for n in NAMES),
        ),
        {**PLAIN, "image": "file_name"},
    ),
)
