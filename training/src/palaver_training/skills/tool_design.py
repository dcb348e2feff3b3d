"""A tool of a conversation: its definition, the requests that fit it, and what it returns."""

from __future__ import annotations

import re
from dataclasses import dataclass
from random import Random
from typing import Any

from palaver_training.lexicon import Pair
from palaver_training.sample import Message, Split
from palaver_training.skills.tool_values import tool_value
from palaver_training.skills.turns import Language

_TYPES = {
    "small": "integer",
    "integer": "integer",
    "amount": "number",
    "switch": "boolean",
    "words": "array",
    "people": "array",
}
_SLOT = re.compile(r"\{(\w+)\}")
_EXTRAS = {
    "en": (" with {name} {value}", ", {name} {value}", " ({name}: {value})", ", {name}: {value}"),
    "zh": ("，{name}{value}", "，{name}：{value}", "（{name}：{value}）", "，{name}是{value}"),
}


@dataclass(frozen=True, slots=True)
class Slot:
    """A parameter of a tool.

    Attributes:
        key: What wordings call it.
        name: What the definition calls it.
        kind: Kind of its values; ``choice`` and ``switch`` take one of ``choices``.
        about: Its description; may be empty.
        required: Whether every call gives it.
        choices: Values in English and Chinese words; for a switch, first on, then off.
        said: What a request calls it, in English and Chinese.
    """

    key: str
    name: str
    kind: str
    about: str = ""
    required: bool = True
    choices: tuple[Pair, ...] = ()
    said: Pair = ("", "")


@dataclass(frozen=True, slots=True)
class Request:
    """What a user wants a tool for.

    Attributes:
        text: The bare request: a question, or an order without polite words around it.
        arguments: The arguments that a call takes from it.
    """

    text: str
    arguments: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Design:
    """A tool as one conversation knows it.

    Attributes:
        subject: What it is about; two tools of a conversation have different subjects.
        wordings: Requests by language, with slots such as ``{city}``.
        returns: Keys of its result with the kinds of their values; may be empty.
        twice: Whether two values of its first slot make sense in one request.
    """

    subject: str
    name: str
    about: str
    slots: tuple[Slot, ...]
    wordings: dict[Language, tuple[str, ...]]
    returns: tuple[tuple[str, str], ...] = ()
    twice: bool = True

    def request(self, rng: Random, split: Split, language: Language) -> Request:
        """A random request that this tool fits."""
        wording = rng.choice(self.wordings[language])
        used = _SLOT.findall(wording)
        arguments: dict[str, Any] = {}
        words: dict[str, str] = {}
        extras = ""
        for slot in self.slots:
            if slot.key in used:
                arguments[slot.name], words[slot.key] = tool_value(slot, rng, split, language)
            elif slot.said[0] and (slot.required or rng.random() < 0.3):
                arguments[slot.name], said = tool_value(slot, rng, split, language)
                name = slot.said[0] if language == "en" else slot.said[1]
                extras += rng.choice(_EXTRAS[language]).format(name=name, value=said)
        text = _worded(wording, words)
        if text[-1] in "?？":
            return Request(text[:-1] + extras + text[-1], arguments)
        return Request(text + extras, arguments)

    def double(
        self, rng: Random, split: Split, language: Language
    ) -> tuple[Request, dict[str, Any]] | None:
        """A request for two calls of this tool and the second call's arguments, if one fits."""
        slot = self._repeatable()
        if slot is None:
            return None
        fitting = [text for text in self.wordings[language] if _SLOT.findall(text) == [slot.key]]
        if not fitting:
            return None
        first, said = tool_value(slot, rng, split, language)
        second, other = tool_value(slot, rng, split, language)
        if first == second:
            return None
        joined = said + (" and " if language == "en" else "和") + other
        text = _worded(rng.choice(fitting), {slot.key: joined})
        return Request(text, {slot.name: first}), {slot.name: second}

    def followed_up(self, value: Any) -> dict[str, Any] | None:
        """The arguments of a call with another value of its only slot."""
        slot = self._repeatable()
        return None if slot is None else {slot.name: value}

    def sole_value(self, rng: Random, split: Split, language: Language) -> Any:
        """A value for the first slot."""
        return tool_value(self.slots[0], rng, split, language)[0]

    def _repeatable(self) -> Slot | None:
        needed = [slot for slot in self.slots if slot.required]
        fits = self.twice and len(needed) == 1 and needed[0] is self.slots[0]
        return needed[0] if fits and _type(needed[0]) == "string" else None


def definition(design: Design, rng: Random) -> Message:
    """The tool in OpenAI's form, written in one of the ways that clients write it."""
    function: dict[str, Any] = {"name": design.name}
    if design.about:
        function["description"] = design.about
    style = rng.random()
    if not design.slots and style < 0.3:
        return {"type": "function", "function": function}
    properties = {slot.name: _property(slot, style) for slot in design.slots}
    parameters: dict[str, Any] = {"type": "object", "properties": properties}
    required = [slot.name for slot in design.slots if slot.required]
    if required or style < 0.5:
        parameters["required"] = required
    if style > 0.9:
        parameters["additionalProperties"] = False
    if 0.8 < style < 0.85:
        parameters = {key: parameters[key] for key in sorted(parameters)}
    function["parameters"] = parameters
    if style > 0.95:
        function["strict"] = True
    return {"type": "function", "function": function}


def _property(slot: Slot, style: float) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": _type(slot)}
    if slot.about and style > 0.4:
        schema["description"] = slot.about
    if schema["type"] == "array":
        schema["items"] = {"type": "string"}
    if slot.kind == "choice":
        schema["enum"] = [english for english, _ in slot.choices]
    if 0.75 < style < 0.8 and "description" in schema:
        schema = {"description": schema.pop("description"), **schema}
    return schema


def _type(slot: Slot) -> str:
    return _TYPES.get(slot.kind, "string")


def _worded(wording: str, words: dict[str, str]) -> str:
    return _SLOT.sub(lambda match: words[match[1]], wording)
