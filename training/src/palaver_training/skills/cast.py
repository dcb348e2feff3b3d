"""The people and things of a story, and how a request names them."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from random import Random
from typing import Any, Literal, TypeAlias

from palaver_training.lexicon import ANIMALS, COLOURS, NAMES, NOUNS, Pair, pool, pseudo_word
from palaver_training.sample import Split
from palaver_training.skills.pieces import mixture
from palaver_training.skills.turns import Language
from palaver_training.skills.wording import with_articles

Length: TypeAlias = Literal["full", "short", "two"]
"""How long a story is asked to be."""

Way: TypeAlias = Literal["nothing", "kind", "name", "named kind", "thing", "both", "friend"]
"""What a request names of the cast."""

WAYS: tuple[Way, ...] = (
    "nothing", "kind", "kind", "name", "named kind", "thing", "thing", "both", "friend",
)  # fmt: skip
INVENTED_SHARE = 0.3
STRANGER_SHARE = 0.4
"""Share of the names in training that are invented, so that a hero is carried over from the
request rather than chosen from those that are known; of the kinds and things, half as many."""
TRAINING_WAYS: tuple[Way, ...] = (*WAYS[1:], "name", "friend")
"""Training also has plain requests, and need not dwell on those that name nothing."""
PLACE_SHARE = 0.1


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


NOT_THINGS = _words(
    "boy brother child doctor family farmer father friend girl guest king mother neighbour nurse "
    "queen robot sister soldier student teacher uncle story name word hour minute month week "
    "morning night summer winter spring weather glasses scissors question number language message "
    "eye ear face foot hand head leg mouth nose hair finger tooth heart line tool world earth sky "
    "ground holiday party"
)
"""Nouns that cannot be looked for."""

TREASURES = _words(
    "ball balloon basket bell book boot bottle bowl box button camera candle cap clock coat coin "
    "cup doll drum flag flower gift glove guitar hammer key kite ladder lamp letter map mirror "
    "pen pencil pillow ring rope rose seed shoe sock spoon star stone ticket toy umbrella vase "
    "violin watch wheel blanket prize"
)
"""Nouns that a hero looks for unasked."""

FEMALE_NAMES = _words(
    "Alice Amy Anna Anne Carol Chloe Clara Daisy Diana Elena Ella Emily Emma Eva Fang Fiona Grace "
    "Hana Hannah Helen Iris Jane Jenny Judy Julia Karen Kate Lena Lily Linda Lisa Lucy Maria Mary "
    "Mei Mia Mona Nancy Nina Nora Olivia Rita Rosa Ruth Sara Stella Susan Tina Vera Wendy Yan Yuki "
    "Zoe 小红 丽丽 月月 小云 贝贝 团团 圆圆"
)
FEMALE_KINDS = _words("girl princess witch queen 女孩 公主")
MALE_KINDS = _words(
    "boy prince knight wizard sailor giant fisherman dwarf king 男孩 王子 骑士 巫师 水手 农夫 巨人 "
    "渔夫 小矮人 国王"
)
LONG_ANIMALS = _words("龙 鱼 蛇 鲨鱼 鲸鱼")


@dataclass(frozen=True, slots=True)
class Cast:
    """The words of a story.

    Attributes:
        values: The value of every slot of the story's sentences.
        topic: The part of the request that names some of them.
        asked: What the request names, which the story must therefore name too.
    """

    values: dict[str, str]
    topic: str
    asked: tuple[str, ...]


def draw_cast(rng: Random, split: Split, language: Language) -> Cast:
    """A cast with the words of a split, and what the request tells of it."""
    way = rng.choice(WAYS if split == "held_out" or rng.random() < 0.25 else TRAINING_WAYS)
    kind, friend = rng.sample(_kinds(split, language), 2)
    name = rng.choice(_names(split, language, kind))
    pal = rng.choice([other for other in _names(split, language, friend) if other != name])
    if split == "train":
        kind, friend = (_perhaps_strange(rng, word, language, 0.5) for word in (kind, friend))
        name, pal = (_perhaps_strange(rng, word, language).capitalize() for word in (name, pal))
    place, there = rng.choice(parts(language)["places"]).split("=")
    thing = _thing(rng, split, language, named=way in ("thing", "both"))
    named = thing.removeprefix("神奇的") if rng.random() < 0.7 else thing
    about, asked = _request(way, kind, name, friend, named, rng, language)
    where = ""
    if about and rng.random() < PLACE_SHARE:
        where = f" {there.split()[0]} the {place}" if language == "en" else f"{place}的"
        asked = (*asked, place)
    values = {
        "kind": kind, "friend": friend, "name": name, "pal": pal, "thing": thing, "there": there,
        "measure": _measure(kind, language), "friend_measure": _measure(friend, language),
    }  # fmt: skip
    return Cast(values, _topic(about, where, rng, language), asked)


@cache
def parts(language: Language) -> dict[str, Any]:
    """The sentences, requests and words of stories in a language."""
    path = Path(__file__).parent / "story_parts.toml"
    table: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))[language]
    return table


def _thing(rng: Random, split: Split, language: Language, named: bool) -> str:
    noun = rng.choice(_nouns(split, language, named))
    if named and rng.random() < INVENTED_SHARE:
        noun = pseudo_word(rng, split)
    if split == "train":
        noun = _perhaps_strange(rng, noun, language, 0.5)
    if rng.random() < 0.5:
        return noun if language == "en" else f"神奇的{noun}"
    colour = rng.choice(_colours(split, language))
    return f"{colour} {noun}" if language == "en" else f"{colour}的{noun}"


def _perhaps_strange(rng: Random, word: str, language: Language, part: float = 1.0) -> str:
    """``word``, or in that part of the usual share an invented word in its place."""
    if rng.random() < part * STRANGER_SHARE:
        return mixture(rng, chinese=language == "zh")
    return word


def _request(
    way: Way,
    kind: str,
    name: str,
    friend: str,
    thing: str,
    rng: Random,
    language: Language,
) -> tuple[str, tuple[str, ...]]:
    """What a request says, without its preposition, and which words of it are asked for."""
    article, conjunction = ("a ", " and a ") if language == "en" else ("", "和")
    said: dict[Way, tuple[str, tuple[str, ...]]] = {
        "nothing": ("", ()),
        "kind": (f"{article}{kind}", (kind,)),
        "name": (name, (name,)),
        "named kind": (_called(kind, name, rng, language), (kind, name)),
        "thing": (f"{article}{thing}", (thing,)),
        "both": (f"{article}{kind}{conjunction}{thing}", (kind, thing)),
        "friend": (f"{article}{kind}{conjunction}{friend}", (kind, friend)),
    }
    return said[way]


def _topic(about: str, where: str, rng: Random, language: Language) -> str:
    if not about:
        return ""
    if language == "zh":
        return f"{rng.choice(('关于', '关于', '有关'))}{where}{about}的"
    if rng.random() < 0.15:
        about = about.replace("a ", "the ", 1) if about.startswith("a ") else about
    return with_articles(f" {rng.choice(('about', 'about', 'about', 'of', 'with'))} {about}{where}")


def _called(kind: str, name: str, rng: Random, language: Language) -> str:
    if language == "zh":
        return f"{rng.choice(('叫', '名叫'))}{name}的{kind}"
    return rng.choice((f"a {kind} called {name}", f"a {kind} named {name}", f"{name} the {kind}"))


def _measure(kind: str, language: Language) -> str:
    if language == "en" or kind in parts("zh")["kinds"]:
        return "个"
    return "条" if kind in LONG_ANIMALS else "只"


@cache
def _kinds(split: Split, language: Language) -> list[str]:
    return pool(parts(language)["kinds"], split) + _side(pool(ANIMALS, split), language)


@cache
def _names(split: Split, language: Language, kind: str) -> list[str]:
    own = [(name, name) for name in pool(parts(language)["names"], split)] * 2
    pairs = [pair for pair in [*pool(NAMES, split), *own] if len(pair[1]) > 1]
    if kind in FEMALE_KINDS:
        pairs = [pair for pair in pairs if pair[0] in FEMALE_NAMES]
    elif kind in MALE_KINDS:
        pairs = [pair for pair in pairs if pair[0] not in FEMALE_NAMES]
    return _side(pairs, language)


@cache
def _nouns(split: Split, language: Language, named: bool) -> list[str]:
    nouns = [pair for pair in NOUNS if pair[0] not in NOT_THINGS]
    if not named:
        nouns = [pair for pair in nouns if pair[0] in TREASURES]
    return _side(pool(nouns, split), language)


@cache
def _colours(split: Split, language: Language) -> list[str]:
    more = [
        ("magic", "会发光"),
        ("singing", "会唱歌"),
        ("old", "古老"),
        ("tiny", "小小"),
    ]
    return _side(pool(COLOURS + more, split), language)


def _side(pairs: list[Pair], language: Language) -> list[str]:
    return [pair[0 if language == "en" else 1] for pair in pairs]
