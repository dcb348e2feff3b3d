"""Chat templates, rendered as transformers renders them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NoReturn

from jinja2 import TemplateError
from jinja2.ext import Extension, loopcontrols
from jinja2.meta import find_undeclared_variables
from jinja2.nodes import CallBlock, Node
from jinja2.parser import Parser
from jinja2.sandbox import ImmutableSandboxedEnvironment

from palaver.errors import InvalidRequest, ModelFolderError


class _Refusal(Exception):
    """A template called ``raise_exception``."""


class _GenerationBlock(Extension):
    """``{% generation %}``: marks the assistant's tokens for training; here it has no effect."""

    tags = {"generation"}  # noqa: RUF012

    def parse(self, parser: Parser) -> Node:
        line = next(parser.stream).lineno
        body = parser.parse_statements(("name:endgeneration",), drop_needle=True)
        return CallBlock(self.call_method("_render"), [], [], body).set_lineno(line)

    def _render(self, caller: Any) -> Any:
        return caller()


class ChatTemplate:
    """A model's template, which renders a conversation as the text of a prompt.

    Args:
        source: The template, in Jinja.
        special_tokens: ``bos_token`` and others, by the names that templates use.

    Attributes:
        source: As given.

    Raises:
        ModelFolderError: The template is not valid Jinja.
    """

    def __init__(self, source: str, special_tokens: Mapping[str, str]) -> None:
        environment = ImmutableSandboxedEnvironment(
            trim_blocks=True, lstrip_blocks=True, extensions=[_GenerationBlock, loopcontrols]
        )
        environment.filters["tojson"] = _to_json
        environment.globals["raise_exception"] = _raise
        environment.globals["strftime_now"] = lambda form: datetime.now().strftime(form)
        try:
            self._template = environment.from_string(source)
        except TemplateError as error:
            raise ModelFolderError(f"the chat template is not valid: {error}") from error
        self._special_tokens = dict(special_tokens)
        self.source = source
        self._variables = find_undeclared_variables(environment.parse(source))

    @property
    def can_think(self) -> bool:
        """Whether thinking can be switched on, under either of its two usual names."""
        return not self._variables.isdisjoint({"enable_thinking", "thinking"})

    def render(
        self,
        messages: Sequence[Mapping[str, Any]],
        *,
        tools: Sequence[Mapping[str, Any]] | None = None,
        enable_thinking: bool = False,
        reasoning_effort: str | None = None,
        add_generation_prompt: bool = True,
    ) -> str:
        """The prompt after which the assistant's answer begins.

        Args:
            messages: The conversation.
            tools: The tools that may be called.
            enable_thinking: Whether the model is to think first, for templates that support it.
            reasoning_effort: How much to think, likewise; ``None`` leaves it to the template.
            add_generation_prompt: Whether an answer is to begin; otherwise the text ends with the
                last message.

        Raises:
            InvalidRequest: The template refuses this conversation, or fails to render it.
        """
        effort = {} if reasoning_effort is None else {"reasoning_effort": reasoning_effort}
        try:
            return self._template.render(
                messages=messages,
                tools=tools or None,
                documents=None,
                add_generation_prompt=add_generation_prompt,
                enable_thinking=enable_thinking,
                thinking=enable_thinking,
                **effort,
                **self._special_tokens,
            )
        except _Refusal as refusal:
            message = f"the model's chat template refuses this conversation: {refusal}"
            raise InvalidRequest(message, param="messages") from refusal
        except Exception as error:  # a template may raise any Python exception
            message = f"the model's chat template cannot render this conversation: {error}"
            raise InvalidRequest(message, param="messages") from error


def _to_json(
    value: Any,
    ensure_ascii: bool = False,
    indent: int | None = None,
    separators: tuple[str, str] | None = None,
    sort_keys: bool = False,
) -> str:
    return json.dumps(
        value, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys
    )


def _raise(message: str) -> NoReturn:
    raise _Refusal(message)
