"""The vocabulary: a byte-level BPE learned from what the generators write.

Token ids are frozen once a model has been trained on them; this runs only before that.
"""

from __future__ import annotations

import argparse
import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from random import Random

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, pre_tokenizers, trainers

from palaver_training import lexicon
from palaver_training.folders import MODEL_FOLDER
from palaver_training.render import Template
from palaver_training.skills import SKILLS

SPECIAL = (
    "<|endoftext|>",
    "<|im_start|>",
    "<|im_end|>",
    "<|vision_start|>",
    "<|vision_end|>",
    "<|image_pad|>",
    "<|video_pad|>",
    "<|audio_start|>",
    "<|audio_end|>",
    "<|audio_pad|>",
    "<|tts_pad|>",
    "<|tts_text_bos|>",
    "<|tts_text_eod|>",
)
"""Tokens that text shown to a reader never contains."""

MARKUP = (
    "<tool_call>",
    "</tool_call>",
    "<tool_response>",
    "</tool_response>",
    "<think>",
    "</think>",
)
"""Single tokens that parsers of the answer must still see as text."""

ADDED = re.compile("|".join(re.escape(text) for text in (*SPECIAL, *MARKUP)))

NUM_ADDED = 32
VOCAB_SIZE = 4096

PIECES = "|".join(
    (
        r"\p{N}",
        r" ?\p{Lu}",
        r"\p{Han}",
        r" ?[\p{L}\p{M}&&[^\p{Lu}\p{Han}]]+",
        r" ?[^\s\p{L}\p{M}\p{N}]+",
        r"\s*\n+",
        r"\s+(?!\S)",
        r"\s+",
    )
)
"""Single digits, capitals and Han characters; runs of small letters, of marks, of space."""

GLUE = (
    '{"name": "x", "description": "x", "parameters": {"type": "object", "properties": {"x": '
    '{"type": "string", "description": "x"}, "y": {"type": "integer"}, "z": {"type": "number"}, '
    '"b": {"type": "boolean"}, "e": {"type": "string", "enum": ["x", "y"]}}, "required": ["x"]}}',
    '{"name": "x", "arguments": {"x": "y", "z": 1, "b": true, "c": false, "n": null, "d": ""}}',
    '[{"x": "y"}, {"x": "y"}]',
)
"""The fixed text of tool definitions and calls."""


def added_tokens() -> list[AddedToken]:
    """The tokens with the first ``NUM_ADDED`` ids, in order."""
    reserved = [f"<|reserved_{n}|>" for n in range(NUM_ADDED - len(SPECIAL) - len(MARKUP))]
    return [
        AddedToken(text, special=text not in MARKUP, normalized=False)
        for text in (*SPECIAL, *MARKUP, *reserved)
    ]


def blank() -> Tokenizer:
    """A tokenizer with this project's splitting rules and no vocabulary yet."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(PIECES), behavior="isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    return tokenizer


def corpus(num_characters: int, seed: int) -> Iterator[str]:
    """Text of every skill in equal proportion, then the lexicon's words and the glue."""
    template = Template(MODEL_FOLDER / "chat_template.jinja")
    for skill in SKILLS.values():
        rng = Random(f"{seed} {skill.name}")
        length = 0
        while length < num_characters:
            sample = skill.generate(rng, "train")
            text = template.render(sample.messages, sample.tools, thinking=sample.thinking)
            length += len(text)
            yield from ADDED.split(text)
    yield from vocabulary()
    yield from GLUE * 200
    yield from ("system\n", "user\n", "assistant\n", "tool\n") * 500


def vocabulary() -> Iterator[str]:
    """Each word of the lexicon with and without a space before it, and each Han character."""
    tables: Iterable[list[tuple[str, str]]] = (
        lexicon.NOUNS,
        lexicon.ADJECTIVES,
        lexicon.VERBS,
        lexicon.COLOURS,
        lexicon.NAMES,
        lexicon.CITIES,
        lexicon.FOODS,
        lexicon.ANIMALS,
    )
    for table in tables:
        for english, chinese in table:
            yield from (f"{english} {english} {english.lower()}", chinese) * 40


def train(texts: Iterable[str]) -> Tokenizer:
    """A tokenizer of ``VOCAB_SIZE`` tokens that encodes any text without loss."""
    tokenizer = blank()
    texts = list(texts)
    tokens = added_tokens()
    trainer = trainers.BpeTrainer(
        vocab_size=VOCAB_SIZE,
        special_tokens=tokens,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator((*texts, *han_characters(texts)), trainer)
    # The trainer marks everything it is given as special; the markup must not be.
    described = json.loads(tokenizer.to_str())
    for entry in described["added_tokens"]:
        entry["special"] = entry["content"] not in MARKUP
    return Tokenizer.from_str(json.dumps(described))


def han_characters(texts: list[str]) -> list[str]:
    """Each Han character of the texts, often enough that it becomes one token."""
    characters = sorted({c for text in texts for c in text if "\u4e00" <= c <= "\u9fff"})
    return [c * 400 for c in characters]


def config(max_length: int) -> dict[str, object]:
    """What ``tokenizer_config.json`` says."""
    return {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "bos_token": None,
        "eos_token": "<|im_end|>",
        "pad_token": "<|endoftext|>",
        "unk_token": None,
        "add_bos_token": False,
        "clean_up_tokenization_spaces": False,
        "model_max_length": max_length,
        "added_tokens_decoder": {
            str(index): {
                "content": token.content,
                "lstrip": False,
                "normalized": False,
                "rstrip": False,
                "single_word": False,
                "special": token.content not in MARKUP,
            }
            for index, token in enumerate(added_tokens())
        },
    }


def main() -> None:
    """Learn the vocabulary and write it into the model's folder."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--out", type=Path, default=MODEL_FOLDER)
    parser.add_argument("--characters", type=int, default=400_000, help="of text per skill")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    tokenizer = train(corpus(options.characters, options.seed))
    tokenizer.save(str(options.out / "tokenizer.json"))
    described = json.dumps(config(4096), ensure_ascii=False, indent=2) + "\n"
    (options.out / "tokenizer_config.json").write_text(described, encoding="utf-8")
    print(f"{tokenizer.get_vocab_size()} tokens in {options.out}")


if __name__ == "__main__":
    main()
