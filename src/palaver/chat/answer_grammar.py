"""The one grammar of an answer: thinking that may come first, then what was asked for."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from enum import Enum
from typing import Any

from palaver.chat.families.description import Family, ThinkingFormat
from palaver.chat.schema import json_grammar
from palaver.chat.tokenizer import Tokenizer
from palaver.engine.request import Grammar

_GAP = r"GAP: /[ \n]{1,2}/"
"""White space between thinking and answer, which belongs to neither."""


class Thinking(Enum):
    """Whether thinking comes before an answer."""

    NONE = "none"
    POSSIBLE = "possible"
    OPENED = "opened"


def structured_answer(
    schema: Mapping[str, Any],
    field: str,
    tokenizer: Tokenizer,
    family: Family,
    thinking: Thinking,
) -> Grammar:
    """The grammar of an answer that is exactly one JSON text.

    Args:
        schema: A checked schema, which the text matches.
        field: Field of the request that asked for it, for error messages.
        tokenizer: The model's.
        family: How the model sets its thinking apart.
        thinking: Whether the model may open its thinking, or the prompt has done so already.
    """
    rules = [
        f"answer: {literal(family.answer.opening, tokenizer)} json",
        json_grammar(schema, "json"),
    ]
    start = "answer"
    if family.thinking and (thinking is not Thinking.NONE or family.thinking.is_anywhere):
        is_opened = thinking is Thinking.OPENED
        start = "thought answer" if is_opened else "thought? answer"
        rules += _thought(family.thinking, tokenizer, is_opened=is_opened)
    return Grammar("\n".join([f"start: {start}", *rules]) + "\n", field)


def literal(text: str, tokenizer: Tokenizer) -> str:
    """A fixed text in llguidance's Lark, its added tokens as such.

    llguidance never takes an added token for the letters of its name.
    """
    return " ".join(_literals(text, tokenizer))


def _thought(thinking: ThinkingFormat, tokenizer: Tokenizer, *, is_opened: bool) -> Iterator[str]:
    """The rules for one thought, from its opening to the gap behind it."""
    opening = "" if is_opened else literal(thinking.opening.strip(), tokenizer)
    yield f"thought: {opening} text {literal(thinking.after.strip(), tokenizer) or 'GAP?'}"
    yield _GAP
    tag = thinking.closing.strip()
    closing = literal(tag, tokenizer)
    if "<[" not in closing:
        yield f"text[suffix={closing}]: /(?s:.*)/"
        return
    spelt = re.escape(tag).replace("/", r"\/")
    yield f"text: TEXT? {closing}"
    yield f"TEXT: /(?s:.+)/ & ~/(?s:.*){spelt}(?s:.*)/"


def _literals(text: str, tokenizer: Tokenizer) -> Iterator[str]:
    ids = {name: token_id for token_id, name in tokenizer.added_tokens.items() if name in text}
    names = "|".join(re.escape(name) for name in sorted(ids, key=len, reverse=True))
    for part in re.split(f"({names})", text) if names else [text]:
        if part in ids:
            yield f"<[{ids[part]}]>"
        elif part:
            yield json.dumps(part, ensure_ascii=False)
