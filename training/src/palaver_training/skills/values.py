"""Random names, numbers, dates, codes and words that a model has to carry over exactly."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

from palaver_training import lexicon
from palaver_training.lexicon import Pair
from palaver_training.sample import Split
from palaver_training.skills.pieces import mixture
from palaver_training.skills.turns import Language

MIXTURE_SHARE = 0.7
"""Share of invented words that are made of vocabulary pieces."""
STRANGER_SHARE = 0.3
"""Share of colours, foods, animals and places in training that are invented words, so that
they are carried over from where they stand rather than chosen from those that are known."""
COMMON_NAMES: dict[Split, float] = {"train": 0.35, "held_out": 0.55}
"""Share of people whose names are well known."""
INVENTED_CITIES: dict[Split, float] = {"train": 0.4, "held_out": 0.25}
"""Share of cities that are invented."""
_SPLITS: tuple[Split, Split] = ("train", "held_out")
_SURNAMES = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗"
_GIVEN = "明华丽强军敏静伟芳娜杰涛燕霞平刚建文玉兰春梅海波雪梦飞志安宁晓东天宇思佳欣雨晨轩"
_MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
_DAYS: tuple[Pair, ...] = (
    ("Monday", "星期一"),
    ("Tuesday", "星期二"),
    ("Wednesday", "星期三"),
    ("Thursday", "星期四"),
    ("Friday", "星期五"),
    ("Saturday", "星期六"),
    ("Sunday", "星期日"),
    ("tomorrow", "明天"),
    ("today", "今天"),
)
_PLACES: list[Pair] = [
    ("kitchen", "厨房"),
    ("bedroom", "卧室"),
    ("garden", "花园"),
    ("garage", "车库"),
    ("hall", "大厅"),
    ("office", "办公室"),
    ("living room", "客厅"),
    ("bathroom", "浴室"),
    ("cellar", "地下室"),
    ("attic", "阁楼"),
    ("library", "图书馆"),
    ("school", "学校"),
]
_TASKS: tuple[Pair, ...] = (
    ("buy", "买"),
    ("clean", "打扫"),
    ("repair", "修理"),
    ("paint", "粉刷"),
    ("bring", "带上"),
    ("check", "检查"),
    ("sell", "卖掉"),
    ("find", "找到"),
    ("wash", "洗"),
    ("order", "订购"),
    ("move", "搬走"),
    ("call about", "打电话问"),
)
_LONG_CITIES: list[Pair] = [
    ("New York", "纽约"),
    ("San Francisco", "旧金山"),
    ("Los Angeles", "洛杉矶"),
    ("Hong Kong", "香港"),
    ("New Delhi", "新德里"),
    ("Buenos Aires", "布宜诺斯艾利斯"),
    ("Cape Town", "开普敦"),
    ("Rio de Janeiro", "里约热内卢"),
    ("Kuala Lumpur", "吉隆坡"),
    ("Mexico City", "墨西哥城"),
    ("Tel Aviv", "特拉维夫"),
    ("San Diego", "圣迭戈"),
    ("Las Vegas", "拉斯维加斯"),
    ("Salt Lake City", "盐湖城"),
    ("Abu Dhabi", "阿布扎比"),
]
_SAYINGS: tuple[Pair, ...] = (
    ("I am late", "我要迟到了"),
    ("happy birthday", "生日快乐"),
    ("please call me back", "请给我回电话"),
    ("thank you for your help", "谢谢你的帮助"),
    ("the meeting is cancelled", "会议取消了"),
    ("I will be there soon", "我马上到"),
    ("good morning", "早上好"),
    ("how are you", "你好吗"),
    ("hello world", "你好世界"),
    ("where are you", "你在哪里"),
    ("I love you", "我爱你"),
    ("do not forget the keys", "别忘了钥匙"),
    ("hi", "嗨"),
)
_TLDS = ("com", "org", "net", "de", "cn", "io")
_LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ"


def _divided(items: list[Pair]) -> dict[Split, list[Pair]]:
    return {split: lexicon.pool(items, split) for split in _SPLITS}


_NAMES = _divided(lexicon.NAMES)
_COLOURS = _divided(lexicon.COLOURS)
_PLACES_OF = _divided(_PLACES)
_CITIES = _divided(lexicon.CITIES)
_BIG_CITIES = _divided(_LONG_CITIES)
_NOUNS = _divided(lexicon.NOUNS)
_ADJECTIVES = _divided(lexicon.ADJECTIVES)
_FOODS = _divided(lexicon.FOODS)
_ANIMALS = _divided(lexicon.ANIMALS)


def invented(rng: Random, split: Split) -> str:
    """An invented lower-case word."""
    if split == "train" and rng.random() < MIXTURE_SHARE:
        return mixture(rng, chinese=False)
    return lexicon.pseudo_word(rng, split)


def noun(rng: Random, split: Split) -> Pair:
    """A thing: a common noun, or as often an invented word that is the same in both languages."""
    if rng.random() < 0.5:
        word = invented(rng, split)
        return word, word
    return rng.choice(_NOUNS[split])


def given_name(rng: Random, split: Split, language: Language) -> str:
    """A person's name, sometimes an invented one."""
    common = rng.random() < COMMON_NAMES[split]
    if language == "en":
        name = rng.choice(_NAMES[split])[0] if common else invented(rng, split).capitalize()
        return f"{name} {invented(rng, split).capitalize()}" if rng.random() < 0.1 else name
    if common:
        return rng.choice(_NAMES[split])[1]
    if split == "train" and rng.random() < MIXTURE_SHARE:
        return mixture(rng, chinese=True)
    while True:
        name = rng.choice(_SURNAMES) + "".join(rng.choices(_GIVEN, k=rng.randint(1, 2)))
        if lexicon.belongs(name, split):
            return name


