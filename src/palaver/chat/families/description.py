"""How a family of models writes thinking and calls.

One description says it all: the grammar that holds a model to its format, the parser that reads the
format back, and the text of earlier calls are made from it.

Texts in a description are canonical. When they are read back, white space in them is free: a model
may write more of it, less, or none.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal as OneOf
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Literal:
    """Text that is always the same.

    Attributes:
        text: How it is to be written.
        variants: How models write it as well; ``""`` if they leave it out at times.
    """

    text: str
    variants: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class End:
    """A call's last token, which ends the answer and so may be missing from its text."""

    text: str


@dataclass(frozen=True, slots=True)
class Name:
    """The function's name."""


@dataclass(frozen=True, slots=True)
class CallId:
    """An identifier that the model makes up."""

    length: int = 9


@dataclass(frozen=True, slots=True)
class Index:
    """The number of the call within the answer, from 0."""


@dataclass(frozen=True, slots=True)
class JsonArguments:
    """The arguments as a JSON object."""


@dataclass(frozen=True, slots=True)
class JsonCall:
    """The whole call as a JSON object: ``{"name": "f", "arguments": {…}}``, in any order.

    Attributes:
        arguments_key: What the arguments are called.
        aliases: What else models call them.
        ignored: Members that say nothing of interest.
    """

    arguments_key: str = "arguments"
    aliases: tuple[str, ...] = ("parameters",)
    ignored: tuple[str, ...] = ("id", "type")

    @property
    def opening(self) -> str:
        """How it begins, up to the name."""
        return '{"name": "'

    @property
    def middle(self) -> str:
        """What stands between the name and the arguments."""
        return f'", "{self.arguments_key}": '

    @property
    def keys(self) -> tuple[str, ...]:
        """Every member that it may have."""
        return ("name", self.arguments_key, *self.aliases, *self.ignored)


@dataclass(frozen=True, slots=True)
class Parameters:
    """Each argument on its own: opening, key, middle, value, closing.

    A string is written as it is, everything else as JSON. A newline at the end of the middle or at
    the beginning of the closing belongs to the format, one newline at most.
    """

    opening: str
    middle: str
    closing: str


@dataclass(frozen=True, slots=True)
class QuotedObject:
    """The arguments as an object whose keys are bare: ``{city:<q>Rome<q>,days:[1,2]}``.

    Attributes:
        quote: What stands on both sides of a string, which is written as it is.
    """

    quote: str


ArgumentsPart: TypeAlias = JsonArguments | JsonCall | Parameters | QuotedObject
Part: TypeAlias = Literal | End | Name | CallId | Index | ArgumentsPart
Form: TypeAlias = tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class CallFormat:
    """How calls are written.

    Attributes:
        forms: How one call is written; the first is canonical, the others are read as well.
        begin: What opens the section of all calls, if there is one.
        separator: What stands between two calls.
        end: What closes the section.
        is_single: Whether an answer ends with its first call.
    """

    forms: tuple[Form, ...]
    begin: str = ""
    separator: str = ""
    end: str = ""
    is_single: bool = False

    @property
    def canonical(self) -> Form:
        """How one call is to be written."""
        return self.forms[0]


@dataclass(frozen=True, slots=True)
class ThinkingFormat:
    """How thinking is set apart from the answer.

    Attributes:
        opening: The tag before it.
        closing: The tag behind it.
        margin: White space on the inner side of both tags.
        after: What follows the closing tag.
        is_anywhere: Whether a model may think again after it has begun to answer.
    """

    opening: str
    closing: str
    margin: str = "\n"
    after: str = "\n\n"
    is_anywhere: bool = False


@dataclass(frozen=True, slots=True)
class AnswerFormat:
    """Markup around the answer itself, where a family has any.

    Attributes:
        opening: What stands before an answer without calls.
        preamble_opening: What stands before text that leads to a call.
        preamble_closing: What stands behind it.
        markup: Texts that stand for nothing, wherever they are.
    """

    opening: str = ""
    preamble_opening: str = ""
    preamble_closing: str = ""
    markup: tuple[str, ...] = ()


IdStyle: TypeAlias = OneOf["free", "counted", "short"]


@dataclass(frozen=True, slots=True)
class Family:
    """A family of models that write alike.

    Attributes:
        name: What it is called in settings.
        calls: How calls are written.
        thinking: How thinking is set apart, if at all.
        answer: What else stands around an answer.
        signs: Texts by which its templates and vocabularies are known; each group has alternatives,
            of which one must be there.
        id_style: Ids of calls as its templates want them: any, ``functions.name:0`` counted over
            the conversation, or nine letters and digits.
        thinking_key: What its templates call an earlier message's thinking.
        knows_tools: Whether its templates take tools; otherwise they are described in plain text.
    """

    name: str
    calls: CallFormat
    thinking: ThinkingFormat | None = None
    answer: AnswerFormat = AnswerFormat()
    signs: tuple[tuple[str, ...], ...] = ()
    id_style: IdStyle = "free"
    thinking_key: str = "reasoning_content"
    knows_tools: bool = True

    @property
    def literals(self) -> tuple[str, ...]:
        """Every fixed text of its format."""
        texts = [self.calls.begin, self.calls.separator, self.calls.end, *self.markup]
        for form in self.calls.forms:
            for part in form:
                texts += _texts(part)
        return tuple(text for text in texts if text.strip())

    @property
    def markup(self) -> tuple[str, ...]:
        """Every fixed text of an answer without calls."""
        thinking = self.thinking
        tags = (thinking.opening, thinking.closing, thinking.after) if thinking else ()
        return tuple(text for text in (*tags, *self.answer.markup) if text.strip())


def _texts(part: Part) -> list[str]:
    match part:
        case Literal():
            return [part.text, *part.variants]
        case End():
            return [part.text]
        case Parameters():
            return [part.opening, part.middle, part.closing]
        case QuotedObject():
            return [part.quote]
    return []
