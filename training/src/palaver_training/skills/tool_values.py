"""Values of tool parameters, as an argument and as a user says them."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING, Any

from palaver_training.lexicon import Pair
from palaver_training.sample import Split
from palaver_training.skills.turns import Language
from palaver_training.skills.values import GENERATORS, given_name, invented, value

if TYPE_CHECKING:
    from palaver_training.skills.tool_design import Slot

_LISTED: dict[str, tuple[Pair, ...]] = {
    "currency": (
        ("USD", "USD"),
        ("EUR", "EUR"),
        ("CNY", "CNY"),
        ("JPY", "JPY"),
        ("GBP", "GBP"),
        ("dollars", "美元"),
        ("euros", "欧元"),
        ("yen", "日元"),
        ("yuan", "人民币"),
        ("pounds", "英镑"),
    ),
    "language": (
        ("French", "法语"),
        ("Spanish", "西班牙语"),
        ("German", "德语"),
        ("Chinese", "中文"),
        ("English", "英语"),
        ("Japanese", "日语"),
        ("Italian", "意大利语"),
        ("Korean", "韩语"),
        ("Russian", "俄语"),
    ),
    "country": (
        ("France", "法国"),
        ("Japan", "日本"),
        ("China", "中国"),
        ("Germany", "德国"),
        ("Brazil", "巴西"),
        ("Canada", "加拿大"),
        ("India", "印度"),
        ("Italy", "意大利"),
        ("Spain", "西班牙"),
        ("Norway", "挪威"),
        ("Egypt", "埃及"),
        ("Mexico", "墨西哥"),
    ),
    "zone": (
        ("Europe/Paris", "Europe/Paris"),
        ("Asia/Tokyo", "Asia/Tokyo"),
        ("Asia/Shanghai", "Asia/Shanghai"),
        ("America/New_York", "America/New_York"),
        ("UTC", "UTC"),
        ("Europe/Berlin", "Europe/Berlin"),
    ),
    "sky": (
        ("sunny", "晴"),
        ("cloudy", "多云"),
        ("rainy", "雨"),
        ("snow", "雪"),
        ("windy", "大风"),
        ("clear", "晴朗"),
    ),
    "state": (
        ("done", "完成"),
        ("ok", "正常"),
        ("sent", "已发送"),
        ("saved", "已保存"),
        ("open", "打开"),
    ),
}
_ENDINGS = ("txt", "md", "py", "csv", "json", "log")


def tool_value(slot: Slot, rng: Random, split: Split, language: Language) -> tuple[Any, str]:
    """An argument for a slot, and the words that ask for it."""
    side = 0 if language == "en" else 1
    if slot.kind == "choice":
        chosen = rng.choice(slot.choices)
        return chosen[0], chosen[side]
    if slot.kind == "switch":
        on = rng.random() < 0.5
        return on, slot.choices[0 if on else 1][side]
    found = kind_value(slot.kind, rng, split, language)
    if isinstance(found, list):
        if language == "zh":
            return found, "、".join(found[:-1]) + "和" + found[-1]
        return found, ", ".join(found[:-1]) + " and " + found[-1]
    return found, str(found)


def kind_value(kind: str, rng: Random, split: Split, language: Language) -> Any:
    """A value of a kind; a kind such as ``red|blue`` lists its values."""
    side = 0 if language == "en" else 1
    if kind == "city" and language == "en" and rng.random() < 0.06:
        return f"{value(kind, rng, split, language)}, {rng.choice(_LISTED['country'])[0]}"
    if kind in GENERATORS:
        return value(kind, rng, split, language)
    if kind in _LISTED:
        return rng.choice(_LISTED[kind])[side]
    match kind:
        case "expression":
            return _expression(rng)
        case "ticker":
            return "".join(rng.choices("ABCDEFGHIKLMNOPRSTUVW", k=rng.randint(3, 4)))
        case "path":
            folder = rng.choice(("", "", "docs/", "/tmp/", f"{invented(rng, split)}/"))
            return f"{folder}{invented(rng, split)}.{rng.choice(_ENDINGS)}"
        case "url":
            return f"https://{invented(rng, split)}.{rng.choice(('com', 'org', 'net'))}"
        case "people":
            return [given_name(rng, split, language) for _ in range(2)]
        case "flag":
            return rng.random() < 0.5
        case "sql":
            return f"SELECT {invented(rng, split)} FROM {invented(rng, split)}"
        case "temperature":
            return rng.randint(-12, 38)
        case _:
            return rng.choice(kind.split("|"))


def _expression(rng: Random) -> str:
    sign = rng.choice("+-*/")
    text = f"{rng.randint(2, 999)} {sign} {rng.randint(2, 99)}"
    if rng.random() < 0.2:
        text = f"({text}) {rng.choice('+-*')} {rng.randint(2, 20)}"
    return text if rng.random() < 0.6 else text.replace(" ", "")
