"""Random strings of vocabulary pieces, so that every token of the vocabulary is carried over once.

Words that the skills keep for the examination are tokens too, and a token that training never
shows could not even be repeated. It is shown here: alone only in exercises of pure copying, as
part of an invented word in every skill.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from random import Random

TOKENIZER = Path(__file__).parents[2] / "src" / "palaver" / "models" / "tiny" / "tokenizer.json"
CAPITALS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
CAPITAL_SHARE = 0.35


def scrap(rng: Random) -> str:
    """One to three pieces in a row, such as ``Kttawa`` or ``雨sto7``."""
    text = "".join(rng.choice(_pieces()) for _ in range(rng.choice((1, 1, 1, 2, 2, 3))))
    is_word = text[0].isascii() and text[0].islower()
    return rng.choice(CAPITALS) + text if is_word and rng.random() < CAPITAL_SHARE else text


def mixture(rng: Random, *, chinese: bool) -> str:
    """Two or three pieces of one script in a row: a word that nobody has in a dictionary."""
    pieces = _han() if chinese else _latin()
    return "".join(rng.choice(pieces) for _ in range(rng.choice((2, 2, 3))))


@cache
def _latin() -> list[str]:
    return [text for text in _pieces() if text.isascii() and text.isalpha() and text.islower()]


@cache
def _han() -> list[str]:
    return [text for text in _pieces() if "\u4e00" <= text <= "\u9fff"]


@cache
def _pieces() -> list[str]:
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(TOKENIZER))
    texts = (tokenizer.decode([number]).strip() for number in range(tokenizer.get_vocab_size()))
    return [text for text in texts if text.isalnum()]
