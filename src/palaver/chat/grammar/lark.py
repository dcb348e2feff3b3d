"""Builds grammars in llguidance's dialect of Lark."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from itertools import count
from typing import Any

from palaver.chat.tokenizer import Tokenizer

ANY = r"(?s:.*)"
NOTHING = '""'


class Lark:
    """A grammar under construction.

    Markers that are single tokens are matched as such; other text cannot contain them.

    Args:
        tokenizer: The model's tokenizer.
        texts: Fixed texts of the model's format, in which markers are looked for.
    """

    def __init__(self, tokenizer: Tokenizer, texts: Iterable[str]) -> None:
        texts = tuple(texts)
        ids = {
            name: i for i, name in tokenizer.marker_tokens.items() if any(name in t for t in texts)
        }
        self._ids: Mapping[str, int] = ids
        names = sorted(ids, key=len, reverse=True)
        self._markers = re.compile("|".join(map(re.escape, names))) if names else None
        self._rules: list[str] = []
        self._counter = count()

    def rule(self, expression: str, *, name: str = "", options: str = "") -> str:
        """Add a rule; returns its name."""
        name = name or self.reserve()
        self._rules.append(f"{name}{options}: {expression}")
        return name

    def reserve(self) -> str:
        """A name for a rule that is added later."""
        return f"r{next(self._counter)}"

    def is_marker(self, text: str) -> bool:
        """Whether this text is a single token."""
        return text in self._ids

    def lexeme(self, expression: str) -> str:
        """Add a terminal; returns its name."""
        return self.rule(expression, name=f"T{next(self._counter)}")

    def json(self, schema: Mapping[str, Any]) -> str:
        """Add a rule for JSON that matches a schema in normal form; returns its name."""
        return self.rule(f"%json {json.dumps(schema)}")

    def written(self, text: str) -> str:
        """Exactly this text."""
        return " ".join(
            f"<[{self._ids[piece]}]>" if piece in self._ids else quoted(piece)
            for piece in self._pieces(text)
        )

    def until(self, endings: Mapping[str, str], forbidden: Iterable[str] = ()) -> str:
        """Any text up to the first of several marks, and what follows each.

        Args:
            endings: A mark, without white space, to the expression that follows it.
            forbidden: Other marks, which the text must not contain.
        """
        spelt = [*forbidden, *endings]
        options = []
        text = self.lexeme(f"/(?s:.+)/{without(spelt)}")
        for mark, rest in endings.items():
            if self._pieces(mark)[0] in self._ids:
                options.append(f"{text}? {self.written(mark)} {rest}")
            else:
                whole = f"/{ANY}{escaped(mark)}/{without(forbidden)}"
                head = self.rule(self.lexeme(whole), options="[lazy]")
                options.append(f"{head} {rest}")
        return self.rule(" | ".join(options))

    def source(self, start: str) -> str:
        """The whole grammar.

        Args:
            start: The expression that it begins with.
        """
        return "\n".join([f"start: {start}", *self._rules]) + "\n"

    def _pieces(self, text: str) -> list[str]:
        """A text cut into markers and what is between them."""
        pieces = re.split(f"({self._markers.pattern})", text) if self._markers else [text]
        return [piece for piece in pieces if piece] or [""]


def quoted(text: str) -> str:
    """A text as a string of the grammar."""
    return json.dumps(text, ensure_ascii=False)


def escaped(text: str) -> str:
    """A text as part of a regular expression between slashes."""
    lines = (re.escape(line).replace("/", r"\/").replace("\\ ", " ") for line in text.split("\n"))
    return r"\n".join(lines)


def without(texts: Iterable[str]) -> str:
    """The rest of a terminal that must not contain these texts."""
    words = "|".join(sorted({escaped(text) for text in texts if text}))
    return f" & ~/{ANY}({words}){ANY}/" if words else ""
