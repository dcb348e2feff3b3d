"""Catalogue tools made concrete: one of their names, descriptions and parameter spellings."""

from __future__ import annotations

import re
from random import Random

from palaver_training.lexicon import Pair
from palaver_training.sample import Split
from palaver_training.skills.tool_catalogue import CATALOGUE, Entry
from palaver_training.skills.tool_design import Design, Slot
from palaver_training.skills.turns import Language
from palaver_training.skills.values import invented

_LINE = re.compile(r"(\??)(\w+) (\w+)(?:\[(.*?)\])? (.+)")
_ABOUT: dict[str, tuple[str, str]] = {
    "city": ("City name, e.g. Paris", "城市名"),
    "person": ("Name of the person", "姓名"),
    "date": ("The date", "日期"),
    "time": ("The time, e.g. 14:30", "时间"),
    "email": ("E-mail address", "邮箱地址"),
    "currency": ("Currency code", "货币"),
    "phrase": ("The text", "内容"),
    "place": ("The room", "房间"),
}
_GROUPS = {
    "add": "calculate",
    "multiply": "calculate",
    "get_forecast": "get_weather",
    "get_exchange_rate": "convert_currency",
    "now": "get_time",
    "get_events": "create_event",
    "order_pizza": "find_restaurants",
    "book_table": "find_restaurants",
    "track_parcel": "get_order",
    "set_timer": "set_alarm",
    "create_note": "add_todo",
    "write_file": "read_file",
}
_ANSWERABLE = frozenset(
    ("calculate", "translate", "get_capital", "define", "tell_joke", "get_time", "search")
)
_TRAINED = tuple(entry for entry in CATALOGUE if not entry.reserved)
_RESERVED = tuple(entry for entry in CATALOGUE if entry.reserved)


def catalogue_tool(rng: Random, split: Split, language: Language) -> Design:
    """An everyday tool, described in ``language``; held-out samples use reserved ones as well."""
    reserved = split == "held_out" and rng.random() < 0.4
    return _design(rng.choice(_RESERVED if reserved else _TRAINED), rng, split, language)


def city_tool(rng: Random, split: Split, language: Language) -> Design:
    """An everyday tool that needs a city and nothing else."""
    fitting = [
        entry for entry in _TRAINED if entry.slots and entry.slots[0].startswith("city city")
    ]
    fitting = [entry for entry in fitting if all(line.startswith("?") for line in entry.slots[1:])]
    return _design(rng.choice(fitting), rng, split, language)


def is_answerable(design: Design) -> bool:
    """Whether the assistant can do without a tool what this one is for."""
    return design.subject in _ANSWERABLE


def _design(entry: Entry, rng: Random, split: Split, language: Language) -> Design:
    names = entry.names.split()
    subject = _GROUPS.get(names[0], names[0])
    about = rng.choice(entry.about) if language == "en" else entry.about_zh
    name = _styled(rng.choice(names), rng)
    if rng.random() < 0.08:
        name = f"{invented(rng, split)}_{invented(rng, split)}"
    elif rng.random() < 0.06 and "_" in name:
        about = ""
    slots = tuple(_slot(line, rng, language) for line in entry.slots)
    pairs = tuple(item.split(":") for item in entry.returns.split())
    return Design(
        subject,
        name,
        about,
        slots,
        {"en": entry.en, "zh": entry.zh},
        tuple((key, kind) for key, kind in pairs),
        entry.twice,
    )


def _styled(name: str, rng: Random) -> str:
    kind = rng.random()
    head, *rest = name.split("_")
    if kind < 0.12:
        return head + "".join(word.capitalize() for word in rest)
    return "-".join((head, *rest)) if kind > 0.95 else name


def _slot(line: str, rng: Random, language: Language) -> Slot:
    match = _LINE.fullmatch(line)
    if match is None:
        raise ValueError(f"not a parameter: {line}")
    optional, key, kind, choices, names = match.groups()
    name = rng.choice(names.split())
    index = 0 if language == "en" else 1
    about = _ABOUT.get(kind, (f"The {name.replace('_', ' ')}", name))[index]
    return Slot(key, name, kind, about, not optional, _choices(choices or ""))


def _choices(text: str) -> tuple[Pair, ...]:
    pairs = (item.split("=") for item in text.split(",") if item)
    return tuple((english, chinese) for english, chinese in pairs)
