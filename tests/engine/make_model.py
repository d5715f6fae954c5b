"""Write a tiny Qwen2.5-VL with random weights, its tokenizer and its image processor into a folder.

    python tests/engine/make_model.py FOLDER

Run it with the engine's own Python (`make setup-engine`). The model knows nothing, but it has every part of the real
one: pictures of any size go through its processor and vision tower, and with structured outputs it speaks any
protocol. Same seed, same weights.
"""

import argparse
from pathlib import Path

import torch
from tokenizers import Tokenizer
from tokenizers.decoders import ByteLevel as ByteLevelDecoder
from tokenizers.models import BPE
from tokenizers.pre_tokenizers import ByteLevel
from tokenizers.trainers import BpeTrainer
from transformers import (
    PreTrainedTokenizerFast,
    Qwen2_5_VLConfig,
    Qwen2_5_VLForConditionalGeneration,
    Qwen2_5_VLProcessor,
    Qwen2VLImageProcessor,
    Qwen2VLVideoProcessor,
)

SPECIALS = (
    "<|endoftext|>",
    "<|im_start|>",
    "<|im_end|>",
    "<|vision_start|>",
    "<|vision_end|>",
    "<|image_pad|>",
    "<|video_pad|>",
)

WORDS = """
a about act action after again all along and answer any are arguments as ask at axis bar bbox_2d be before below beside
bigger box boxes but by call can chart choose code column columns compare correct crop did different do draw each edit
every false figure final find first focus for found from given go has have here highest highlight how if image in
incorrect instruction into is it its json label labels largest last left legend less letter line list look lowest
many mark mask more name new next no none not number object of on one only open or other out over panel percent
picture pixels plot point predicted prediction python question reference region reply right row rows same say scale
see shape show small so some step subplot table task tell text than that the their them then there these they think
this thought three title to tool tool_call top true two undecided up use user value values view was what when where
which who whole why wide with without word write x_values y_values year you your zoom
"""

TEMPLATE = """
{%- for message in messages -%}
<|im_start|>{{ message.role }}
{% if message.content is string -%}
{{ message.content }}
{%- else -%}
{%- for part in message.content -%}
{%- if part.type in ('image', 'image_url') or 'image' in part -%}
<|vision_start|><|image_pad|><|vision_end|>
{%- elif 'text' in part -%}
{{ part.text }}
{%- endif -%}
{%- endfor -%}
{%- endif -%}
<|im_end|>
{% endfor -%}
{%- if add_generation_prompt -%}
<|im_start|>assistant
{% endif -%}
"""

VOCABULARY = 1024
"""At most: there are not that many words."""

CONTEXT = 32_768


def a_tokenizer() -> PreTrainedTokenizerFast:
    """Byte-level, so that it can write anything; common words are one token or two."""
    tokenizer = Tokenizer(BPE())
    tokenizer.pre_tokenizer = ByteLevel(add_prefix_space=False)
    tokenizer.decoder = ByteLevelDecoder()
    trainer = BpeTrainer(
        vocab_size=VOCABULARY,
        special_tokens=list(SPECIALS),
        initial_alphabet=ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator([word + " " + word for word in WORDS.split()], trainer)
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        eos_token="<|im_end|>",
        pad_token="<|endoftext|>",
        chat_template=TEMPLATE.strip("\n") + "\n",
        extra_special_tokens={"image_token": "<|image_pad|>", "video_token": "<|video_pad|>"},
        model_max_length=CONTEXT,
    )


def a_config(tokenizer: PreTrainedTokenizerFast) -> Qwen2_5_VLConfig:
    ids = {name: tokenizer.convert_tokens_to_ids(name) for name in SPECIALS}
    return Qwen2_5_VLConfig(
        text_config={
            "vocab_size": len(tokenizer),
            "hidden_size": 64,
            "intermediate_size": 128,
            "num_hidden_layers": 2,
            "num_attention_heads": 2,
            "num_key_value_heads": 2,
            "max_position_embeddings": CONTEXT,
            "rope_parameters": {"rope_type": "default", "rope_theta": 1e6, "mrope_section": [4, 6, 6]},
            "bos_token_id": ids["<|endoftext|>"],
            "eos_token_id": ids["<|im_end|>"],
            "pad_token_id": ids["<|endoftext|>"],
        },
        vision_config={
            "depth": 2,
            "hidden_size": 64,
            "intermediate_size": 128,
            "num_heads": 2,
            "patch_size": 14,
            "spatial_merge_size": 2,
            "temporal_patch_size": 2,
            "window_size": 112,
            "fullatt_block_indexes": [1],
            "out_hidden_size": 64,
        },
        image_token_id=ids["<|image_pad|>"],
        video_token_id=ids["<|video_pad|>"],
        vision_start_token_id=ids["<|vision_start|>"],
        vision_end_token_id=ids["<|vision_end|>"],
    )


def write_model(folder: Path) -> None:
    tokenizer = a_tokenizer()
    size = {"shortest_edge": 56 * 56, "longest_edge": 12_845_056}
    processor = Qwen2_5_VLProcessor(
        Qwen2VLImageProcessor(size=size), tokenizer, Qwen2VLVideoProcessor(size=size), tokenizer.chat_template
    )
    torch.manual_seed(0)
    model = Qwen2_5_VLForConditionalGeneration(a_config(tokenizer)).to(torch.bfloat16)
    model.generation_config.eos_token_id = tokenizer.eos_token_id
    model.save_pretrained(folder)
    processor.save_pretrained(folder)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Write a tiny Qwen2.5-VL with random weights.")
    parser.add_argument("folder", type=Path)
    write_model(parser.parse_args().folder)
