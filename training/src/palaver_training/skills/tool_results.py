"""What tools return, and the sentence that tells it to the user."""

from __future__ import annotations

import json
from random import Random
from typing import Any

from palaver_training.sample import Split
from palaver_training.skills.tool_design import Design
from palaver_training.skills.tool_values import kind_value
from palaver_training.skills.turns import Language
from palaver_training.skills.values import invented

_ERRORS = {
    "en": ("not found", "no access", "timeout", "service is down", "unknown id", "bad request"),
    "zh": ("没有找到", "没有权限", "超时", "服务不可用", "not found", "timeout"),
}
_FURTHER = ("flag", "integer", "word", "amount", "city", "person", "code")
_PLAIN_SUCCESS = ("ok", "OK", "done", "Done", "success", "true")


def result_text(
    design: Design, arguments: dict[str, Any], rng: Random, split: Split, language: Language
) -> tuple[str, str]:
    """A tool's result for a call as it comes back, and what the assistant says about it."""
    kind = rng.random()
    if kind < 0.08:
        return _failure(rng, language)
    if not design.returns:
        return _success(rng, language)
    facts = {key: kind_value(kind, rng, split, language) for key, kind in design.returns}
    if kind < 0.2:
        return _bare(facts, rng, language)
    if kind < 0.25:
        text = kind_value("phrase", rng, split, language)
        text = f"{text[:1].upper()}{text[1:]}." if language == "en" else f"{text}。"
        return text, text
    if kind < 0.45 and not facts.keys() & arguments.keys():
        facts = {**arguments, **facts}
    elif kind < 0.6:
        facts[invented(rng, split)] = kind_value(rng.choice(_FURTHER), rng, split, language)
    spaced = rng.random() < 0.6
    text = json.dumps(facts, ensure_ascii=False, separators=None if spaced else (",", ":"))
    return text, told(facts, language)


def told(facts: dict[str, Any], language: Language) -> str:
    """The sentence for the facts of a JSON result."""
    if language == "zh":
        return (
            "，".join(f"{_words(key)}：{_said(fact, language)}" for key, fact in facts.items())
            + "。"
        )
    parts = [
        f"the {_words(key)} {'are' if isinstance(fact, list) else 'is'} {_said(fact, language)}"
        for key, fact in facts.items()
    ]
    text = parts[0] if len(parts) == 1 else ", ".join(parts[:-1]) + " and " + parts[-1]
    return text[:1].upper() + text[1:] + "."


def _words(key: str) -> str:
    return key.replace("_", " ")


def _said(fact: Any, language: Language) -> str:
    if isinstance(fact, bool):
        yes, no = ("true", "false") if language == "en" else ("是", "否")
        return yes if fact else no
    if isinstance(fact, list):
        return (", " if language == "en" else "、").join(map(str, fact))
    return str(fact)


def _failure(rng: Random, language: Language) -> tuple[str, str]:
    reason = rng.choice(_ERRORS[language])
    text = rng.choice((json.dumps({"error": reason}, ensure_ascii=False), f"Error: {reason}"))
    if language == "zh":
        return text, f"没有成功：{reason}。"
    return text, f"That did not work: {reason}."


def _success(rng: Random, language: Language) -> tuple[str, str]:
    texts = [json.dumps({key: True}) for key in ("ok", "success", "done")]
    texts += [json.dumps({"status": "ok"}), '{"ok":true}', '{"success":true}', '{"status":"ok"}']
    text = rng.choice((*texts, *_PLAIN_SUCCESS))
    return text, "Done." if language == "en" else "好了。"


def _bare(facts: dict[str, Any], rng: Random, language: Language) -> tuple[str, str]:
    """A result in words: one value, or a sentence that is passed on as it is."""
    key, fact = next(iter(facts.items()))
    if rng.random() < 0.5:
        said = _said(fact, language)
        return said, f"The result is {said}." if language == "en" else f"结果：{said}。"
    text = told({key: fact}, language)
    return text, text
