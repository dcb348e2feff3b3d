"""The tool calls of an answer, complete and as deltas (spec row S31)."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from palaver.api.wire.response import (
    FunctionCallBody,
    FunctionCallDeltaBody,
    ToolCallBody,
    ToolCallDeltaBody,
)
from palaver.chat.delta import CallEvent
from palaver.chat.parser.events import CallBegin, collected


def call_bodies(events: Sequence[CallEvent]) -> list[ToolCallBody]:
    """The complete calls that the events describe."""
    return [
        ToolCallBody(id=call.id, function=FunctionCallBody(call.name, call.arguments))
        for call in collected(events).calls
    ]


def call_deltas(events: Sequence[CallEvent]) -> list[ToolCallDeltaBody]:
    """What events add, one entry for each call: id and name first, then pieces of arguments."""
    deltas: dict[int, ToolCallDeltaBody] = {}
    for event in events:
        if isinstance(event, CallBegin):
            function = FunctionCallDeltaBody(name=event.name, arguments="")
            deltas[event.index] = ToolCallDeltaBody(
                index=event.index, id=event.id, type="function", function=function
            )
            continue
        before = deltas.get(event.index) or ToolCallDeltaBody(
            index=event.index, function=FunctionCallDeltaBody(arguments="")
        )
        function = replace(before.function, arguments=before.function.arguments + event.text)
        deltas[event.index] = replace(before, function=function)
    return list(deltas.values())
