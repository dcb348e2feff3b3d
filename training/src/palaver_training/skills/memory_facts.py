"""Facts that a user tells about a person: how they are told, asked for and answered."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from palaver_training.sample import Split
from palaver_training.skills.turns import Language
from palaver_training.skills.values import noun, value


@dataclass(frozen=True, slots=True)
class Form:
    """How a fact is told, asked for and answered; ``{p}`` the person, ``{n}`` the thing."""

    say: tuple[str, ...]
    ask: tuple[str, ...]
    answer: str


@dataclass(frozen=True, slots=True)
class Fact:
    """Something that can be told.

    Attributes:
        key: What it is about; a second fact with this key replaces the first.
        kind: Kind of the value, as in ``palaver_training.skills.values``.
        form: Its wordings, ``{v}`` left open.
        own: Whether it is about the user.
    """

    key: str
    kind: str
    form: Form
    own: bool = False


_ATTRIBUTES: tuple[tuple[str, str, str], ...] = (
    ("favourite colour", "最喜欢的颜色", "colour"),
    ("favourite color", "最爱的颜色", "colour"),
    ("favourite food", "最喜欢的食物", "food"),
    ("favourite animal", "最喜欢的动物", "animal"),
    ("favourite city", "最喜欢的城市", "city"),
    ("favourite number", "最喜欢的数字", "integer"),
    ("lucky number", "幸运数字", "small"),
    ("dog's name", "狗的名字", "person"),
    ("cat's name", "猫的名字", "person"),
    ("sister's name", "妹妹的名字", "person"),
    ("brother's name", "哥哥的名字", "person"),
    ("teacher's name", "老师的名字", "person"),
    ("phone number", "电话号码", "phone"),
    ("room number", "房间号", "integer"),
    ("order number", "订单号", "code"),
    ("locker code", "柜子密码", "code"),
    ("password", "密码", "word"),
    ("seat", "座位号", "code"),
    ("email", "邮箱", "email"),
    ("birthday", "生日", "date"),
    ("home town", "家乡", "city"),
    ("shirt colour", "衬衫的颜色", "colour"),
    ("age", "年龄", "small"),
)
_EVENTS: tuple[tuple[str, str], ...] = (
    ("meeting", "会议"),
    ("party", "聚会"),
    ("lesson", "课"),
    ("film", "电影"),
    ("exam", "考试"),
    ("concert", "音乐会"),
)
_LIKED = ("colour", "city")
_NAME = {
    "en": Form(
        (
            "My name is {v}.",
            "my name is {v}",
            "I'm {v}.",
            "I am {v}.",
            "Hi, I'm {v}.",
            "Hello, my name is {v}!",
            "Call me {v}.",
            "Please call me {v}.",
            "People call me {v}.",
        ),
        (
            "What is my name?",
            "What's my name?",
            "what is my name",
            "Who am I?",
            "Do you remember my name?",
            "Do you know my name?",
            "Can you tell me my name?",
            "What am I called?",
        ),
        "Your name is {v}.",
    ),
    "zh": Form(
        (
            "我叫{v}。",
            "我的名字是{v}。",
            "你好，我是{v}。",
            "我是{v}",
            "请叫我{v}。",
            "大家叫我{v}。",
        ),
        ("我叫什么？", "我叫什么名字？", "我的名字是什么？", "你记得我的名字吗？", "我是谁？"),
        "你叫{v}。",
    ),
}
_OWN_ATTRIBUTE = {
    "en": Form(
        (
            "My {n} is {v}.",
            "my {n} is {v}",
            "Remember: my {n} is {v}.",
            "Please remember that my {n} is {v}.",
            "By the way, my {n} is {v}.",
            "You should know that my {n} is {v}.",
        ),
        (
            "What is my {n}?",
            "What's my {n}?",
            "what is my {n}",
            "Tell me my {n}.",
            "Do you remember my {n}?",
            "Do you know my {n}?",
            "What did I say my {n} is?",
            "Can you remind me of my {n}?",
        ),
        "Your {n} is {v}.",
    ),
    "zh": Form(
        ("我的{n}是{v}。", "请记住，我的{n}是{v}。", "对了，我的{n}是{v}。", "记住我的{n}是{v}"),
        (
            "我的{n}是什么？",
            "你记得我的{n}吗？",
            "我的{n}是？",
            "告诉我我的{n}。",
            "我说过我的{n}是什么？",
        ),
        "你的{n}是{v}。",
    ),
}
_OTHERS_ATTRIBUTE = {
    "en": Form(
        (
            "{p}'s {n} is {v}.",
            "Remember: {p}'s {n} is {v}.",
            "Please remember that {p}'s {n} is {v}.",
        ),
        (
            "What is {p}'s {n}?",
            "What's {p}'s {n}?",
            "Tell me {p}'s {n}.",
            "Do you remember {p}'s {n}?",
        ),
        "{p}'s {n} is {v}.",
    ),
    "zh": Form(
        ("{p}的{n}是{v}。", "请记住，{p}的{n}是{v}。", "对了，{p}的{n}是{v}。"),
        ("{p}的{n}是什么？", "你记得{p}的{n}吗？", "告诉我{p}的{n}。", "{p}的{n}是？"),
        "{p}的{n}是{v}。",
    ),
}
_OWN_HOME = {
    "en": Form(
        ("I live in {v}.", "i live in {v}", "My home is in {v}.", "I moved to {v}."),
        ("Where do I live?", "where do i live", "Which city do I live in?", "Where is my home?"),
        "You live in {v}.",
    ),
    "zh": Form(
        ("我住在{v}。", "我家在{v}。", "我搬到了{v}。"),
        ("我住在哪里？", "我住在哪儿？", "我家在哪里？", "我住哪个城市？"),
        "你住在{v}。",
    ),
}
_OTHERS_HOME = {
    "en": Form(
        ("{p} lives in {v}.", "My friend {p} lives in {v}.", "{p} moved to {v}."),
        ("Where does {p} live?", "Which city does {p} live in?", "Where is {p}'s home?"),
        "{p} lives in {v}.",
    ),
    "zh": Form(
        ("{p}住在{v}。", "我的朋友{p}住在{v}。", "{p}搬到了{v}。"),
        ("{p}住在哪里？", "{p}住在哪儿？", "{p}的家在哪里？"),
        "{p}住在{v}。",
    ),
}
_OWN_LIKING = {
    "en": Form(
        ("I like {v}.", "I love {v}!", "I really like {v}."),
        ("What do I like?", "What did I say I like?", "Do you remember what I like?"),
        "You like {v}.",
    ),
    "zh": Form(
        ("我喜欢{v}。", "我很喜欢{v}。", "我特别喜欢{v}。"),
        ("我喜欢什么？", "我说过我喜欢什么？", "你记得我喜欢什么吗？"),
        "你喜欢{v}。",
    ),
}
_OTHERS_LIKING = {
    "en": Form(
        ("{p} likes {v}.", "{p} loves {v}.", "My friend {p} likes {v}."),
        ("What does {p} like?", "Do you remember what {p} likes?"),
        "{p} likes {v}.",
    ),
    "zh": Form(
        ("{p}喜欢{v}。", "我的朋友{p}喜欢{v}。"),
        ("{p}喜欢什么？", "你记得{p}喜欢什么吗？"),
        "{p}喜欢{v}。",
    ),
}
_WHERE = {
    "en": Form(
        ("The {n} is in the {v}.", "I put the {n} in the {v}.", "Remember: the {n} is in the {v}."),
        (
            "Where is the {n}?",
            "Where's the {n}?",
            "Where can I find the {n}?",
            "Where did I put the {n}?",
        ),
        "The {n} is in the {v}.",
    ),
    "zh": Form(
        ("{n}在{v}。", "我把{n}放在{v}了。", "请记住，{n}在{v}。"),
        ("{n}在哪里？", "{n}在哪儿？", "我把{n}放在哪里了？", "在哪里能找到{n}？"),
        "{n}在{v}。",
    ),
}
_WHEN = {
    "en": Form(
        ("The {n} is at {v}.", "The {n} starts at {v}.", "Remember: the {n} is at {v}."),
        ("When is the {n}?", "What time is the {n}?", "When does the {n} start?"),
        "The {n} is at {v}.",
    ),
    "zh": Form(
        ("{n}是{v}。", "{n}的时间是{v}。", "请记住，{n}在{v}。"),
        ("{n}是什么时候？", "{n}几点？", "{n}什么时候开始？"),
        "{n}的时间是{v}。",
    ),
}


def own_fact(rng: Random, split: Split, language: Language) -> Fact:
    """Something the user can tell about themselves."""
    kind = rng.random()
    if kind < 0.25:
        return Fact("name", "person", _NAME[language], own=True)
    if kind < 0.35:
        return Fact("home", "city", _OWN_HOME[language], own=True)
    if kind < 0.43:
        return Fact("liking", rng.choice(_LIKED), _OWN_LIKING[language], own=True)
    return _attribute(rng, split, language, "", _OWN_ATTRIBUTE[language])


def fact_about(person: str, rng: Random, split: Split, language: Language) -> Fact:
    """A fact that the user can tell about another person."""
    kind = rng.random()
    if kind < 0.25:
        return Fact(f"{person} home", "city", _filled(_OTHERS_HOME[language], p=person))
    if kind < 0.4:
        return Fact(
            f"{person} liking", rng.choice(_LIKED), _filled(_OTHERS_LIKING[language], p=person)
        )
    form = _filled(_OTHERS_ATTRIBUTE[language], p=person)
    return _attribute(rng, split, language, person, form)


def fact_about_a_thing(rng: Random, split: Split, language: Language) -> Fact:
    """Where something lies, or when something begins."""
    index = 0 if language == "en" else 1
    if rng.random() < 0.3:
        event = rng.choice(_EVENTS)[index]
        return Fact(event, "time", _filled(_WHEN[language], n=event))
    thing = noun(rng, split)[index]
    return Fact(thing, "place", _filled(_WHERE[language], n=thing))


def any_fact(people: list[str], rng: Random, split: Split, language: Language) -> Fact:
    """A fact about the user, one of ``people`` or a thing."""
    kind = rng.random()
    if people and kind < 0.5:
        return fact_about(rng.choice(people), rng, split, language)
    if kind < 0.8:
        return own_fact(rng, split, language)
    return fact_about_a_thing(rng, split, language)


def value_of(fact: Fact, rng: Random, split: Split, language: Language) -> str:
    """A random value for a fact."""
    return str(value(fact.kind, rng, split, language))


def _attribute(rng: Random, split: Split, language: Language, person: str, form: Form) -> Fact:
    english, chinese, kind = rng.choice(_ATTRIBUTES)
    if rng.random() < 0.3:
        english, chinese = noun(rng, split)
        kind = rng.choice(("word", "integer", "code", "person", "colour"))
    name = english if language == "en" else chinese
    return Fact(f"{person} {name}", kind, _filled(form, n=name), own=not person)


def _filled(form: Form, **known: str) -> Form:
    """The form with some slots filled and the others left open."""

    def fill(text: str) -> str:
        for slot, content in known.items():
            text = text.replace(f"{{{slot}}}", content).replace("的最", "最")
        return text

    return Form(
        tuple(fill(text) for text in form.say),
        tuple(fill(text) for text in form.ask),
        fill(form.answer),
    )
