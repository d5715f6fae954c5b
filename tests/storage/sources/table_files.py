"""Layouts of files: how public datasets lay out their rows and pictures."""

import json

import pyarrow as pa

from tests.storage.sources.table_cases import (
    COLOURS,
    ENCODED,
    IMAGES,
    IN_IMAGES,
    NAMES,
    OPTIONS,
    PICTURES,
    PLAIN,
    QUESTIONS,
    Case,
    beside,
    document,
    jsonl,
    parquet,
    rows,
    saved,
    tar,
    text,
)

FILE_CASES: tuple[Case, ...] = (
    Case(
        "parquet_image_feature",
        parquet(
            "data/test-00000-of-00001.parquet",
            lambda: pa.table({"image": IMAGES, "query": QUESTIONS, "label": [[c] for c in COLOURS]}),
        ),
        {"question": "query", "answers": "label", "image": "image"},
    ),
    Case(
        "parquet_bytes",
        parquet("x.parquet", lambda: pa.table({"img": PICTURES, "question": QUESTIONS, "answer": COLOURS})),
        {**PLAIN, "image": "img"},
    ),
    Case(
        "parquet_list_of_one_image",
        parquet(
            "x.parquet",
            lambda: pa.table({"images": [[one] for one in IMAGES], "problem": QUESTIONS, "solution": COLOURS}),
        ),
        {"question": "problem", "answers": "solution", "image": "images"},
    ),
    Case(
        "parquet_names",
        parquet("x.parquet", lambda: pa.table({"file_name": NAMES, "question": QUESTIONS, "answer": COLOURS}), NAMES),
        {**PLAIN, "image": "file_name"},
    ),
    Case(
        "verl_rows",
        parquet(
            "train.parquet",
            lambda: pa.table(
                {
                    "prompt": [[{"role": "user", "content": f"<image>\n{question}"}] for question in QUESTIONS],
                    "images": [[one] for one in IMAGES],
                    "reward_model": [{"style": "rule", "ground_truth": colour} for colour in COLOURS],
                }
            ),
        ),
        {"question": "prompt.0.content", "answers": "reward_model.ground_truth", "image": "images"},
    ),
    Case(
        "cauldron_texts",
        parquet(
            "x.parquet",
            lambda: pa.table(
                {
                    "images": [[IMAGES[0]]],
                    "texts": [
                        [{"user": q, "assistant": c, "source": "x"} for q, c in zip(QUESTIONS, COLOURS, strict=True)]
                    ],
                }
            ),
        ),
        {"question": "texts.*.user", "answers": "texts.*.assistant", "image": "images"},
    ),
    Case("arrow_save_to_disk", saved(True), PLAIN),
    Case("jsonl_names_beside", jsonl("rows.jsonl", beside(answer=COLOURS), NAMES), PLAIN),
    Case(
        "jsonl_names_below_images",
        jsonl("rows.jsonl", beside(answer=COLOURS), IN_IMAGES),
        PLAIN,
        {"pictures": "images"},
    ),
    Case(
        "jsonl_ids",
        jsonl(
            "rows.jsonl",
            rows(image_id=["a1", "a2", "a3"], question=QUESTIONS, answers=[[c, c, "x"] for c in COLOURS]),
            ("train_images/a1.jpg", "train_images/a2.jpg", "train_images/a3.jpg"),
        ),
        {"question": "question", "answers": "answers", "image": "image_id"},
        {"pictures": "train_images", "picture_name": "{}.jpg"},
        answers=tuple((colour, "x") for colour in COLOURS),
    ),
    Case(
        "jsonl_paths_of_another_machine",
        jsonl(
            "rows.jsonl",
            rows(image=[f"/home/me/set/{name}" for name in NAMES], question=QUESTIONS, answer=COLOURS),
            IN_IMAGES,
        ),
        PLAIN,
        {"pictures": "images", "picture_name": "{name}"},
    ),
    Case("jsonl_base64", jsonl("rows.jsonl", rows(image=ENCODED, question=QUESTIONS, answer=COLOURS)), PLAIN),
    Case(
        "jsonl_data_urls",
        jsonl(
            "rows.jsonl",
            rows(image=[f"data:image/png;base64,{one}" for one in ENCODED], question=QUESTIONS, answer=COLOURS),
        ),
        PLAIN,
    ),
    Case("json_array", document("rows.json", beside(answer=COLOURS), NAMES, indent=1), PLAIN),
    Case(
        "json_data_field",
        document(
            "val_v1.0.json",
            {"dataset_name": "x", "data": rows(image=IN_IMAGES, question=QUESTIONS, answers=[[c] for c in COLOURS])},
            IN_IMAGES,
        ),
        {"question": "question", "answers": "answers", "image": "image"},
    ),
    Case(
        "json_object_by_id",
        document(
            "reasoning_val.json",
            {str(at): row for at, row in enumerate(rows(figure_id=[1, 2, 3], query=QUESTIONS, answer=COLOURS))},
            ("images/1.jpg", "images/2.jpg", "images/3.jpg"),
        ),
        {"question": "query", "answers": "answer", "image": "figure_id"},
        {"pictures": "images", "picture_name": "{}.jpg"},
    ),
    Case(
        "llava_conversations",
        document(
            "llava.json",
            [
                {
                    "id": name,
                    "image": name,
                    "conversations": [{"from": "human", "value": f"<image>\n{q}"}, {"from": "gpt", "value": c}],
                }
                for name, q, c in zip(NAMES, QUESTIONS, COLOURS, strict=True)
            ],
            NAMES,
        ),
        {"question": "conversations.0.value", "answers": "conversations.1.value", "image": "image"},
    ),
    Case(
        "messages_with_a_system_turn",
        jsonl(
            "rows.jsonl",
            [
                {
                    "images": [name],
                    "messages": [
                        {"role": "system", "content": "Be brief."},
                        {"role": "user", "content": f"<image>{q}"},
                        {"role": "assistant", "content": c},
                    ],
                }
                for name, q, c in zip(NAMES, QUESTIONS, COLOURS, strict=True)
            ],
            NAMES,
        ),
        {"question": "messages.1.content", "answers": "messages.2.content", "image": "images"},
    ),
    Case(
        "csv_names",
        text(
            "rows.csv",
            "image,question,answer\n"
            + "".join(f'{n},"{q}",{c}\n' for n, q, c in zip(NAMES, QUESTIONS, COLOURS, strict=True)),
            NAMES,
        ),
        PLAIN,
    ),
    Case(
        "csv_list_as_python_prints_it",
        text(
            "rows.csv",
            "image;question;answers\n"
            + "".join(f"{n};{q};['{c}', 'x']\n" for n, q, c in zip(NAMES, QUESTIONS, COLOURS, strict=True)),
            NAMES,
        ),
        {**PLAIN, "answers": "answers"},
        {"answers": "list"},
        answers=tuple((colour, "x") for colour in COLOURS),
    ),
    Case(
        "tsv_hr_bench",
        text(
            "hr_bench_4k.tsv",
            "index\tquestion\tanswer\tcategory\tA\tB\tC\tD\tcycle_category\timage\n"
            + "".join(
                f"{at}\t{q}\t{'ABC'[at]}\tsingle\tred\tgreen\tblue\twhite\t{at}\t{ENCODED[at]}\n"
                for at, q in enumerate(QUESTIONS)
            ),
        ),
        {**PLAIN, "options": ["A", "B", "C", "D"], "subset": "category"},
        choices=OPTIONS,
    ),
    Case(
        "csv_choice_columns_and_index",
        text(
            "rows.csv",
            "picture,question,choice1,choice2,choice3,correct\n"
            + "".join(f"{n},{q},red,green,blue,{c}\n" for n, q, c in zip(NAMES, QUESTIONS, COLOURS, strict=True)),
            NAMES,
        ),
        {
            "question": "question",
            "answers": "correct",
            "image": "picture",
            "options": ["choice1", "choice2", "choice3"],
        },
        choices=OPTIONS[:3],
    ),
    Case(
        "webdataset_json",
        tar(
            "00000.tar",
            [
                m
                for at, (q, c) in enumerate(zip(QUESTIONS, COLOURS, strict=True))
                for m in (
                    (f"{at}.png", PICTURES[at]),
                    (f"{at}.json", json.dumps({"question": q, "answer": c}).encode()),
                )
            ],
        ),
        {"question": "json.question", "answers": "json.answer", "image": "png"},
    ),
    Case(
        "webdataset_texts",
        tar(
            "00000.tar",
            [
                m
                for at, (q, c) in enumerate(zip(QUESTIONS, COLOURS, strict=True))
                for m in (
                    (f"a/{at}.jpg", PICTURES[at]),
                    (f"a/{at}.question.txt", q.encode()),
                    (f"a/{at}.answer.txt", c.encode()),
                )
            ],
        ),
        {"question": "question.txt", "answers": "answer.txt", "image": "jpg"},
    ),
)
