"""Invented tools: random things and invented words, named and described at random."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from random import Random

from palaver_training.lexicon import Pair
from palaver_training.sample import Split
from palaver_training.skills.tool_design import Design, Slot
from palaver_training.skills.turns import Language
from palaver_training.skills.values import invented, noun

_HOLDERS: tuple[tuple[str, str, str, str], ...] = (
    ("person", "person", "a person", "某人"),
    ("name", "person", "a person", "某人"),
    ("user", "person", "a user", "用户"),
    ("customer", "person", "a customer", "客户"),
    ("owner", "person", "an owner", "主人"),
    ("city", "city", "a city", "城市"),
    ("place", "city", "a place", "地方"),
    ("location", "city", "a location", "地点"),
    ("id", "code", "an id", "编号"),
    ("order_id", "code", "an order", "订单"),
    ("code", "code", "a code", "代码"),
    ("item", "word", "an item", "物品"),
    ("product", "word", "a product", "产品"),
    ("animal", "animal", "an animal", "动物"),
    ("date", "date", "a date", "日期"),
)
_EXTRAS: tuple[tuple[str, str, str, tuple[Pair, ...]], ...] = (
    ("limit", "数量上限", "small", ()),
    ("count", "数量", "small", ()),
    ("level", "级别", "small", ()),
    ("price", "价格", "amount", ()),
    ("weight", "重量", "amount", ()),
    ("date", "日期", "date", ()),
    ("time", "时间", "time", ()),
    ("city", "城市", "city", ()),
    ("owner", "主人", "person", ()),
    ("code", "代码", "code", ()),
    ("tags", "标签", "words", ()),
    ("colors", "颜色", "words", ()),
    ("urgent", "紧急", "switch", (("true", "true"), ("false", "false"))),
    ("public", "公开", "switch", (("yes", "是"), ("no", "否"))),
    ("loud", "大声", "switch", (("on", "开"), ("off", "关"))),
    ("color", "颜色", "choice", (("red", "红色"), ("green", "绿色"), ("blue", "蓝色"))),
    ("size", "大小", "choice", (("small", "小"), ("medium", "中"), ("large", "大"))),
    ("priority", "优先级", "choice", (("low", "低"), ("normal", "普通"), ("high", "高"))),
    ("unit", "单位", "choice", (("metric", "metric"), ("imperial", "imperial"))),
    ("format", "格式", "choice", (("json", "json"), ("text", "text"), ("xml", "xml"))),
)
_ACTIONS: tuple[Pair, ...] = (
    ("paint", "粉刷"),
    ("clean", "清洁"),
    ("repair", "修理"),
    ("open", "打开"),
    ("close", "关闭"),
    ("move", "移动"),
    ("rent", "租"),
    ("buy", "买"),
    ("sell", "卖"),
    ("check", "检查"),
    ("measure", "测量"),
    ("print", "打印"),
    ("scan", "扫描"),
    ("wash", "洗"),
    ("order", "订购"),
    ("book", "预订"),
    ("start", "启动"),
    ("stop", "停止"),
    ("save", "保存"),
    ("update", "更新"),
)
_KINDS = ("word", "integer", "person", "city", "code", "time", "small")


@dataclass(frozen=True, slots=True)
class Thing:
    """What an invented tool is about, and the random choices around it."""

    rng: Random
    split: Split
    language: Language
    english: str
    chinese: str

    def named(self, *words: str) -> str:
        """A function name from words, or sometimes a meaningless one."""
        if self.rng.random() < 0.1:
            words = (invented(self.rng, self.split), invented(self.rng, self.split))
        kind = self.rng.random()
        if kind < 0.2:
            return words[0] + "".join(word.capitalize() for word in words[1:])
        return ("-" if kind > 0.93 else "_").join(words)

    def about(self, english: tuple[str, ...], chinese: str) -> str:
        """A description in the language of the definitions."""
        if self.language == "zh":
            return chinese
        text = with_articles(self.rng.choice(english))
        return text + "." if self.rng.random() < 0.2 else text

    def holder(self) -> tuple[Slot, str, str]:
        """A slot for the one that something belongs to, and its words in both languages."""
        name, kind, english, chinese = self.rng.choice(_HOLDERS)
        if self.rng.random() < 0.15:
            name = invented(self.rng, self.split)
            english, chinese = f"a {name}", name
        about = f"The {name.replace('_', ' ')}" if self.language == "en" else chinese
        return Slot("holder", name, kind, self.sometimes(about)), english, chinese

    def slot(self, key: str, names: str, kind: str, about: Pair, required: bool = True) -> Slot:
        """A slot with one of the names, described or not."""
        said = about[0] if self.language == "en" else about[1]
        return Slot(key, self.rng.choice(names.split()), kind, self.sometimes(said), required)

    def sometimes(self, text: str) -> str:
        """The text, or nothing."""
        return text if self.rng.random() < 0.5 else ""

    def extras(self, taken: tuple[Slot, ...], most: int) -> tuple[Slot, ...]:
        """Up to ``most`` further slots with other names than those taken."""
        found: list[Slot] = []
        names = {slot.name for slot in taken}
        for _ in range(self.rng.choice((0, 0, 1, 1, 2))):
            name, chinese, kind, choices = self.rng.choice(_EXTRAS)
            if self.rng.random() < 0.2:
                name = chinese = invented(self.rng, self.split)
                kind, choices = self.rng.choice(_KINDS), ()
            if name in names or len(found) == most:
                continue
            names.add(name)
            about = f"The {name}" if self.language == "en" else chinese
            required = self.rng.random() < 0.35
            found.append(
                Slot(name, name, kind, self.sometimes(about), required, choices, (name, chinese))
            )
        return tuple(found)


def with_articles(text: str) -> str:
    """The text with ``an`` before vowels."""
    return re.sub(r"\b([Aa]) (?=[aeiou])", r"\1n ", text)


def _getter(thing: Thing) -> Design:
    slot, english, chinese = thing.holder()
    n, m = thing.english, thing.chinese
    name = thing.rng.choice(
        (
            ("get", n),
            ("find", n),
            ("lookup", n),
            ("get", slot.name, n),
            (n, "lookup"),
            ("fetch", n),
            ("read", n),
            ("query", n),
            (n, "of", slot.name),
        )
    )
    about = thing.about(
        (
            f"Get the {n} of {english}",
            f"Look up the {n} of {english}",
            f"Find the {n} for {english}",
            f"Returns the {n} of {english}",
            f"Tells the {n} of {english}",
        ),
        f"查询{chinese}的{m}",
    )
    wordings: dict[Language, tuple[str, ...]] = {
        "en": (
            f"what is the {n} of {{holder}}?",
            f"what's the {n} for {{holder}}?",
            f"what {n} does {{holder}} have?",
            f"get the {n} of {{holder}}",
            f"look up the {n} of {{holder}}",
            f"find the {n} for {{holder}}",
            f"tell me the {n} of {{holder}}",
        ),
        "zh": (
            f"{{holder}}的{m}是什么？",
            f"{{holder}}的{m}是多少？",
            f"查一下{{holder}}的{m}",
            f"告诉我{{holder}}的{m}",
            f"找一下{{holder}}的{m}",
        ),
    }
    key = n if thing.language == "en" else m
    returns = [(key, thing.rng.choice(_KINDS))]
    if thing.rng.random() < 0.3:
        returns.append(("status", "state"))
    return Design(f"get {n}", thing.named(*name), about, (slot,), wordings, tuple(returns))


def _setter(thing: Thing) -> Design:
    holder, english, chinese = thing.holder()
    n, m = thing.english, thing.chinese
    kind = thing.rng.choice(("small", "integer", "word", "amount", "person", "code"))
    names = thing.rng.choice(("value", n, f"new_{n}"))
    value = thing.slot("value", names, kind, (f"The new {n}", f"新的{m}"))
    name = thing.rng.choice((("set", n), ("change", n), ("update", n), ("set", holder.name, n)))
    about = thing.about(
        (f"Set the {n} of {english}", f"Change the {n} of {english}"), f"设置{chinese}的{m}"
    )
    wordings: dict[Language, tuple[str, ...]] = {
        "en": (
            f"set the {n} of {{holder}} to {{value}}",
            f"change the {n} of {{holder}} to {{value}}",
            f"make {{value}} the {n} of {{holder}}",
        ),
        "zh": (f"把{{holder}}的{m}设为{{value}}", f"将{{holder}}的{m}改成{{value}}"),
    }
    return Design(f"set {n}", thing.named(*name), about, (holder, value), wordings)


def _creator(thing: Thing) -> Design:
    n, m = thing.english, thing.chinese
    kind = thing.rng.choice(("title", "word", "person"))
    slot = thing.slot("title", "name title label", kind, (f"Name of the {n}", f"{m}的名称"))
    verb, done = thing.rng.choice((("create", "新建"), ("add", "添加"), ("make", "创建")))
    about = thing.about(
        (f"{verb.capitalize()} a new {n}", f"{verb.capitalize()} a {n}"), f"{done}一个{m}"
    )
    wordings: dict[Language, tuple[str, ...]] = {
        "en": (
            f"{verb} a {n} called {{title}}",
            f"{verb} a new {n} named {{title}}",
            f'{verb} the {n} "{{title}}"',
        ),
        "zh": (f"{done}一个{m}，名字叫{{title}}", f"{done}名为“{{title}}”的{m}"),
    }
    slots = (slot, *thing.extras((slot,), 2))
    returns = (("id", "code"),) if thing.rng.random() < 0.5 else ()
    return Design(f"create {n}", thing.named(verb, n), about, slots, wordings, returns)


def _remover(thing: Thing) -> Design:
    n, m = thing.english, thing.chinese
    slot = thing.slot("id", f"id {n}_id code", "code", (f"Id of the {n}", f"{m}的编号"))
    verb, done = thing.rng.choice((("delete", "删除"), ("remove", "移除"), ("cancel", "取消")))
    about = thing.about(
        (f"{verb.capitalize()} a {n}", f"{verb.capitalize()} a {n} by its id"), f"{done}{m}"
    )
    wordings: dict[Language, tuple[str, ...]] = {
        "en": (f"{verb} {n} {{id}}", f"{verb} the {n} {{id}}", f"{verb} the {n} with id {{id}}"),
        "zh": (f"{done}{m} {{id}}", f"{done}编号为{{id}}的{m}"),
    }
    return Design(f"delete {n}", thing.named(verb, n), about, (slot,), wordings)


def _sender(thing: Thing) -> Design:
    n, m = thing.english, thing.chinese
    to = thing.slot("to", "to recipient receiver person", "person", ("Who gets it", "接收人"))
    text = thing.slot("text", "text message content body", "phrase", ("The text", "内容"))
    about = thing.about(
        (f"Send a {n} to someone", f"Sends a {n} with a text to a person"), f"给某人发送{m}"
    )
    wordings: dict[Language, tuple[str, ...]] = {
        "en": (
            f'send a {n} to {{to}}: "{{text}}"',
            f'send {{to}} a {n} with the text "{{text}}"',
            f"send a {n} to {{to}} saying {{text}}",
        ),
        "zh": (f"给{{to}}发送{m}：“{{text}}”", f"发一个{m}给{{to}}，内容是{{text}}"),
    }
    slots = (to, text, *thing.extras((to, text), 1))
    return Design(f"send {n}", thing.named("send", n), about, slots, wordings)


def _lister(thing: Thing) -> Design:
    n, m = thing.english, thing.chinese
    verb = thing.rng.choice(("list", "show"))
    about = thing.about((f"{verb.capitalize()} every {n}", f"List all {n}s"), f"列出所有{m}")
    wordings: dict[Language, tuple[str, ...]] = {
        "en": (f"list all {n}s", f"show me every {n}", f"which {n}s are there?", f"list every {n}"),
        "zh": (f"列出所有{m}", f"有哪些{m}？", f"显示全部{m}"),
    }
    plural = f"{n}s" if thing.language == "en" else m
    returns = ((plural, "words"),)
    return Design(
        f"list {n}", thing.named(verb, f"{n}s"), about, thing.extras((), 1), wordings, returns
    )


def _switch(thing: Thing) -> Design:
    n, m = thing.english, thing.chinese
    choices = (("on", "打开"), ("off", "关闭"))
    name = thing.rng.choice(("on", "enabled", "active", "state", "power"))
    kind = "switch" if thing.rng.random() < 0.6 or name == "enabled" else "choice"
    slot = Slot("on", name, kind, thing.sometimes("On or off"), True, choices)
    about = thing.about((f"Turn the {n} on or off", f"Switch the {n} on or off"), f"打开或关闭{m}")
    wordings: dict[Language, tuple[str, ...]] = {
        "en": (f"turn {{on}} the {n}", f"turn the {n} {{on}}", f"switch the {n} {{on}}"),
        "zh": (f"{{on}}{m}", f"把{m}{{on}}"),
    }
    tool = thing.named(*thing.rng.choice((("switch", n), ("toggle", n), ("set", n), ("turn", n))))
    return Design(f"switch {n}", tool, about, (slot,), wordings, twice=False)


def _action(thing: Thing) -> Design:
    n, m = thing.english, thing.chinese
    verb, done = thing.rng.choice(_ACTIONS)
    about = thing.about(
        (f"{verb.capitalize()} a {n}", f"{verb.capitalize()} the {n}"), f"{done}{m}"
    )
    kind = thing.rng.random()
    slots: tuple[Slot, ...] = ()
    where, wo = "", ""
    if kind < 0.35:
        slots = (thing.slot("city", "city place location", "city", ("The city", "城市")),)
        where, wo = " in {city}", "在{city}"
    elif kind < 0.6:
        slots = (thing.slot("person", "person owner user for", "person", ("The person", "某人")),)
        where, wo = " for {person}", "为{person}"
    slots = (*slots, *thing.extras(slots, 2))
    wordings: dict[Language, tuple[str, ...]] = {
        "en": (f"{verb} the {n}{where}", f"{verb} a {n}{where}"),
        "zh": (f"{wo}{done}{m}", f"{wo}{done}一下{m}"),
    }
    return Design(f"{verb} {n}", thing.named(verb, n), about, slots, wordings)


_FAMILIES: tuple[Callable[[Thing], Design], ...] = (
    _getter,
    _getter,
    _getter,
    _setter,
    _creator,
    _remover,
    _sender,
    _lister,
    _switch,
    _action,
    _action,
)


def invention(
    rng: Random, split: Split, language: Language, thing: Pair | None = None
) -> tuple[Design, Pair]:
    """A tool about a thing, a random one if none is given, and that thing.

    ``language`` is the one of its description.
    """
    found = thing or noun(rng, split)
    design = rng.choice(_FAMILIES)(Thing(rng, split, language, *found))
    english = tuple(with_articles(text) for text in design.wordings["en"])
    return replace(design, wordings={**design.wordings, "en": english}), found


def getter(rng: Random, split: Split, language: Language, thing: Pair) -> Design:
    """A tool that looks up a thing."""
    return _getter(Thing(rng, split, language, *thing))
