"""Calls, read as they come from text in a family's format."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from palaver.chat.families.description import (
    CallFormat,
    CallId,
    End,
    Form,
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
from palaver.chat.parser.source import CutShort, NotThis, Source, Steps
from palaver.chat.tools.tool import Tool

_NAME = re.compile(r"[A-Za-z0-9_.-]+")
_DIGITS = re.compile(r"[0-9]+")
_ID = re.compile(r"[A-Za-z0-9_-]+")
_OPENS_ARGUMENTS = ("{", '"{', "null")
_LONGEST_BEGINNING = 4096
"""Characters within which a call must tell its name; reading on would hold back an answer."""


class CallReader:
    """Reads the calls of one answer.

    Args:
        source: Where they are read from.
        form: How they are written.
        tools: What may be called, by name.
        emit: Takes each event.
        new_id: The id of a call, by its index.

    Attributes:
        num_calls: Calls that have begun.
    """

    def __init__(
        self,
        source: Source,
        form: CallFormat,
        tools: Mapping[str, Tool],
        emit: Callable[[Event], None],
        new_id: Callable[[int], str],
    ) -> None:
        self._source = source
        self._format = form
        self._tools = tools
        self._emit = emit
        self._new_id = new_id
        self._is_open = False
        self.num_calls = 0

    @property
    def has_tools(self) -> bool:
        """Whether there is anything to call."""
        return bool(self._tools)

    def read(self) -> Steps[None]:
        """One call or a whole section, up to where something else comes.

        Raises:
            NotThis: No call begins here; nothing has been read.
            CutShort: The text ends where a call, or the next one, may have begun.
        """
        start = self._source.at
        try:
            is_section = yield from self._begins_section()
            yield from self._call()
        except NotThis:
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
            except CutShort:
                self._source.at = after
                raise
            except NotThis:
                self._source.at = after
                return

    def _begins_section(self) -> Steps[bool]:
        """Whether a section begins; where calls have marks of their own, it may be missing."""
        if not self._format.begin:
            return False
        start = self._source.at
        try:
            yield from self._source.literal(self._format.begin)
        except CutShort:
            raise
        except NotThis:
            if not isinstance(self._format.canonical[0], Literal):
                raise
            self._source.at = start
            return False
        return True

    def _separator(self) -> Steps[None]:
        start = self._source.at
        try:
            yield from self._source.literal(self._format.separator)
        except CutShort:
            raise
        except NotThis:
            self._source.at = start

    def _call(self) -> Steps[None]:
        """One call in any of its forms.

        Raises:
            NotThis: No call begins here.
        """
        yield from self._source.space()
        failures = []
        for form in self._format.forms:
            start = self._source.at
            self._source.limit(_LONGEST_BEGINNING)
            try:
                yield from self._form(form)
            except NotThis as failure:
                failures.append(failure)
                self._source.at = start
                self._source.unlimit()
            else:
                return
        raise next((failure for failure in failures if isinstance(failure, CutShort)), failures[0])

    def _form(self, form: Form) -> Steps[None]:
        """A call in one form. Once its arguments have begun, it is one, however it goes on."""
        self._is_open = False
        name = ""
        try:
            for i, part in enumerate(form):
                if isinstance(part, Name):
                    name = yield from self._name()
                else:
                    yield from self._part(part, name, form[i + 1 :], is_marked=i > 0)
        except CutShort:
            if not self._is_open:
                raise
            self._source.advance(len(self._source.text))
        except NotThis:
            if not self._is_open:
                raise

    def _part(self, part: Part, name: str, rest: Form, *, is_marked: bool) -> Steps[None]:
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

    def _literal(self, part: Literal) -> Steps[None]:
        """A fixed text; behind the arguments, as much of it as is there."""
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
            except CutShort:
                raise
            except NotThis:
                self._source.at = start
            else:
                return
        raise NotThis

    def _comes(self, *texts: str) -> Steps[bool]:
        """Whether one of these texts comes next, behind white space; nothing is read.

        Raises:
            CutShort: The text ends within one of them.
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

    def _name(self) -> Steps[str]:
        yield from self._source.space()
        return self._checked((yield from self._source.matching(_NAME)))

    def _checked(self, name: str) -> str:
        if name not in self._tools:
            raise NotThis
        return name

    def _begin(self, name: str) -> Callable[[str], None]:
        """The call is one; what takes its arguments."""
        index = self.num_calls
        self.num_calls += 1
        self._is_open = True
        self._source.release()
        self._emit(CallBegin(index, self._new_id(index), name))
        return lambda text: self._emit(CallArguments(index, text)) if text else None

    def _end(self) -> None:
        self._emit(CallEnd(self.num_calls - 1))

    def _json_arguments(self, name: str, rest: Form) -> Steps[None]:
        """An object, or nothing at all."""
        if (yield from self._comes(*_OPENS_ARGUMENTS)):
            yield from self._source.space()
            yield from read_json(self._source, self._begin(name))
        elif (yield from self._comes(*_beginnings(rest))):
            self._begin(name)("{}")
        else:
            raise NotThis
        self._end()

    def _parameters(self, part: Parameters, name: str, rest: Form) -> Steps[None]:
        if not (yield from self._comes(part.opening, *_beginnings(rest))):
            raise NotThis
        schema = self._tools[name].schema
        yield from read_parameters(self._source, part, schema, self._begin(name))
        self._end()

    def _quoted_object(self, part: QuotedObject, name: str) -> Steps[None]:
        if not (yield from self._comes("{")):
            raise NotThis
        yield from self._source.space()
        yield from read_quoted_object(self._source, part, self._begin(name))
        self._end()

    def _json_call(self, part: JsonCall, *, is_marked: bool) -> Steps[None]:
        """An object with name and arguments, in any order; without marks around it, with both."""
        yield from self._source.literal("{")
        name = held = ""
        while not (yield from self._comes("}")):
            key = yield from self._key()
            if key == "name" and not name:
                name = self._checked((yield from json_string(self._source)))
            elif key in (part.arguments_key, *part.aliases) and not (held or self._is_open):
                if not (yield from self._comes(*_OPENS_ARGUMENTS)):
                    raise NotThis
                if name:
                    yield from read_json(self._source, self._begin(name))
                    self._end()
                else:
                    held = yield from json_text(self._source)
            elif key in part.ignored or self._is_open:
                yield from json_text(self._source)
            else:
                raise NotThis
            if not (yield from self._comes("}")):
                yield from self._source.literal(",")
        yield from self._source.literal("}")
        if not self._is_open:
            if not name or not (held or is_marked):
                raise NotThis
            arguments = _object(held)
            self._begin(name)(arguments)
            self._end()

    def _key(self) -> Steps[str]:
        yield from self._source.space()
        key = yield from json_string(self._source)
        yield from self._source.literal(":")
        yield from self._source.space()
        return key


def _beginnings(form: Form) -> list[str]:
    """The texts of which one comes next."""
    return [part.text for part in form[:1] if isinstance(part, Literal | End)]


def _object(text: str) -> str:
    """Arguments that were held back, as an object."""
    if text.startswith('"'):
        return string_value(text)
    return "{}" if text in ("", "null") else text
