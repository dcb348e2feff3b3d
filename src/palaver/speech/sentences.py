"""Splitting a text into sentences while it is written."""

from __future__ import annotations

import re

MAX_CHARACTERS = 300
"""Longest sentence; longer text is split at a comma or space if there is one."""

_END = re.compile(
    r"""
    [.!?…]+["'”’)\]*_]*(?=\s)    # a Latin sentence ends with a mark and a space
    | [。！？；]+["”’」』）*_]*     # a Chinese one with its mark alone
    | \n+                        # and a line ends with the line
    """,
    re.VERBOSE,
)
_NO_END = re.compile(
    r"(?:^|\s)(?:Mr|Mrs|Ms|Dr|Prof|St|vs|etc|e\.g|i\.e|No|[A-Z])\.$"  # abbreviations
    r"|(?:^|\n)\s*\d+\.$"  # numbers of a list
)
_SOFT_END = re.compile(r"[,;:，、：—]\s?|\s")
_MARKDOWN = re.compile(
    r"\[([^\]]*)\]\([^)]*\)"  # links, of which the text is spoken
    r"|^\s*(?:[#>]+|[*+-])\s+"  # headings, quotations, items
    r"|(?<!\s)[*_~`]+|[*_~`]+(?!\s)"  # emphasis; marks between spaces are operators
    r"|\|",
    re.MULTILINE,
)


class SentenceSplitter:
    """Collects text and returns it in sentences, which joined are the text.

    The sentences do not depend on how the text is split when it is fed.
    """

    def __init__(self) -> None:
        self._text = ""

    def feed(self, text: str) -> list[str]:
        """Take text; returns the sentences that are complete now."""
        self._text += text
        sentences = []
        while end := _end_of_first(self._text):
            sentences.append(self._text[:end])
            self._text = self._text[end:]
        return sentences

    def flush(self) -> list[str]:
        """End the text; returns what is left of it."""
        rest, self._text = self._text, ""
        return [rest] if rest else []


def _end_of_first(text: str) -> int:
    """The end of the first sentence; 0 if it is not known yet."""
    for match in _END.finditer(text):
        end = match.end()
        if end == len(text) or end > MAX_CHARACTERS:  # in the first case, more may follow
            break
        if text[:end].strip() and not _NO_END.search(text[:end]):
            return end
    if len(text) <= MAX_CHARACTERS:
        return 0
    soft = [match.end() for match in _SOFT_END.finditer(text, 0, MAX_CHARACTERS)]
    return soft[-1] if soft and soft[-1] > MAX_CHARACTERS // 3 else MAX_CHARACTERS


def readable(text: str) -> str:
    """The text without Markdown marks, which are not spoken."""
    return _MARKDOWN.sub(_unmarked, text).strip()


def _unmarked(mark: re.Match[str]) -> str:
    """What replaces a mark: a link's text, nothing for emphasis around words, or a space."""
    if mark[1] is not None:
        return mark[1]
    is_emphasis = not mark[0].strip("*_~`")
    around = mark.string[max(mark.start() - 1, 0) : mark.start()] + mark.string[mark.end() :][:1]
    return "" if is_emphasis and not (len(around) == 2 and around.isalnum()) else " "
