"""Parsers for tests: chunks in, the whole answer out."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from palaver.chat.families.description import Family
from palaver.chat.parser.answer import AnswerParser
from palaver.chat.parser.events import Event, ParsedAnswer, collected
from palaver.chat.tools.tool import Tool


def parse(
    family: Family,
    pieces: Iterable[str],
    tools: Iterable[Tool] = (),
    *,
    opening: str = "",
    is_separate: bool = True,
    is_cut: bool = False,
) -> ParsedAnswer:
    """The events of these chunks."""
    return collected(
        events_of(family, pieces, tools, opening=opening, is_separate=is_separate, is_cut=is_cut)
    )


def events_of(
    family: Family,
    pieces: Iterable[str],
    tools: Iterable[Tool] = (),
    *,
    opening: str = "",
    is_separate: bool = True,
    is_cut: bool = False,
) -> list[Event]:
    """All events, in order."""
    parser = AnswerParser(family, tools=list(tools), opening=opening, is_separate=is_separate)
    events = [event for piece in pieces for event in parser.feed(piece)]
    return [*events, *parser.flush(is_cut=is_cut)]


def plain(answer: ParsedAnswer) -> tuple[str, str, list[tuple[str, Any]]]:
    """Content, reasoning, and calls with parsed arguments."""
    calls = [(call.name, json.loads(call.arguments)) for call in answer.calls]
    return answer.content, answer.reasoning, calls
