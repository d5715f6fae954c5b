"""Write a tiny Qwen2.5-VL or Qwen3-VL with random weights, its tokenizer and its processor into a folder.

    python tests/trainers/tiny_vlm.py FOLDER --corpus words.txt --template qwen2_5_vl.jinja

Run it with the Python of an engine or of a trainer (`make setup-engine`, `make setup-trl`). The model knows nothing,
but it has every part of the real one: pictures of any size go through its processor and vision tower. Its tokenizer is
trained on the corpus, so that the corpus's own words are few tokens. Same seed, same weights.
"""

import argparse
from pathlib import Path
from typing import Any

import torch
import transformers
from tokenizers import Tokenizer
from tokenizers.decoders import ByteLevel as ByteLevelDecoder
from tokenizers.models import BPE
from tokenizers.pre_tokenizers import ByteLevel, Digits, Sequence
from tokenizers.trainers import BpeTrainer

SPECIALS = (
    *("<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|object_ref_start|>", "<|object_ref_end|>"),
    *("<|box_start|>", "<|box_end|>", "<|quad_start|>", "<|quad_end|>"),
    *("<|vision_start|>", "<|vision_end|>", "<|vision_pad|>", "<|image_pad|>", "<|video_pad|>"),
)
"""The special tokens of the real tokenizers that a chat template or a text could name."""

HEAD = 32
"""Numbers of an attention head, as many as engines on a CPU take."""

CONTEXT = 32_768


def a_tokenizer(corpus: Path, template: str, vocabulary: int, phrases: bool) -> transformers.PreTrainedTokenizerFast:
    """Byte-level, so that it can write anything.

    Args:
        phrases: a token may be several words, as long as it has no digit: a long system prompt is then few tokens.
    """
    tokenizer = Tokenizer(BPE())
    within_words = ByteLevel(add_prefix_space=False)
    across_words = Sequence([Digits(individual_digits=True), ByteLevel(add_prefix_space=False, use_regex=False)])
    tokenizer.pre_tokenizer = across_words if phrases else within_words
    tokenizer.decoder = ByteLevelDecoder()
    trainer = BpeTrainer(
        vocab_size=vocabulary,
        special_tokens=list(SPECIALS),
        initial_alphabet=ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train([str(corpus)], trainer)
    return transformers.PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        eos_token="<|im_end|>",
        pad_token="<|endoftext|>",
        chat_template=template,
        extra_special_tokens={"image_token": "<|image_pad|>", "video_token": "<|video_pad|>"},
        model_max_length=CONTEXT,
    )


def a_config(family: str, tokenizer: Any, hidden: int, layers: int) -> Any:
    ids = {name: tokenizer.convert_tokens_to_ids(name) for name in SPECIALS}
    second = family == "qwen2_5_vl"
    text = {
        "vocab_size": len(tokenizer),
        "hidden_size": hidden,
        "intermediate_size": 2 * hidden,
        "num_hidden_layers": layers,
        "num_attention_heads": hidden // HEAD,
        "num_key_value_heads": hidden // HEAD,
        "head_dim": HEAD,
        "max_position_embeddings": CONTEXT,
        "rope_parameters": {
            "rope_type": "default",
            "rope_theta": 1e6,
            "mrope_section": [4, 6, 6],
            **({} if second else {"mrope_interleaved": True}),
        },
        "bos_token_id": ids["<|endoftext|>"],
        "eos_token_id": ids["<|im_end|>"],
        "pad_token_id": ids["<|endoftext|>"],
    }
    vision = {
        "depth": 2,
        "hidden_size": 64,
        "intermediate_size": 128,
        "num_heads": 2,
        "patch_size": 14 if second else 16,
        "spatial_merge_size": 2,
        "temporal_patch_size": 2,
        "out_hidden_size": hidden,
        **({"window_size": 112, "fullatt_block_indexes": [1]} if second else {"deepstack_visual_indexes": [0, 1]}),
        **({} if second else {"num_position_embeddings": 64}),
    }
    tokens = {
        "image_token_id": ids["<|image_pad|>"],
        "video_token_id": ids["<|video_pad|>"],
        "vision_start_token_id": ids["<|vision_start|>"],
        "vision_end_token_id": ids["<|vision_end|>"],
    }
    kind = transformers.Qwen2_5_VLConfig if second else transformers.Qwen3VLConfig
    return kind(text_config=text, vision_config=vision, **tokens)


def a_processor(family: str, tokenizer: Any) -> Any:
    """With the limits of the real one, 4 to 16,384 tokens a picture."""
    second = family == "qwen2_5_vl"
    patch = 14 if second else 16
    size = {"shortest_edge": 4 * (2 * patch) ** 2, "longest_edge": 16_384 * (2 * patch) ** 2}
    pictures = transformers.Qwen2VLImageProcessor(size=size, patch_size=patch, merge_size=2)
    video = transformers.Qwen2VLVideoProcessor if second else transformers.Qwen3VLVideoProcessor
    films = video(size=size, patch_size=patch, merge_size=2)
    kind = transformers.Qwen2_5_VLProcessor if second else transformers.Qwen3VLProcessor
    return kind(pictures, tokenizer, films, tokenizer.chat_template)


def write_model(folder: Path, given: argparse.Namespace) -> None:
    tokenizer = a_tokenizer(given.corpus, given.template.read_text(), given.vocabulary, given.phrases)
    config = a_config(given.family, tokenizer, given.hidden, given.layers)
    second = given.family == "qwen2_5_vl"
    kind = transformers.Qwen2_5_VLForConditionalGeneration if second else transformers.Qwen3VLForConditionalGeneration
    torch.manual_seed(0)
    model = kind(config).to(getattr(torch, given.dtype))
    model.generation_config.eos_token_id = tokenizer.eos_token_id
    model.generation_config.pad_token_id = tokenizer.pad_token_id
    model.save_pretrained(folder)
    a_processor(given.family, tokenizer).save_pretrained(folder)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Write a tiny Qwen-VL with random weights.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--corpus", type=Path, required=True, help="text to train the tokenizer on")
    parser.add_argument("--template", type=Path, required=True, help="file of the chat template")
    parser.add_argument("--family", choices=("qwen2_5_vl", "qwen3_vl"), default="qwen2_5_vl")
    parser.add_argument("--vocabulary", type=int, default=1024, help="tokens at most")
    parser.add_argument("--phrases", action="store_true", help="tokens may be several words")
    parser.add_argument("--hidden", type=int, default=64, help=f"size of the text model, a multiple of {HEAD}")
    parser.add_argument("--layers", type=int, default=2)
    parser.add_argument("--dtype", choices=("float32", "bfloat16"), default="float32")
    arguments = parser.parse_args()
    write_model(arguments.folder, arguments)