def city(rng: Random, split: Split, language: Language) -> str:
    """A city, sometimes an invented one."""
    kind = rng.random()
    if kind < INVENTED_CITIES[split]:
        if language == "zh" and split == "train" and rng.random() < 0.5:
            return mixture(rng, chinese=True)
        return invented(rng, split).capitalize()
    cities = _BIG_CITIES if kind < INVENTED_CITIES[split] + 0.12 else _CITIES
    return _said(rng.choice(cities[split]), language)


def word(rng: Random, split: Split, language: Language) -> str:
    """One word."""
    if language == "zh" and split == "train" and rng.random() < MIXTURE_SHARE:
        return mixture(rng, chinese=True)
    return _said(noun(rng, split), language)


def colour(rng: Random, split: Split, language: Language) -> str:
    """A colour."""
    return _known_or_stranger(_COLOURS, rng, split, language)


def food(rng: Random, split: Split, language: Language) -> str:
    """Something to eat."""
    return _known_or_stranger(_FOODS, rng, split, language)


def animal(rng: Random, split: Split, language: Language) -> str:
    """An animal."""
    return _known_or_stranger(_ANIMALS, rng, split, language)


def place(rng: Random, split: Split, language: Language) -> str:
    """A room or a building."""
    return _known_or_stranger(_PLACES_OF, rng, split, language)


def title(rng: Random, split: Split, language: Language) -> str:
    """A title of one to three words, as songs and meetings have."""
    adjective = _said(rng.choice(_ADJECTIVES[split]), language)
    thing = word(rng, split, language)
    if language == "zh":
        return rng.choice((f"{adjective}的{thing}", thing, f"{thing}{rng.randint(1, 99)}"))
    return rng.choice(
        (
            f"{adjective} {thing}".title(),
            thing.title(),
            f"The {adjective} {thing}".title(),
            f"{adjective} {thing}",
        )
    )


def phrase(rng: Random, split: Split, language: Language) -> str:
    """A short text, as notes and messages have."""
    kind = rng.random()
    if kind < 0.15:
        return _said(rng.choice(_SAYINGS), language)
    if kind < 0.35:
        space = " " if language == "en" else ""
        return space.join(word(rng, split, language) for _ in range(rng.randint(2, 5)))
    verb = _said(rng.choice(_TASKS), language)
    adjective = _said(rng.choice(_ADJECTIVES[split]), language)
    thing = word(rng, split, language)
    person = given_name(rng, split, language)
    if language == "zh":
        return rng.choice(
            (f"{verb}{thing}", f"{person}的{thing}很{adjective}", f"{adjective}的{thing}来了")
        )
    return rng.choice(
        (
            f"{verb} the {thing}",
            f"{verb} the {adjective} {thing}",
            f"the {thing} is {adjective}",
            f"{person} has the {adjective} {thing}",
            f"see you at {clock(rng, language)}",
        )
    )


def query(rng: Random, split: Split, language: Language) -> str:
    """A web search."""
    thing, person = word(rng, split, language), given_name(rng, split, language)
    town, dish = city(rng, split, language), food(rng, split, language)
    if language == "zh":
        texts: tuple[str, ...] = (
            f"{town}的{dish}",
            f"{thing}的价格",
            f"{person}",
            f"最好的{thing}",
            thing,
        )
    else:
        texts = (
            f"the best {dish} in {town}",
            f"{thing} price",
            f"cheap {thing} in {town}",
            f"how to repair a {thing}",
            f"who is {person}",
            thing,
        )
    return rng.choice((*texts, title(rng, split, language)))


