"""From a sample to the token ids and the weight of each in the loss."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2.sandbox import ImmutableSandboxedEnvironment
from tokenizers import Tokenizer

from palaver_training.folders import MODEL_FOLDER
from palaver_training.sample import Message, Sample

OPENING = "<|im_start|>assistant\n"
THINK = "<think>\n"
TURN = re.compile(re.escape(OPENING) + r"(.*?<\|im_end\|>)", re.DOTALL)


class TemplateError(ValueError):
    """The template refused the conversation."""


@dataclass(frozen=True, slots=True)
class Rendered:
    """A conversation as tokens.

    Attributes:
        skill: The skill that it teaches.
        token_ids: The whole conversation, its last answer included.
        is_answer: For each token, whether the assistant generates it.
        num_prompt_tokens: Where the last answer begins.
    """

    skill: str
    token_ids: list[int]
    is_answer: list[bool]
    num_prompt_tokens: int


class Template:
    """The chat template, as the service applies it."""

    def __init__(self, path: Path) -> None:
        environment = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True)
        environment.filters["tojson"] = _to_json
        environment.globals["raise_exception"] = _refuse
        self._template = environment.from_string(path.read_text(encoding="utf-8"))

    def render(
        self,
        messages: Sequence[Message],
        tools: Sequence[Message] = (),
        *,
        thinking: bool = False,
        prompt: bool = False,
    ) -> str:
        """The conversation as text; with ``prompt`` it ends where the next answer begins."""
        return self._template.render(
            messages=messages,
            tools=list(tools) or None,
            enable_thinking=thinking,
            add_generation_prompt=prompt,
        )


class Renderer:
    """Renders samples with the model's own template and vocabulary."""

    def __init__(self, folder: Path = MODEL_FOLDER) -> None:
        self.template = Template(folder / "chat_template.jinja")
        self.tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))

    def render(self, sample: Sample) -> Rendered:
        """The sample as tokens.

        Raises:
            ValueError: The prompt is not the beginning of the whole conversation, so the model
                would be trained on another text than it is asked to continue.
        """
        text = self.template.render(sample.messages, sample.tools, thinking=sample.thinking)
        prompt = self.template.render(
            sample.prompt, sample.tools, thinking=sample.thinking, prompt=True
        )
        if not text.startswith(prompt):
            raise ValueError(f"{sample.skill}: the prompt does not begin the conversation: {text}")
        text = text.removesuffix("\n")
        spans = [match.span(1) for match in TURN.finditer(text)]
        if sample.thinking:
            spans[-1] = (len(prompt), spans[-1][1])
        encoding = self.tokenizer.encode(text, add_special_tokens=False)
        starts = [start for start, _ in encoding.offsets]
        return Rendered(
            sample.skill,
            encoding.ids,
            [any(first <= start < end for first, end in spans) for start in starts],
            sum(start < len(prompt) for start in starts),
        )


def _to_json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _refuse(message: str) -> None:
    raise TemplateError(message)
