"""The grammar of calls, from a family's description."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from palaver.chat.families.description import (
    CallFormat,
    CallId,
    Index,
    JsonArguments,
    JsonCall,
    Literal,
    Name,
    Parameters,
    Part,
    QuotedObject,
)
from palaver.chat.grammar.arguments import json_arguments, parameters
from palaver.chat.grammar.lark import Lark
from palaver.chat.grammar.quoted import quoted_object
from palaver.chat.schema import JSON_OBJECT
from palaver.chat.tools.tool import Tool


class CallGrammar:
    """Calls in their canonical form.

    Args:
        lark: Takes the rules.
        form: How they are written.
        tools: What may be called, at least one.
        is_parallel: Whether there may be several.

    Attributes:
        mark: The text at which they are known, which text before them does not contain; empty for
            a format that has none.
        rest: What follows the mark.

    Raises:
        InvalidRequest: A strict tool cannot be enforced in this format.
    """

    def __init__(
        self, lark: Lark, form: CallFormat, tools: Sequence[Tool], *, is_parallel: bool
    ) -> None:
        self._lark = lark
        first = form.canonical[0]
        lead = form.begin or (first.text if isinstance(first, Literal) else "")
        self.mark = lead.split(maxsplit=1)[0] if lead else ""
        call = lark.rule(" | ".join(self._call(form.canonical, tool) for tool in tools))
        tail = call
        if not form.begin and isinstance(first, Literal):
            after = [self._call(form.canonical[1:], tool) for tool in tools]
            tail = lark.rule(" | ".join(after))
        more = ""
        if is_parallel and not form.is_single:
            more = f"({lark.written(form.separator)} {call})*" if form.separator else f"{call}*"
        rest = lead[len(self.mark) :]
        head = lark.written(rest) if rest else ""
        end = lark.written(form.end) if form.end else ""
        self.rest = lark.rule(" ".join(filter(None, (head, tail, more, end))))

    @property
    def whole(self) -> str:
        """The calls with their mark."""
        return f"{self._lark.written(self.mark)} {self.rest}" if self.mark else self.rest

    def _call(self, form: Sequence[Part], tool: Tool) -> str:
        """One call of one tool; neighbouring fixed texts are written as one."""
        expressions: list[str] = []
        fixed = ""
        for part in form:
            match part:
                case Literal():
                    fixed += part.text
                case Name():
                    fixed += tool.name
                case _:
                    is_marked = bool(self.mark or fixed.strip())
                    is_framed = isinstance(part, JsonCall) and is_marked
                    if isinstance(part, JsonCall) and is_marked:
                        fixed += part.opening + tool.name + part.middle
                    if fixed:
                        expressions.append(self._lark.written(fixed))
                    expressions += filter(None, self._part(part, tool, is_marked=is_marked))
                    fixed = "}" if is_framed else ""
        if fixed:
            expressions.append(self._lark.written(fixed))
        return self._lark.rule(" ".join(expressions))

    def _part(self, part: Part, tool: Tool, *, is_marked: bool) -> list[str]:
        match part:
            case CallId():
                return [f"/[a-zA-Z0-9]{{{part.length}}}/"]
            case Index():
                return ["/0|[1-9][0-9]{0,2}/"]
            case JsonCall() if not is_marked:
                return [self._bare(part, tool)]
            case JsonArguments() | JsonCall():
                return [json_arguments(self._lark, tool)]
            case Parameters():
                return [parameters(self._lark, part, tool)]
        return [quoted_object(self._lark, part, tool)] if isinstance(part, QuotedObject) else []

    def _bare(self, part: JsonCall, tool: Tool) -> str:
        """The whole object as JSON, so that it can be told from other JSON."""
        arguments: dict[str, Any] = dict(tool.enforced or JSON_OBJECT)
        shared: dict[str, Any] = {
            key: arguments.pop(key) for key in ("$defs", "x-guidance") if key in arguments
        }
        properties = {"name": {"const": tool.name}, part.arguments_key: arguments}
        return self._lark.json(
            {
                **shared,
                "type": "object",
                "properties": properties,
                "required": list(properties),
                "additionalProperties": False,
            }
        )
