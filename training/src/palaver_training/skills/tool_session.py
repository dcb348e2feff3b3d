"""A conversation with tools under way: requests, calls, results and answers."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from random import Random
from typing import Any, TypeAlias

from palaver_training.sample import Message, Split
from palaver_training.skills.small_talk import small_talk
from palaver_training.skills.tool_design import Design
from palaver_training.skills.tool_entries import city_tool
from palaver_training.skills.tool_inventions import getter
from palaver_training.skills.tool_results import result_text
from palaver_training.skills.tool_shelf import missing, shelf
from palaver_training.skills.turns import Language, assistant, calling, tool_result, user
from palaver_training.skills.values import city

Call: TypeAlias = tuple[Design, dict[str, Any]]

_ORDERS = {
    "en": (
        "{}.",
        "{}",
        "{}.",
        "please {}.",
        "please {}",
        "{}, please.",
        "can you {}?",
        "could you {}?",
        "could you please {}?",
        "I want you to {}.",
        "I need you to {}.",
        "hi, {}.",
        "now {}.",
    ),
    "zh": ("{}。", "{}", "请{}。", "帮我{}。", "请帮我{}", "麻烦{}", "你能{}吗？", "现在{}。"),
}
_QUESTIONS = {
    "en": ("{}", "{}", "{}", "hi, {}", "hello! {}", "please tell me: {}"),
    "zh": ("{}", "{}", "请问{}", "你好，{}"),
}
_AND = {
    "en": (" and {}", ", and {}", ", then {}", ". Also {}"),
    "zh": ("，{}", "，并且{}", "，还有{}"),
}
_AGAIN = {
    "en": ("and {}?", "and for {}?", "what about {}?", "now {}.", "the same for {}, please."),
    "zh": ("{}呢？", "那{}呢？", "再查{}。", "还有{}呢？"),
}
_NONE = {"en": "None of my tools can do that.", "zh": "我的工具都做不了这件事。"}
_NONE_THOUGHT = {"en": "No tool fits this.", "zh": "没有合适的工具。"}
_TALK_THOUGHT = {"en": "This needs no tool.", "zh": "这不需要工具。"}
_TOLD_THOUGHT = {
    "en": "The tool has answered. I tell the user.",
    "zh": "工具已返回结果，我告诉用户。",
}
_TALK = ("hello", "thanks", "okay", "how_are_you", "bye", "praise", "good_morning")
_OF = {"en": "the city of {}", "zh": "{}的城市"}


@dataclass(slots=True)
class Session:
    """Messages so far, and the tools they can use.

    Attributes:
        designs: The tools of the conversation.
        thought: What leads to the last message.
        latest: The last call, if it was a single one.
    """

    rng: Random
    split: Split
    language: Language
    designs: list[Design] = field(default_factory=list)
    messages: list[Message] = field(default_factory=list)
    thought: str = ""
    latest: Call | None = None
    calls: int = 0

    def __post_init__(self) -> None:
        """Puts tools on the shelf."""
        self.designs = shelf(self.rng, self.split, self.language)

    def episode(self, last: bool) -> None:
        """A request and what follows; only the last one may stop at the call."""
        kind = self.rng.random()
        if kind < 0.1:
            self._none()
        elif kind < 0.16:
            self._talk()
        elif kind < 0.28:
            self._two_values(last)
        elif kind < 0.37:
            self._two_tools(last)
        elif kind < 0.39:
            self._again(last)
        elif kind < 0.4 and self.calls == 0:
            self._chain(last)
        else:
            self._single(last)

    def _single(self, last: bool) -> None:
        design = self.rng.choice(self.designs)
        request = design.request(self.rng, self.split, self.language)
        self._said(self._polite(request.text))
        self._call([(design, request.arguments)], last)

    def _two_values(self, last: bool) -> None:
        design = self.rng.choice(self.designs)
        double = design.double(self.rng, self.split, self.language)
        if double is None:
            self._single(last)
            return
        request, second = double
        self._said(self._polite(request.text))
        self._call([(design, request.arguments), (design, second)], last)

    def _two_tools(self, last: bool) -> None:
        if len(self.designs) < 2:
            self._single(last)
            return
        chosen = self.rng.sample(self.designs, 2)
        requests = [item.request(self.rng, self.split, self.language) for item in chosen]
        head = requests[0].text.rstrip("?？")
        text = head + self.rng.choice(_AND[self.language]).format(requests[1].text)
        self._said(self._polite(text, asks=requests[0].text[-1] in "?？"))
        arguments = [request.arguments for request in requests]
        self._call(list(zip(chosen, arguments, strict=True)), last)

    def _again(self, last: bool) -> None:
        """The same call with another value, as in "and in Rome?"."""
        if self.latest is None or len(self.latest[1]) != 1:
            self._single(last)
            return
        design = self.latest[0]
        value = design.sole_value(self.rng, self.split, self.language)
        arguments = design.followed_up(value)
        if arguments is None:
            self._single(last)
            return
        said = self.rng.choice(_AGAIN[self.language]).format(value)
        self._said(said if self.language == "zh" else _capital(said, self.rng))
        self._call([(design, arguments)], last)

    def _chain(self, last: bool) -> None:
        """A call that needs the result of another one."""
        first, second = self._linked()
        self.designs = [first, second]
        self.rng.shuffle(self.designs)
        owner = first.sole_value(self.rng, self.split, self.language)
        value = city(self.rng, self.split, self.language)
        wordings = [text for text in second.wordings[self.language] if text.count("{") == 1]
        said = _OF[self.language].format(owner)
        self._said(self._polite(self.rng.choice(wordings).format(city=said)))
        self._call([(first, {first.slots[0].name: owner})], last=True, may_answer=False)
        text = f'{{"city": "{value}"}}' if self.rng.random() < 0.7 else value
        self.messages.append(tool_result(text, self.calls))
        self._call([(second, {second.slots[0].name: value})], last)

    def _linked(self) -> tuple[Design, Design]:
        """A tool that tells a city and one that needs a city."""
        while True:
            first = getter(self.rng, self.split, self.language, ("city", "城市"))
            second = city_tool(self.rng, self.split, self.language)
            if first.slots[0].kind != "city" and first.name != second.name:
                return replace(first, returns=(("city", "city"),)), second

    def _none(self) -> None:
        design = missing(self.rng, self.split, self.language, self.designs)
        request = design.request(self.rng, self.split, self.language)
        self._said(self._polite(request.text))
        self._answer(_NONE[self.language], _NONE_THOUGHT[self.language])

    def _talk(self) -> None:
        text, answer = small_talk(self.rng, self.language, _TALK)
        self._said(text)
        self._answer(answer, _TALK_THOUGHT[self.language])

    def _said(self, text: str) -> None:
        self.messages.append(user(text))

    def _answer(self, text: str, thought: str) -> None:
        self.messages.append(assistant(text))
        self.thought = thought

    def _call(self, calls: list[Call], last: bool, may_answer: bool = True) -> None:
        """Calls tools; then comes the answer, unless the conversation may stop at the call."""
        named = [(design.name, arguments) for design, arguments in calls]
        self.messages.append(calling(named, self.calls + 1))
        self.calls += len(calls)
        self.thought = " ".join(self._choice(design, arguments) for design, arguments in calls)
        self.latest = calls[0] if len(calls) == 1 else None
        if not may_answer or (last and self.rng.random() < 0.5):
            return
        self._results(calls)

    def _results(self, calls: list[Call]) -> None:
        same = len(calls) == 2 and calls[0][0] is calls[1][0]
        sentences = []
        for number, (design, arguments) in enumerate(calls, self.calls - len(calls) + 1):
            text, sentence = result_text(design, arguments, self.rng, self.split, self.language)
            self.messages.append(tool_result(text, number))
            if same:
                sign = ": " if self.language == "en" else "："
                sentence = f"{next(iter(arguments.values()))}{sign}{sentence}"
            sentences.append(sentence)
        space = " " if self.language == "en" else ""
        self._answer(space.join(sentences), _TOLD_THOUGHT[self.language])

    def _choice(self, design: Design, arguments: dict[str, Any]) -> str:
        """Why a call looks as it does."""
        if self.language == "zh":
            given = "，".join(f"{name} 是 {_plain(item)}" for name, item in arguments.items())
            return f"{design.name} 合适。{given}。" if given else f"{design.name} 合适。"
        given = ", ".join(f"{name} is {_plain(item)}" for name, item in arguments.items())
        return f"{design.name} fits. {given}." if given else f"{design.name} fits."

    def _polite(self, text: str, asks: bool = False) -> str:
        """The request as one sentence of a polite or a hasty user."""
        frames = _QUESTIONS if asks or text[-1] in "?？" else _ORDERS
        said = self.rng.choice(frames[self.language]).format(text)
        return said if self.language == "zh" else _capital(said, self.rng)


def _capital(text: str, rng: Random) -> str:
    if not text[:1].isascii() or rng.random() < 0.25:
        return text
    return text[:1].upper() + text[1:]


def _plain(item: Any) -> str:
    if isinstance(item, bool):
        return "true" if item else "false"
    return ", ".join(item) if isinstance(item, list) else str(item)
