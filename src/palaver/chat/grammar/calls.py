"""Builds the grammar of tool calls from a family's description."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from palaver.chat.families.description import (
    CallFormat,
    CallId,
    CallSyntax,
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
    """Calls in their canonical syntax.

    Args:
        lark: The grammar that the rules are added to.
        call_format: The family's format of calls.
        tools: The tools that may be called, at least one.
        is_parallel: Whether there may be several.

    Attributes:
        mark: The text with which calls begin, and which text before them must not contain; empty
            for a format that has none.
        rest: The expression that follows the mark.

    Raises:
        InvalidRequest: A strict tool cannot be enforced in this format.
    """

    def __init__(
        self, lark: Lark, call_format: CallFormat, tools: Sequence[Tool], *, is_parallel: bool
    ) -> None:
        self._lark = lark
        first = call_format.canonical[0]
        lead = call_format.begin or (first.text if isinstance(first, Literal) else "")
        self.mark = lead.split(maxsplit=1)[0] if lead else ""
        call = lark.rule(" | ".join(self._call(call_format.canonical, tool) for tool in tools))
        tail = call
        if not call_format.begin and isinstance(first, Literal):
            after = [self._call(call_format.canonical[1:], tool) for tool in tools]
            tail = lark.rule(" | ".join(after))
        more = ""
        if is_parallel and not call_format.is_single:
            separator = call_format.separator
            more = f"({lark.written(separator)} {call})*" if separator else f"{call}*"
        rest = lead[len(self.mark) :]
        head = lark.written(rest) if rest else ""
        end = lark.written(call_format.end) if call_format.end else ""
        self.rest = lark.rule(" ".join(filter(None, (head, tail, more, end))))

    @property
    def whole(self) -> str:
        """The expression of the calls with their mark."""
        return f"{self._lark.written(self.mark)} {self.rest}" if self.mark else self.rest

    def _call(self, syntax: CallSyntax, tool: Tool) -> str:
        """One call of one tool; adjacent fixed texts are joined."""
        expressions: list[str] = []
        fixed = ""
        for part in syntax:
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
        """The whole object as JSON, to distinguish it from other JSON."""
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
