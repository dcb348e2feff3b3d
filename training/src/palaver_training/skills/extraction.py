"""Picks facts out of a text into JSON with the fields that the request names."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from random import Random
from string import Formatter
from typing import Any

from palaver_training.lexicon import belongs
from palaver_training.sample import Check, Message, Sample, Skill, Split
from palaver_training.skills.extraction_scenes import SCENES, Field, Scene
from palaver_training.skills.pieces import mixture
from palaver_training.skills.turns import (
    Language,
    assistant,
    choose_language,
    choose_thinking,
    system,
    user,
    with_thought,
)
from palaver_training.skills.values import given_name, noun, value

_REQUESTS = {
    "en": (
        "Extract {keys} as JSON: {text}",
        "Extract {keys} as JSON.\n{text}",
        "{text}\nExtract {keys} as JSON.",
        "{text}\nReturn JSON with the keys {keys}.",
        "Return JSON with the keys {keys}.\n{text}",
        "Return a JSON object with {keys}: {text}",
        "{text}\nGive me {keys} as JSON.",
        'Find {keys} in this text and answer in JSON: "{text}"',
        "Text: {text}\nFields: {keys}\nAnswer with JSON.",
        "JSON with {keys}: {text}",
        "Write the facts as JSON ({keys}).\n{text}",
        "{text}\nWhat are {keys}? Answer as JSON.",
        "From the text below take {keys} and write them as JSON.\n\n{text}",
        "Turn this into JSON with fields {keys}: {text}",
    ),
    "zh": (
        "提取{keys}，用JSON回答：{text}",
        "请从下面的句子中提取{keys}，输出JSON。\n{text}",
        "{text}\n请用JSON给出{keys}。",
        "{text}\n返回包含{keys}的JSON。",
        "用JSON写出{keys}：{text}",
        "文本：{text}\n字段：{keys}\n请回答JSON。",
        "把这句话转成JSON，字段是{keys}：{text}",
    ),
}
_ASIDE_SHARE: dict[Split, float] = {"train": 0.3, "held_out": 0.15}
"""How often a text also tells something that is not asked for. Training dwells on what is hard."""
_MISSING_SHARE: dict[Split, float] = {"train": 0.35, "held_out": 0.25}
_INVENTED_SHARE: dict[Split, float] = {"train": 0.27, "held_out": 0.2}
_STRANGE_KEY_SHARE = 0.5
"""Share of the invented properties whose names training makes of vocabulary pieces."""
_SHAPED = {
    "en": ("Fill this JSON: {shape}\n{text}", "{text}\nAnswer in this form: {shape}"),
    "zh": ("填写这个JSON：{shape}\n{text}", "{text}\n按这个格式回答：{shape}"),
}
_SYSTEMS = {
    "en": (
        "Answer only with JSON.",
        "You extract data as JSON.",
        "Reply with one JSON object and nothing else.",
        "You are a helpful assistant.",
    ),
    "zh": ("只用JSON回答。", "你负责把文本转成JSON。", "你是一个有用的助手。"),
}
_STANDING = {
    "en": (
        "Extract {keys} from every message. Answer only with JSON.",
        "You get a text and reply with JSON with the keys {keys}.",
        "Return JSON: {keys}.",
        "You turn messages into JSON objects with these fields: {keys}.",
    ),
    "zh": (
        "从每条消息中提取{keys}，只用JSON回答。",
        "把用户的话转成JSON，字段是{keys}。",
        "返回JSON，键为{keys}。",
    ),
}
_INVENTED = {
    "en": (
        "The {key} of {name} is {value}.",
        "{name} has the {key} {value}.",
        "{name}'s {key} is {value}.",
        "{name}: {key} {value}.",
        "Set the {key} of {name} to {value}.",
    ),
    "zh": ("{name}的{key}是{value}。", "{name}：{key} {value}。", "把{name}的{key}设为{value}。"),
}


@dataclass(frozen=True, slots=True)
class Text:
    """A text and the facts that it tells, by the keys that requests may use for them."""

    words: str
    facts: dict[str, Any]


def _spoken(item: Any, language: Language) -> str:
    if not isinstance(item, list):
        return str(item)
    head, last = [str(part) for part in item[:-1]], str(item[-1])
    if language == "zh":
        return "、".join(head) + "和" + last
    return ", ".join(head) + " and " + last


def _value(field: Field, rng: Random, split: Split, language: Language) -> Any:
    if field.kind != "people":
        return value(field.kind, rng, split, language)
    names: list[str] = []
    while len(names) < 2 or (len(names) < 3 and rng.random() < 0.4):
        name = given_name(rng, split, language)
        if name not in names:
            names.append(name)
    return names


def _told(
    scene: Scene, keys: dict[str, str], rng: Random, split: Split, language: Language
) -> Text:
    """A sentence of the scene; facts that it does not tell are ``None``."""
    sentence = rng.choice(scene.sentences[language])
    slots = [slot for _, slot, _, _ in Formatter().parse(sentence) if slot]
    facts = {slot: _value(scene.fields[slot], rng, split, language) for slot in slots}
    words = sentence.format(**{slot: _spoken(fact, language) for slot, fact in facts.items()})
    words = re.sub(r"\ba (?=[aeiou])", "an ", words)
    return Text(words, {key: facts.get(slot) for slot, key in keys.items()})


def _named(scene: Scene, rng: Random, split: Split, language: Language) -> dict[str, str]:
    """A key for every fact of the scene, all different, in a combination of the split."""
    while True:
        keys = {slot: rng.choice(field.keys[language]) for slot, field in scene.fields.items()}
        if len(set(keys.values())) == len(keys) and belongs(",".join(keys.values()), split):
            return keys


def _invented(rng: Random, split: Split, language: Language, count: int) -> Text:
    """Sentences about invented properties of a person."""
    name = given_name(rng, split, language)
    facts: dict[str, Any] = {rng.choice(("name", "who")) if language == "en" else "姓名": name}
    words = []
    for _ in range(count):
        english, chinese = noun(rng, split)
        key = english if language == "en" else chinese
        if split == "train" and rng.random() < _STRANGE_KEY_SHARE:
            key = mixture(rng, chinese=language == "zh")
        if key in facts:
            continue
        facts[key] = value(
            rng.choice(("word", "integer", "city", "person", "colour")), rng, split, language
        )
        sentence = rng.choice(_INVENTED[language])
        words.append(sentence.format(key=key, name=name, value=facts[key]))
    return Text((" " if language == "en" else "").join(words), facts)


def _listed(keys: list[str], rng: Random, language: Language) -> str:
    kind = rng.random()
    if kind < 0.35:
        return ", ".join(f'"{key}"' for key in keys)
    if kind < 0.4:
        return ", ".join(f"`{key}`" for key in keys)
    if language == "zh" and kind < 0.8:
        return _spoken(keys, language) if len(keys) > 1 else keys[0]
    if kind < 0.75 and len(keys) > 1:
        return _spoken(keys, language)
    return ", ".join(keys)


def _shape(facts: dict[str, Any], rng: Random) -> str:
    filler = rng.choice(('"..."', '""', "..."))
    return "{" + ", ".join(f'"{key}": {filler}' for key in facts) + "}"


def _chosen(text: Text, rng: Random, split: Split) -> dict[str, Any]:
    """Some of the facts in any order; now and then one that the text does not tell."""
    told = [key for key, fact in text.facts.items() if fact is not None]
    missing = [key for key, fact in text.facts.items() if fact is None]
    keys = rng.sample(told, rng.randint(1, min(4, len(told))))
    if missing and rng.random() < _MISSING_SHARE[split]:
        keys.append(rng.choice(missing))
    rng.shuffle(keys)
    return {key: text.facts[key] for key in keys}


def _written(facts: dict[str, Any]) -> str:
    return json.dumps(facts, ensure_ascii=False)


def _thought(facts: dict[str, Any], language: Language) -> str:
    if language == "zh":
        return "，".join(f"{key}是{_written(fact)}" for key, fact in facts.items()) + "。"
    return ", ".join(f"{key} is {_written(fact)}" for key, fact in facts.items()) + "."


def same_json(facts: dict[str, Any]) -> Check:
    """A check that accepts a JSON object with these facts in this order, however spaced."""

    def check(answer: Message) -> bool:
        try:
            found = json.loads((answer.get("content") or "").strip())
        except ValueError:
            return False
        return isinstance(found, dict) and _written(found) == _written(facts)

    return check


def _separate(
    rng: Random, split: Split, language: Language
) -> tuple[list[Message], dict[str, Any]]:
    """Messages that each name the fields and hold the text."""
    messages: list[Message] = []
    if rng.random() < 0.25:
        messages.append(system(rng.choice(_SYSTEMS[language])))
    facts: dict[str, Any] = {}
    for _ in range(rng.choice((1, 1, 2))):
        text = _text(rng, split, language)
        facts = _chosen(text, rng, split)
        if rng.random() < 0.15:
            shape = _shape(facts, rng)
            request = rng.choice(_SHAPED[language]).format(text=text.words, shape=shape)
        else:
            keys = _listed(list(facts), rng, language)
            request = rng.choice(_REQUESTS[language]).format(text=text.words, keys=keys)
        messages += [user(request), assistant(_written(facts))]
    return messages, facts


def _text(rng: Random, split: Split, language: Language) -> Text:
    if rng.random() < _INVENTED_SHARE[split]:
        return _invented(rng, split, language, rng.randint(1, 3))
    scene = rng.choice(SCENES)
    keys = _named(scene, rng, split, "en" if rng.random() < 0.3 else language)
    text = _told(scene, keys, rng, split, language)
    if rng.random() < _ASIDE_SHARE[split]:
        aside = _invented(rng, split, language, 1).words
        space = " " if language == "en" else ""
        words = (text.words, aside) if rng.random() < 0.5 else (aside, text.words)
        return Text(space.join(words), text.facts)
    return text


def _standing(
    rng: Random, split: Split, language: Language
) -> tuple[list[Message], dict[str, Any]]:
    """A system prompt that names the fields, then bare texts."""
    scene = rng.choice(SCENES)
    keys = _named(scene, rng, split, "en" if rng.random() < 0.3 else language)
    first = _told(scene, keys, rng, split, language)
    facts = _chosen(first, rng, split)
    named = _listed(list(facts), rng, language)
    messages = [
        system(rng.choice(_STANDING[language]).format(keys=named)),
        user(first.words),
        assistant(_written(facts)),
    ]
    for _ in range(rng.randint(0, 2)):
        text = _told(scene, keys, rng, split, language)
        facts = {key: text.facts[key] for key in facts}
        messages += [user(text.words), assistant(_written(facts))]
    return messages, facts


def generate(rng: Random, split: Split) -> Sample:
    """A conversation that ends with a JSON object of the facts that were asked for."""
    language = choose_language(rng)
    make = _standing if rng.random() < 0.25 else _separate
    messages, facts = make(rng, split, language)
    if choose_thinking(rng):
        conversation = with_thought(messages, _thought(facts, language))
        return Sample("extraction", conversation, thinking=True, check=same_json(facts))
    return Sample("extraction", tuple(messages), check=same_json(facts))


SKILL = Skill(name="extraction", generate=generate, target=0.85, weight=2.4)
