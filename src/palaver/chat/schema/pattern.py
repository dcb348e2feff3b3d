r"""Regular expressions of JSON Schema, rewritten so that every validator agrees with llguidance.

JSON Schema means ECMAScript's expressions; llguidance reads those of Rust, validators in Python
those of ``re``. They differ in what ``.``, ``\s``, ``\w`` and their complements match, in what may
stand between brackets, and in their extensions. What is written here means the same everywhere:
where they differ, it matches what all of them match.
"""

from __future__ import annotations

from dataclasses import dataclass

_MAX_CHARS = 4096
_MAX_REPETITIONS = 10_000
_MAX_NESTING = 50
_CONTROLS = {"t": 9, "n": 10, "v": 11, "f": 12, "r": 13, "0": 0}
_WRITABLE = {8, 9, 10, 12, 13}
_SPACES = r"\x{9}-\x{d}\x{20}"
_ALL_SPACES = r"\p{White_Space}\x{1c}-\x{1f}\x{feff}"
_NARROW = {
    "d": "0-9",
    "D": r"\P{Nd}",
    "w": "0-9A-Za-z_",
    "W": r"[^\p{L}\p{M}\p{N}\p{Pc}]",
    "s": _SPACES,
    "S": f"[^{_ALL_SPACES}]",
}
_WIDE = {
    "d": r"\p{Nd}",
    "D": "[^0-9]",
    "w": r"\p{L}\p{M}\p{N}\p{Pc}",
    "W": "[^0-9A-Za-z_]",
    "s": _ALL_SPACES,
    "S": f"[^{_SPACES}]",
}
_ANY = r"[^\n\r\x{2028}\x{2029}]"


class PatternError(ValueError):
    """An expression that cannot be enforced; the message says why."""


@dataclass(frozen=True, slots=True)
class Pattern:
    """An expression in a form that has one meaning everywhere.

    Attributes:
        text: For llguidance.
        is_exact: Whether it matches what the given one matches, no less.
    """

    text: str
    is_exact: bool


def portable(pattern: str) -> Pattern:
    """A pattern of JSON Schema, rewritten.

    Raises:
        PatternError: It is not valid, or uses what cannot be enforced.
    """
    if len(pattern) > _MAX_CHARS:
        raise PatternError(f"it has {len(pattern)} characters; {_MAX_CHARS} are the limit")
    reader = _PatternParser(pattern)
    text = reader.alternatives()
    if not reader.is_at_end:
        raise PatternError("a closing parenthesis has no opening one")
    return Pattern(text, reader.is_exact)


