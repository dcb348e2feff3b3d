"""Instructions to say something in the other language."""

from __future__ import annotations

from random import Random

from palaver_training.lexicon import ADJECTIVES, ANIMALS, COLOURS, FOODS, NOUNS, VERBS, Pair
from palaver_training.sample import Split
from palaver_training.skills.instruction_kinds import wordings
from palaver_training.skills.instruction_kinds.task import Task, request

_MASS_FOODS = (
    "tea",
    "coffee",
    "milk",
    "rice",
    "bread",
    "cheese",
    "soup",
    "cake",
    "fish",
)

PHRASES: tuple[Pair, ...] = (
    ("hello", "你好"),
    ("goodbye", "再见"),
    ("thank you", "谢谢"),
    ("sorry", "对不起"),
    ("please", "请"),
    ("yes", "是"),
    ("no", "不是"),
    ("good morning", "早上好"),
    ("good night", "晚安"),
    ("good evening", "晚上好"),
    ("welcome", "欢迎"),
    ("I love you", "我爱你"),
    ("how are you?", "你好吗？"),
    ("what is your name?", "你叫什么名字？"),
    ("where are you?", "你在哪里？"),
    ("I am fine", "我很好"),
    ("I am hungry", "我饿了"),
    ("I am tired", "我累了"),
    ("happy birthday", "生日快乐"),
    ("see you tomorrow", "明天见"),
    ("today", "今天"),
    ("tomorrow", "明天"),
    ("yesterday", "昨天"),
    ("friend", "朋友"),
    ("I do not know", "我不知道"),
    ("no problem", "没问题"),
    ("very good", "很好"),
    ("one", "一"),
    ("two", "二"),
    ("three", "三"),
    ("four", "四"),
    ("five", "五"),
    ("ten", "十"),
)
"""Common phrases in both languages."""


def _known(table: list[Pair], words: str) -> list[Pair]:
    chosen = frozenset(words.split())
    return [pair for pair in table if pair[0] in chosen]


CORE_THINGS: list[Pair] = [
    *_known(
        NOUNS,
        "bag ball bed boat book bottle box boy bridge bus car card chair child city clock cloud "
        "coat computer cup desk doctor door dress drum ear eye face farm father finger fire flag "
        "flower forest friend game garden gift girl hand head heart hill home house ice island "
        "key king kitchen knife lake lamp leaf light map market money moon mother mountain music "
        "name night nose paper park pen pencil phone picture plane queen rain ring river road "
        "robot room school sea shirt shoe shop sky snow song star station stone story street "
        "student sun table teacher ticket town train tree umbrella wall watch water wind window "
        "world",
    ),
    *_known(
        FOODS,
        "apple banana bean bread cake cheese coffee corn egg fish grape honey juice lemon milk "
        "noodle onion orange peach pear potato rice salad salt soup strawberry sugar tea tomato",
    ),
    *_known(
        ANIMALS,
        "bear bee bird cat chicken cow deer dog dolphin dragon duck eagle elephant fish fox frog "
        "goat goose horse lion monkey mouse owl panda penguin pig rabbit shark sheep snake spider "
        "swan tiger turtle whale wolf",
    ),
]
CORE_QUALITIES: list[Pair] = _known(
    ADJECTIVES,
    "angry bad beautiful big bright busy clean clever cold cute dark deep difficult dirty dry easy "
    "empty expensive fast fresh full good happy hard heavy high hot hungry important long loud "
    "new nice old poor quiet rich sad safe short slow small soft strong sweet tall thick thin "
    "tired warm wet wide young",
)
CORE_COLOURS: list[Pair] = _known(
    COLOURS,
    "red blue green yellow black white grey brown pink purple orange golden silver",
)
CORE_VERBS: list[Pair] = _known(
    VERBS,
    "ask buy close come cook count cry cut dance drink drive eat find fly give go help jump know "
    "laugh learn listen look love make open play read run see sell sing sit sleep speak stand "
    "stop swim think wait walk wash win work write",
)


def translate(rng: Random, split: Split, chinese: bool) -> Task:
    """Say words or a short phrase in the other language."""
    english, chinese_text = phrase_pair(rng)
    to_chinese = rng.random() < 0.5
    source, answer = (english, chinese_text) if to_chinese else (chinese_text, english)
    wording = wordings.TO_CHINESE if to_chinese else wordings.TO_ENGLISH
    question = request(rng, wording, chinese, source)
    if chinese:
        thought = f"答案要用{'中文' if to_chinese else '英文'}。"
    else:
        thought = f"The answer is in {'Chinese' if to_chinese else 'English'}."
    return Task(question, answer, thought)


def phrase_pair(rng: Random) -> Pair:
    """The same words, phrase or sentence in English and Chinese."""
    kind = rng.choices((_single, _several, _described, _sentence, _common), (40, 15, 22, 10, 13))[0]
    return kind(rng)


def _single(rng: Random) -> Pair:
    table = rng.choices((CORE_THINGS, CORE_QUALITIES, CORE_COLOURS, CORE_VERBS), (60, 18, 7, 15))[0]
    return rng.choice(table)


def _several(rng: Random) -> Pair:
    found: list[Pair] = []
    while len(found) < 2 or (len(found) < 3 and rng.random() < 0.3):
        pair = _single(rng)
        if pair not in found:
            found.append(pair)
    return ", ".join(pair[0] for pair in found), "、".join(pair[1] for pair in found)


def _described(rng: Random) -> Pair:
    thing = rng.choice(CORE_THINGS)
    quality = rng.choice(CORE_COLOURS if rng.random() < 0.4 else CORE_QUALITIES)
    return f"{quality[0]} {thing[0]}", f"{quality[1]}的{thing[1]}"


def _sentence(rng: Random) -> Pair:
    thing = rng.choice(CORE_THINGS)
    colour = rng.choice(CORE_COLOURS)
    quality = rng.choice(CORE_QUALITIES)
    verb = rng.choice(CORE_VERBS)
    food = rng.choice([pair for pair in FOODS if pair[0] in _MASS_FOODS])
    return rng.choice(
        (
            (f"the {thing[0]} is {quality[0]}", f"{thing[1]}很{quality[1]}"),
            (f"the {thing[0]} is {quality[0]}", f"{thing[1]}很{quality[1]}"),
            (f"the {thing[0]} is {colour[0]}", f"{thing[1]}是{colour[1]}的"),
            (f"my {thing[0]} is {quality[0]}", f"我的{thing[1]}很{quality[1]}"),
            (f"your {thing[0]} is {quality[0]}", f"你的{thing[1]}很{quality[1]}"),
            (f"I want to {verb[0]}", f"我想{verb[1]}"),
            (f"I like {food[0]}", f"我喜欢{food[1]}"),
            (f"where is my {thing[0]}?", f"我的{thing[1]}在哪里？"),
        )
    )


def _common(rng: Random) -> Pair:
    return rng.choice(PHRASES)
