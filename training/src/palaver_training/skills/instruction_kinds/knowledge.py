"""Instructions that need a little knowledge of words: opposites and categories."""

from __future__ import annotations

from random import Random

from palaver_training.lexicon import (
    ANIMALS,
    CITIES,
    COLOURS,
    FOODS,
    NAMES,
    NOUNS,
    Pair,
    words_of,
)
from palaver_training.sample import Split
from palaver_training.skills.instruction_kinds import wordings
from palaver_training.skills.instruction_kinds.task import Task, mention, request

OPPOSITES: tuple[tuple[str, str, str, str], ...] = (
    ("big", "small", "大", "小"),
    ("hot", "cold", "热", "冷"),
    ("good", "bad", "好", "坏"),
    ("happy", "sad", "高兴", "伤心"),
    ("fast", "slow", "快", "慢"),
    ("long", "short", "长", "短"),
    ("new", "old", "新", "旧"),
    ("rich", "poor", "富", "穷"),
    ("full", "empty", "满", "空"),
    ("wet", "dry", "湿", "干"),
    ("hard", "soft", "硬", "软"),
    ("loud", "quiet", "吵", "安静"),
    ("clean", "dirty", "干净", "脏"),
    ("early", "late", "早", "晚"),
    ("easy", "difficult", "容易", "难"),
    ("strong", "weak", "强", "弱"),
    ("thick", "thin", "厚", "薄"),
    ("heavy", "light", "重", "轻"),
    ("open", "closed", "开", "关"),
    ("day", "night", "白天", "黑夜"),
    ("left", "right", "左", "右"),
    ("up", "down", "上", "下"),
    ("black", "white", "黑", "白"),
    ("high", "low", "高", "低"),
    ("true", "false", "真", "假"),
    ("inside", "outside", "里面", "外面"),
    ("summer", "winter", "夏天", "冬天"),
    ("cheap", "expensive", "便宜", "贵"),
    ("wide", "narrow", "宽", "窄"),
    ("yes", "no", "是", "不是"),
    ("near", "far", "近", "远"),
)
"""English pair, Chinese pair."""

CATEGORIES: tuple[tuple[tuple[str, str, str, str], list[Pair]], ...] = (
    (("an animal", "animals", "动物", "种"), ANIMALS),
    (("a colour", "colours", "颜色", "种"), COLOURS),
    (("a food", "foods", "食物", "种"), FOODS),
    (("a city", "cities", "城市", "个"), CITIES),
    (("a name", "names", "人名", "个"), NAMES),
)
"""English with article, plural, Chinese, Chinese measure word; and the words."""


_OBJECT_NAMES = frozenset(
    words_of(
        "bag ball boat book bottle box bridge bus car card chair clock coat coin cup desk door drum "
        "flag guitar hammer hat house key knife ladder lamp map mirror pen pencil phone piano plane "
        "road rocket school ship shirt shoe shop sofa spoon table tower train truck umbrella wall "
        "watch window"
    )
)
_OBJECTS = [pair for pair in NOUNS if pair[0] in _OBJECT_NAMES]
_UNCOUNTED = frozenset(
    words_of(
        "beef bread butter cabbage candy cheese chocolate coffee corn ham honey juice milk pork rice "
        "sauce salt soup sugar tea tofu toast yogurt"
    )
)


def opposite(rng: Random, split: Split, chinese: bool) -> Task:
    """Say the opposite of a word."""
    one, other = rng.choice(OPPOSITES)[2:] if chinese else rng.choice(OPPOSITES)[:2]
    if rng.random() < 0.5:
        one, other = other, one
    question = request(rng, wordings.OPPOSITE, chinese, w=mention(rng, one, chinese))
    thought = f"{one} 和 {other} 相反。" if chinese else f"{one} and {other} are opposites."
    return Task(question, other, thought)


def is_member(rng: Random) -> tuple[Pair, bool]:
    """Whether a word belongs to a category, as a question in both languages."""
    (english, _, chinese_name, _), members = rng.choice(CATEGORIES[:3])
    belongs = rng.random() < 0.5
    word = rng.choice(members if belongs else _OBJECTS)
    article = "an " if word[0][0] in "aeiou" else "a "
    if members is COLOURS or word[0] in _UNCOUNTED:
        article = ""
    return (
        f"Is {article}{word[0]} {english}?",
        f"{word[1]}是{chinese_name}吗？",
    ), belongs
