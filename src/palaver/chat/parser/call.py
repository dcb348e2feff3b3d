"""Parses tool calls, as they come, from text in a family's format."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from palaver.chat.families.description import (
    CallFormat,
    CallId,
    CallSyntax,
    End,
    Index,
    JsonArguments,
    JsonCall,
    Literal,
    Name,
    Parameters,
    Part,
    QuotedObject,
)
from palaver.chat.parser.arguments import read_json, read_parameters, read_quoted_object
from palaver.chat.parser.events import CallArguments, CallBegin, CallEnd, Event
from palaver.chat.parser.json_text import json_string, json_text, string_value
from palaver.chat.parser.source import IncompleteText, NoMatch, Parsing, Source
from palaver.chat.tools.tool import Tool

_NAME = re.compile(r"[A-Za-z0-9_.-]+")
_DIGITS = re.compile(r"[0-9]+")
_ID = re.compile(r"[A-Za-z0-9_-]+")
_OPENS_ARGUMENTS = ("{", '"{', "null")
_LONGEST_BEGINNING = 4096
"""Characters within which a call must have its name; parsing further would hold back the answer."""


class CallParser:
    """Parses the calls of one answer.

    Args:
        source: The text of the answer.
        call_format: The family's format of calls.
        tools: What may be called, by name.
        emit: Called with each event.
        new_id: The id of a call, by its index.

    Attributes:
        num_calls: Calls that have begun.
    """

    def __init__(
        self,
        source: Source,
        call_format: CallFormat,
        tools: Mapping[str, Tool],
        emit: Callable[[Event], None],
        new_id: Callable[[int], str],
    ) -> None:
        self._source = source
        self._format = call_format
        self._tools = tools
        self._emit = emit
        self._new_id = new_id
        self._is_open = False
        self.num_calls = 0

    @property
    def has_tools(self) -> bool:
        """Whether there are tools to call."""
        return bool(self._tools)

    def read(self) -> Parsing[None]:
        """Parse one call or a whole section, up to other text.

        Raises:
            NoMatch: No call begins here; nothing has been consumed.
            IncompleteText: The text ends where a call, or the next one, may have begun.
        """
        start = self._source.at
        try:
            is_section = yield from self._begins_section()
            yield from self._call()
        except NoMatch:
            self._source.at = start
            raise
        while is_section or self._format.separator.strip():
            after = self._source.at
            try:
                if is_section and (yield from self._comes(self._format.end)):
                    yield from self._source.literal(self._format.end)
                    return
                yield from self._separator()
                yield from self._call()
            except IncompleteText:
                self._source.at = after
                raise
            except NoMatch:
                self._source.at = after
                return

    def _begins_section(self) -> Parsing[bool]:
        """Whether a section begins; its opening may be missing where calls have their own."""
        if not self._format.begin:
            return False
        start = self._source.at
        try:
            yield from self._source.literal(self._format.begin)
        except IncompleteText:
            raise
        except NoMatch:
            if not isinstance(self._format.canonical[0], Literal):
                raise
            self._source.at = start
            return False
        return True

    def _separator(self) -> Parsing[None]:
        start = self._source.at
        try:
            yield from self._source.literal(self._format.separator)
        except IncompleteText:
            raise
        except NoMatch:
            self._source.at = start

    def _call(self) -> Parsing[None]:
        """Parse one call in any of its syntaxes.

        Raises:
            NoMatch: No call begins here.
        """
        yield from self._source.space()
        failures = []
        for syntax in self._format.syntaxes:
            start = self._source.at
            self._source.limit(_LONGEST_BEGINNING)
            try:
                yield from self._one_syntax(syntax)
            except NoMatch as failure:
                failures.append(failure)
                self._source.at = start
                self._source.unlimit()
            else:
                return
        raise next((f for f in failures if isinstance(f, IncompleteText)), failures[0])

    def _one_syntax(self, syntax: CallSyntax) -> Parsing[None]:
        """Parse a call in one syntax. Once its arguments begin, it counts as a call."""
        self._is_open = False
        name = ""
        try:
            for i, part in enumerate(syntax):
                if isinstance(part, Name):
                    name = yield from self._name()
                else:
                    yield from self._part(part, name, syntax[i + 1 :], is_marked=i > 0)
        except IncompleteText:
            if not self._is_open:
                raise
            self._source.advance(len(self._source.text))
        except NoMatch:
            if not self._is_open:
                raise

    def _part(self, part: Part, name: str, rest: CallSyntax, *, is_marked: bool) -> Parsing[None]:
        match part:
            case Literal():
                yield from self._literal(part)
            case End():
                yield from self._literal(Literal(part.text, variants=("",)))
            case CallId():
                yield from self._source.matching(_ID)
            case Index():
                yield from self._source.matching(_DIGITS)
            case JsonArguments():
                yield from self._json_arguments(name, rest)
            case JsonCall():
                yield from self._json_call(part, is_marked=is_marked)
            case Parameters():
                yield from self._parameters(part, name, rest)
            case QuotedObject():
                yield from self._quoted_object(part, name)

    def _literal(self, part: Literal) -> Parsing[None]:
        """Parse a fixed text; after the arguments, as much of it as is there."""
        if self._is_open:
            for word in part.text.split():
                if not (yield from self._comes(word)):
                    return
                yield from self._source.literal(word)
            return
        start = self._source.at
        for text in (part.text, *part.variants):
            try:
                yield from self._source.literal(text)
            except IncompleteText:
                raise
            except NoMatch:
                self._source.at = start
            else:
                return
        raise NoMatch

    def _comes(self, *texts: str) -> Parsing[bool]:
        """Whether one of these texts comes next, after white space; nothing is consumed.

        Raises:
            IncompleteText: The text ends within one of them.
        """
        start = self._source.at
        yield from self._source.space()
        begin = self._source.at
        self._source.at = start
        while True:
            rest = self._source.text[begin:]
            words = [text.split()[0] for text in texts if text.strip()]
            if any(rest.startswith(word) for word in words):
                return True
            if not any(word.startswith(rest) for word in words):
                return False
            yield from self._source.more()

    def _name(self) -> Parsing[str]:
        yield from self._source.space()
        return self._checked((yield from self._source.matching(_NAME)))

    def _checked(self, name: str) -> str:
        if name not in self._tools:
            raise NoMatch
        return name

    def _begin(self, name: str) -> Callable[[str], None]:
        """Begin a call; returns the function that takes its arguments."""
        index = self.num_calls
        self.num_calls += 1
        self._is_open = True
        self._source.release()
        self._emit(CallBegin(index, self._new_id(index), name))
        return lambda text: self._emit(CallArguments(index, text)) if text else None

    def _end(self) -> None:
        self._emit(CallEnd(self.num_calls - 1))

    def _json_arguments(self, name: str, rest: CallSyntax) -> Parsing[None]:
        """Parse an object, or nothing at all."""
        if (yield from self._comes(*_OPENS_ARGUMENTS)):
            yield from self._source.space()
            yield from read_json(self._source, self._begin(name))
        elif (yield from self._comes(*_beginnings(rest))):
            self._begin(name)("{}")
        else:
            raise NoMatch
        self._end()

    def _parameters(self, part: Parameters, name: str, rest: CallSyntax) -> Parsing[None]:
        if not (yield from self._comes(part.opening, *_beginnings(rest))):
            raise NoMatch
        schema = self._tools[name].schema
        yield from read_parameters(self._source, part, schema, self._begin(name))
        self._end()

    def _quoted_object(self, part: QuotedObject, name: str) -> Parsing[None]:
        if not (yield from self._comes("{")):
            raise NoMatch
        yield from self._source.space()
        yield from read_quoted_object(self._source, part, self._begin(name))
        self._end()

    def _json_call(self, part: JsonCall, *, is_marked: bool) -> Parsing[None]:
        """Parse an object with name and arguments, in any order; without marks, with both."""
        yield from self._source.literal("{")
        name = held = ""
        while not (yield from self._comes("}")):
            key = yield from self._key()
            if key == "name" and not name:
                name = self._checked((yield from json_string(self._source)))
            elif key in (part.arguments_key, *part.aliases) and not (held or self._is_open):
                if not (yield from self._comes(*_OPENS_ARGUMENTS)):
                    raise NoMatch
                if name:
                    yield from read_json(self._source, self._begin(name))
                    self._end()
                else:
                    held = yield from json_text(self._source)
            elif key in part.ignored or self._is_open:
                yield from json_text(self._source)
            else:
                raise NoMatch
            if not (yield from self._comes("}")):
                yield from self._source.literal(",")
        yield from self._source.literal("}")
        if not self._is_open:
            if not name or not (held or is_marked):
                raise NoMatch
            arguments = _object(held)
            self._begin(name)(arguments)
            self._end()

    def _key(self) -> Parsing[str]:
        yield from self._source.space()
        key = yield from json_string(self._source)
        yield from self._source.literal(":")
        yield from self._source.space()
        return key


def _beginnings(syntax: CallSyntax) -> list[str]:
    """The texts with which this syntax may begin."""
    return [part.text for part in syntax[:1] if isinstance(part, Literal | End)]


def _object(text: str) -> str:
    """Arguments that were held back, as an object."""
    if text.startswith('"'):
        return string_value(text)
    return "{}" if text in ("", "null") else text
