"""How a family of models writes thinking and tool calls.

Three things are made from one description: the grammar that constrains a model to its format, the
parser of the format, and the text of earlier calls in a prompt.

Texts in a description are canonical. The parser ignores differences in their white space: a model
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
        variants: Other texts that models write for it; ``""`` if they sometimes leave it out.
    """

    text: str
    variants: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class End:
    """A call's last token, which ends the answer and so may be missing from the text."""

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
        arguments_key: Name of the member with the arguments.
        aliases: Other names that models use for it.
        ignored: Members that are ignored.
    """

    arguments_key: str = "arguments"
    aliases: tuple[str, ...] = ("parameters",)
    ignored: tuple[str, ...] = ("id", "type")

    @property
    def opening(self) -> str:
        """The text up to the name."""
        return '{"name": "'

    @property
    def middle(self) -> str:
        """The text between the name and the arguments."""
        return f'", "{self.arguments_key}": '

    @property
    def keys(self) -> tuple[str, ...]:
        """Every member that it may have."""
        return ("name", self.arguments_key, *self.aliases, *self.ignored)


@dataclass(frozen=True, slots=True)
class Parameters:
    """Each argument on its own: opening, key, middle, value, closing.

    Strings are written as they are, other values as JSON. A newline at the end of the middle or at
    the beginning of the closing belongs to the format, one newline at most.
    """

    opening: str
    middle: str
    closing: str


@dataclass(frozen=True, slots=True)
class QuotedObject:
    """The arguments as an object whose keys are bare: ``{city:<q>Rome<q>,days:[1,2]}``.

    Attributes:
        quote: The mark on both sides of a string, which is written as it is.
    """

    quote: str


ArgumentsPart: TypeAlias = JsonArguments | JsonCall | Parameters | QuotedObject
Part: TypeAlias = Literal | End | Name | CallId | Index | ArgumentsPart
CallSyntax: TypeAlias = tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class CallFormat:
    """How calls are written.

    Attributes:
        syntaxes: How one call may be written; the first is canonical, all are parsed.
        begin: The text before all calls, if they are in a section.
        separator: The text between two calls.
        end: The text after all calls.
        is_single: Whether an answer ends with its first call.
    """

    syntaxes: tuple[CallSyntax, ...]
    begin: str = ""
    separator: str = ""
    end: str = ""
    is_single: bool = False

    @property
    def canonical(self) -> CallSyntax:
        """How one call is to be written."""
        return self.syntaxes[0]


@dataclass(frozen=True, slots=True)
class ThinkingFormat:
    """The markup of thinking.

    Attributes:
        opening: The tag before it.
        closing: The tag after it.
        margin: White space inside both tags.
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
        opening: The text before an answer without calls.
        preamble_opening: The text before content that a call follows.
        preamble_closing: The text after it.
        markup: Texts that are no content, wherever they are.
    """

    opening: str = ""
    preamble_opening: str = ""
    preamble_closing: str = ""
    markup: tuple[str, ...] = ()


IdStyle: TypeAlias = OneOf["free", "counted", "short"]


@dataclass(frozen=True, slots=True)
class Family:
    """A family of models that share a format.

    Attributes:
        name: Its name in settings.
        calls: How calls are written.
        thinking: The markup of thinking, if there is any.
        answer: Markup around the answer itself.
        signs: Texts by which its templates and vocabularies are recognised: one alternative of each
            group must be there.
        id_style: Ids of calls as its templates want them: any, ``functions.name:0`` counted over
            the conversation, or nine letters and digits.
        thinking_key: The field for an earlier message's thinking in its templates.
        knows_tools: Whether its templates take tools; otherwise they are put in plain text.
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
        for syntax in self.calls.syntaxes:
            for part in syntax:
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
