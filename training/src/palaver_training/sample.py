"""One conversation for training or evaluation."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Any, Literal, TypeAlias

Message: TypeAlias = dict[str, Any]
"""An OpenAI chat message; ``reasoning_content`` holds an assistant's thinking and the
``arguments`` of its tool calls are a dict."""

Split: TypeAlias = Literal["train", "held_out"]
"""``held_out`` draws names, values and wordings that training never shows where the skill is
meant to generalise over them."""

Check: TypeAlias = Callable[[Message], bool]


@dataclass(frozen=True, slots=True)
class Sample:
    """A conversation that ends with the assistant's message to be learned.

    Attributes:
        skill: Name of the skill, as in ``palaver_training.skills.SKILLS``.
        messages: The conversation; the last message is the assistant's reference answer.
        tools: Tool definitions in OpenAI's form, ``{"type": "function", "function": {…}}``.
        thinking: Whether the last answer is written with thinking switched on.
        check: Says whether another final message is also right; ``None`` means that the
            content, stripped, and the tool calls must equal the reference.
    """

    skill: str
    messages: tuple[Message, ...]
    tools: tuple[Message, ...] = ()
    thinking: bool = False
    check: Check | None = None

    @property
    def prompt(self) -> tuple[Message, ...]:
        """The conversation up to the answer."""
        return self.messages[:-1]

    @property
    def reference(self) -> Message:
        """The answer to be learned."""
        return self.messages[-1]

    def accepts(self, answer: Message) -> bool:
        """Whether ``answer`` (content, reasoning_content, tool_calls) counts as right."""
        if self.check is not None:
            return self.check(answer)
        return (answer.get("content") or "").strip() == (
            self.reference.get("content") or ""
        ).strip() and _calls(answer) == _calls(self.reference)


@dataclass(frozen=True, slots=True)
class Skill:
    """Something the model should be able to do.

    Attributes:
        name: Its name in reports.
        generate: Makes one sample of a split from a random generator.
        target: Share of held-out samples that must be right, 0 to 1.
        weight: How often training draws it, relative to the others.
    """

    name: str
    generate: Callable[[Random, Split], Sample]
    target: float
    weight: float = 1.0


def _calls(message: Message) -> list[tuple[str, Any]]:
    return [
        (call["function"]["name"], call["function"]["arguments"])
        for call in message.get("tool_calls") or ()
    ]
