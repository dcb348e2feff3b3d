"""Small variations in how people type a request."""

from __future__ import annotations

from random import Random


def casual(rng: Random, text: str) -> str:
    """The request as a person might type it: first letter small, last mark left out."""
    if text[:1].isascii() and not text[:2].isupper() and rng.random() < 0.35:
        text = text[:1].lower() + text[1:]
    if text[-1:] in "?.？。" and rng.random() < 0.25:
        text = text[:-1]
    return text


def polite(rng: Random, text: str, chinese: bool) -> str:
    """The request, now and then with a word of politeness around it."""
    if rng.random() > 0.1 or text[:1] in "请帮比告你":
        return text
    if chinese:
        return rng.choice(("请问，", "你好，", "请问")) + text
    if text[:1].isupper() and not text[:2].isupper():
        text = text[:1].lower() + text[1:]
    return rng.choice(("Please: ", "Hi, ", "Quick question: ", "Hello, ")) + text