class _PatternParser:
    """Parses an expression from left to right and rewrites it."""

    def __init__(self, pattern: str) -> None:
        self._pattern = pattern
        self._at = 0
        self._nesting = 0
        self.is_exact = True

    @property
    def is_at_end(self) -> bool:
        return self._at == len(self._pattern)

    def alternatives(self) -> str:
        """Everything up to the end or a closing parenthesis."""
        written = [self._sequence()]
        while self._takes("|"):
            written.append(self._sequence())
        return "|".join(written)

    def _sequence(self) -> str:
        written = ""
        while not self.is_at_end and self._pattern[self._at] not in "|)":
            written += self._term()
        return written

    def _term(self) -> str:
        character = self._next()
        if character in "^$":
            return character
        if character in "*+?{":
            raise PatternError(f'there is nothing before "{character}" to repeat')
        return self._atom(character) + self._quantifier()

    def _atom(self, character: str) -> str:
        match character:
            case "(":
                return self._group()
            case "[":
                return self._brackets()
            case ".":
                self.is_exact = False
                return _ANY
            case "\\":
                return self._escape()
        return _written(_checked(ord(character)))

    def _group(self) -> str:
        if self._takes("?"):
            kind = self._next()
            if kind == "<" and self._peek() not in "=!":
                name = self._until(">")
                if not name.isidentifier():
                    raise PatternError(f'"{name}" is not a name for a group')
            elif kind in "=!<":
                raise PatternError("it has a lookahead or lookbehind")
            elif kind != ":":
                raise PatternError(f'"(?{kind}" is not part of JSON Schema\'s expressions')
        self._nesting += 1
        if self._nesting > _MAX_NESTING:
            raise PatternError(f"its groups are nested more than {_MAX_NESTING} deep")
        inside = self.alternatives()
        self._nesting -= 1
        if not self._takes(")"):
            raise PatternError("an opening parenthesis has no closing one")
        return f"(?:{inside})"

    def _quantifier(self) -> str:
        written = self._next() if self._peek() in "*+?" and not self.is_at_end else ""
        if not written and self._takes("{"):
            written = self._bounds(self._until("}"))
        if written:
            self._takes("?")  # whether it is lazy does not change what it matches
        if written and not self.is_at_end and self._peek() in "*+?{":
            raise PatternError(f'"{self._peek()}" cannot follow another repetition')
        return written

    def _bounds(self, text: str) -> str:
        least, comma, most = text.partition(",")
        numbers = [least, most] if most else [least]
        if not all(number.isascii() and number.isdigit() for number in numbers):
            raise PatternError(f'"{{{text}}}" is not a repetition')
        if max(map(int, numbers)) > _MAX_REPETITIONS:
            raise PatternError(f"it repeats more than {_MAX_REPETITIONS} times")
        if most and int(most) < int(least):
            raise PatternError(f'"{{{text}}}" has its bounds in the wrong order')
        return f"{{{least}{comma}{most}}}"

    def _escape(self) -> str:
        character = self._next()
        if character in _NARROW:
            self.is_exact = False
            return f"[{_NARROW[character]}]"
        if character in "bB":
            raise PatternError("it has a word boundary")
        if character in "123456789k":
            raise PatternError("it has a backreference")
        return _written(_checked(self._escaped(character)))

    def _escaped(self, character: str) -> int:
        """The code point of an escaped character, after its backslash and first letter."""
        if character in _CONTROLS:
            if character == "0" and self._peek().isdigit():
                raise PatternError("it has an octal number")
            return _CONTROLS[character]
        match character:
            case "x":
                return self._hex(2)
            case "u" if self._takes("{"):
                return self._code_point(self._until("}"))
            case "u":
                return self._utf16()
            case "c" if self._peek().isascii() and self._peek().isalpha():
                return ord(self._next()) % 32
        if character.isalnum() or not character.isascii():
            raise PatternError(f'"\\{character}" is not part of JSON Schema\'s expressions')
        return ord(character)

    def _utf16(self) -> int:
        unit = self._hex(4)
        if 0xD800 <= unit < 0xDC00 and self._pattern.startswith("\\u", self._at):
            self._at += 2
            return 0x10000 + ((unit & 0x3FF) << 10) + (self._hex(4) & 0x3FF)
        return unit

    def _hex(self, num: int) -> int:
        digits = self._pattern[self._at : self._at + num]
        if len(digits) != num:
            raise PatternError("a number in it is cut short")
        self._at += num
        return self._code_point(digits)

    def _code_point(self, digits: str) -> int:
        try:
            code = int(digits, 16) if digits.isalnum() else -1
        except ValueError:
            code = -1
        if not 0 <= code <= 0x10FFFF:
            raise PatternError(f'"{digits}" is not the number of a character')
        return code

    # -- brackets ----------------------------------------------------------------------------

    def _brackets(self) -> str:
        is_negated = self._takes("^")
        sets = _WIDE if is_negated else _NARROW
        written = []
        can_be_written = is_negated
        while not self._takes("]"):
            least = self._member()
            if isinstance(least, str):
                self.is_exact = False
                can_be_written = True
                written.append(sets[least])
                if self._peek() == "-" and self._pattern[self._at + 1 : self._at + 2] != "]":
                    raise PatternError(f'"\\{least}-" cannot begin a range')
                continue
            most = self._range_end(least)
            written.append(_written(least) + (f"-{_written(most)}" if most > least else ""))
            can_be_written |= most >= 0x20 and least != 0x7F
            can_be_written |= any(least <= code <= most for code in _WRITABLE)
        if not written:
            raise PatternError("a pair of brackets is empty")
        if not can_be_written:
            raise PatternError("it asks for control characters, which cannot be produced")
        return f"[{'^' if is_negated else ''}{''.join(written)}]"

    def _range_end(self, least: int) -> int:
        if self._peek() != "-" or self._pattern[self._at + 1 : self._at + 2] in ("]", ""):
            return least
        self._next()
        most = self._member()
        if isinstance(most, str):
            raise PatternError(f'"\\{most}" cannot end a range')
        if most < least:
            raise PatternError("a range is in the wrong order")
        return most

    def _member(self) -> int | str:
        r"""A character between brackets, or the letter of a set such as ``\d``."""
        character = self._next()
        code = ord(character)
        if character == "\\":
            character = self._next()
            if character in _NARROW:
                return character
            code = 8 if character == "b" else self._escaped(character)
        if 0xD800 <= code < 0xE000:
            raise PatternError("it has half of a surrogate pair")
        return code

    # -- characters --------------------------------------------------------------------------

    def _peek(self) -> str:
        return self._pattern[self._at] if not self.is_at_end else "\0"

    def _next(self) -> str:
        if self.is_at_end:
            raise PatternError("it ends too early")
        self._at += 1
        return self._pattern[self._at - 1]

    def _takes(self, character: str) -> bool:
        if self.is_at_end or self._pattern[self._at] != character:
            return False
        self._at += 1
        return True

    def _until(self, character: str) -> str:
        end = self._pattern.find(character, self._at)
        if end < 0:
            raise PatternError(f'a "{character}" is missing')
        text = self._pattern[self._at : end]
        self._at = end + 1
        return text


def _checked(code: int) -> int:
    if 0xD800 <= code < 0xE000:
        raise PatternError("it has half of a surrogate pair")
    if (code < 0x20 and code not in _WRITABLE) or code == 0x7F:
        raise PatternError("it asks for a control character, which cannot be produced")
    return code


def _written(code: int) -> str:
    character = chr(code)
    return character if character.isascii() and character.isalnum() else f"\\x{{{code:x}}}"