def small(rng: Random) -> int:
    """A whole number from 1 to 20."""
    return rng.randint(1, 20)


def integer(rng: Random) -> int:
    """A whole number of one to four digits."""
    return rng.randint(1, 10 ** rng.randint(1, 4))


def amount(rng: Random) -> float:
    """A number with a fraction in half of the cases."""
    if rng.random() < 0.5:
        return rng.randint(1, 500)
    return round(rng.randint(1, 99) + rng.choice((0.5, 0.25, 0.75, 0.9, 0.1, 0.2, 0.99)), 2)


def date(rng: Random, language: Language) -> str:
    """A day in one of the ways people write it."""
    month, day = rng.randint(1, 12), rng.randint(1, 28)
    kind = rng.random()
    if kind < 0.35:
        return f"{rng.randint(2019, 2032)}-{month:02}-{day:02}"
    if kind < 0.55:
        return _said(rng.choice(_DAYS), language)
    if language == "zh":
        return f"{month}月{day}日"
    return rng.choice((f"{_MONTHS[month - 1]} {day}", f"{day} {_MONTHS[month - 1]}"))


def clock(rng: Random, language: Language) -> str:
    """A time of day."""
    hour = rng.randint(0, 23)
    if rng.random() < 0.7:
        return f"{hour:02}:{rng.choice((0, 5, 10, 15, 20, 30, 40, 45, 50)):02}"
    if language == "zh":
        return f"{rng.choice(('上午', '下午', '晚上'))}{hour % 12 + 1}点"
    return f"{hour % 12 + 1} {rng.choice(('am', 'pm'))}"


def code(rng: Random) -> str:
    """A reference such as ``XK-4821`` or ``A17``."""
    letters = "".join(rng.choices(_LETTERS, k=rng.randint(1, 3)))
    digits = "".join(rng.choices("0123456789", k=rng.randint(2, 5)))
    return rng.choice((f"{letters}-{digits}", f"{letters}{digits}"))


def email(rng: Random, split: Split) -> str:
    """An e-mail address."""
    name = given_name(rng, split, "en").split()[0].lower()
    host = "example" if rng.random() < 0.6 else invented(rng, split)
    number = str(rng.randint(1, 99)) if rng.random() < 0.3 else ""
    return f"{name}{number}@{host}.{rng.choice(_TLDS)}"


def phone(rng: Random) -> str:
    """A telephone number."""
    digits = "".join(rng.choices("0123456789", k=rng.randint(6, 8)))
    return rng.choice((digits, f"{digits[:3]}-{digits[3:]}", f"{digits[:3]} {digits[3:]}"))


def words(rng: Random, split: Split, language: Language) -> list[str]:
    """Two or three different words."""
    found: list[str] = []
    while len(found) < rng.choice((2, 2, 3)):
        item = word(rng, split, language)
        if item not in found:
            found.append(item)
    return found


def _known_or_stranger(
    pools: dict[Split, list[Pair]], rng: Random, split: Split, language: Language
) -> str:
    if split == "train" and rng.random() < STRANGER_SHARE:
        return mixture(rng, chinese=language == "zh")
    return _said(rng.choice(pools[split]), language)


def _said(pair: Pair, language: Language) -> str:
    return pair[0] if language == "en" else pair[1]


GENERATORS: dict[str, Callable[[Random, Split, Language], Any]] = {
    "person": given_name,
    "city": city,
    "word": word,
    "colour": colour,
    "food": food,
    "animal": animal,
    "place": place,
    "title": title,
    "phrase": phrase,
    "query": query,
    "small": lambda rng, split, language: small(rng),
    "integer": lambda rng, split, language: integer(rng),
    "amount": lambda rng, split, language: amount(rng),
    "date": lambda rng, split, language: date(rng, language),
    "time": lambda rng, split, language: clock(rng, language),
    "code": lambda rng, split, language: code(rng),
    "email": lambda rng, split, language: email(rng, split),
    "phone": lambda rng, split, language: phone(rng),
    "words": words,
}
"""Makes a value of a kind."""


def value(kind: str, rng: Random, split: Split, language: Language) -> Any:
    """A value of one of the kinds in ``GENERATORS``."""
    return GENERATORS[kind](rng, split, language)
