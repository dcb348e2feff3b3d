"""Invented words made of vocabulary pieces, so that every token of the vocabulary is carried over.

Words that the skills keep for the examination are written in tokens too, and a token that training
hardly shows cannot even be repeated. Here every token is shown: alone only in exercises of pure
copying, and as part of an invented word in every skill. Tokens that the rest of the training shows
rarely come up more often; ``prefer_rare`` tells which these are.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from itertools import accumulate
from random import Random

from tokenizers import Tokenizer

from palaver_training import lexicon
from palaver_training.folders import MODEL_FOLDER

TOKENIZER = MODEL_FOLDER / "tokenizer.json"
LETTERS = "abcdefghijklmnopqrstuvwxyz"
CAPITAL_SHARE = 0.35
RARITY = 0.5
"""A token seen this often has half the weight of one never seen."""
ATTEMPTS = 12
"""Words tried around a piece before another piece is taken: letters beside it may merge with it."""


@dataclass(slots=True)
class Pieces:
    """Tokens of one script, as texts without the blank before them, and how often to draw each."""

    ids: list[int]
    texts: list[str]
    cumulative: list[float] = field(default_factory=list)

    def weigh(self, counts: Mapping[int, int]) -> None:
        """Draw tokens the more often the less ``counts`` shows them."""
        self.cumulative = list(accumulate(1 / (counts.get(i, 0) + RARITY) for i in self.ids))

    def draw(self, rng: Random) -> tuple[int, str]:
        """A token and its text."""
        if not self.cumulative:
            self.weigh({})
        number = rng.choices(range(len(self.ids)), cum_weights=self.cumulative)[0]
        return self.ids[number], self.texts[number]


def prefer_rare(counts: Mapping[int, int]) -> None:
    """From now on, draw the tokens more often that occur seldom in ``counts`` (by token id)."""
    for pieces in (_all(), _latin(), _han()):
        pieces.weigh(counts)


def scrap(rng: Random) -> str:
    """One to three pieces in a row, such as ``Kttawa`` or ``雨sto7``."""
    text = "".join(_all().draw(rng)[1] for _ in range(rng.choice((1, 1, 1, 2, 2, 3))))
    is_word = text[0].isascii() and text[0].islower()
    return rng.choice(LETTERS).upper() + text if is_word and rng.random() < CAPITAL_SHARE else text


def word_piece(rng: Random) -> str:
    """A piece that is one token only after a blank: written elsewhere, it falls into several."""
    return _after_blanks().draw(rng)[1]


def mixture(rng: Random, *, chinese: bool) -> str:
    """A piece with a letter or another piece beside it: a word that is in no dictionary.

    Written after a blank, with a small or a capital first letter, the word contains the piece
    as a token of its own.
    """
    pieces = _han() if chinese else _latin()
    while True:
        number, text = pieces.draw(rng)
        for _ in range(ATTEMPTS):
            word = _beside(rng, pieces, text, chinese=chinese)
            if word not in _known() and number in _encode(" " + word, " " + word.capitalize()):
                return word


def _beside(rng: Random, pieces: Pieces, text: str, *, chinese: bool) -> str:
    if chinese:
        others = [pieces.draw(rng)[1] for _ in range(rng.choice((1, 1, 2)))]
        return "".join(rng.sample([text, *others], len(others) + 1))
    before = rng.choice(LETTERS) if rng.random() < 0.6 else ""
    after = pieces.draw(rng)[1] if not before or rng.random() < 0.5 else ""
    return before + text + after


def _encode(*texts: str) -> set[int]:
    return {
        token_id
        for text in texts
        for token_id in _tokenizer().encode(text, add_special_tokens=False).ids
    }


@cache
def _tokenizer() -> Tokenizer:
    return Tokenizer.from_file(str(TOKENIZER))


@cache
def _known() -> frozenset[str]:
    return frozenset(word.lower() for pair in lexicon.all_pairs() for word in pair)


@cache
def _latin() -> Pieces:
    everything = _all()
    return _chosen(everything, lambda text: text.isascii() and text.isalpha() and text.islower())


@cache
def _after_blanks() -> Pieces:
    tokenizer = _tokenizer()
    return _chosen(
        _latin(), lambda text: len(tokenizer.encode(text, add_special_tokens=False).ids) > 1
    )


@cache
def _han() -> Pieces:
    return _chosen(_all(), lambda text: "\u4e00" <= text <= "\u9fff")


def _chosen(pieces: Pieces, accepts: Callable[[str], bool]) -> Pieces:
    pairs = [pair for pair in zip(pieces.ids, pieces.texts, strict=True) if accepts(pair[1])]
    return Pieces([number for number, _ in pairs], [text for _, text in pairs])


@cache
def _all() -> Pieces:
    tokenizer = _tokenizer()
    texts = {i: tokenizer.decode([i]).strip() for i in range(tokenizer.get_vocab_size())}
    kept = {number: text for number, text in texts.items() if text.isalnum()}
    return Pieces(list(kept), list(kept.values()))
