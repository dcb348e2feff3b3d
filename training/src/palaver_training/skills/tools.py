"""Chooses among tools never seen, fills their arguments, uses results, or does without a tool."""

from __future__ import annotations

from random import Random

from palaver_training.sample import Sample, Skill, Split
from palaver_training.skills import about, arithmetic
from palaver_training.skills.tool_design import definition
from palaver_training.skills.tool_session import Session
from palaver_training.skills.tool_shelf import shelf
from palaver_training.skills.turns import choose_language, choose_thinking, system, with_thought

_SYSTEMS = {
    "en": (
        "You are a helpful assistant.",
        "Use the tools when they help.",
        "You are an assistant with tools.",
        "Call a function if one fits the request.",
        "Be brief.",
    ),
    "zh": ("你是一个有用的助手。", "需要时请使用工具。", "你可以调用工具。", "请用中文回答。"),
}
_WITHOUT_TOOL_SHARE = 0.06


def _without_tool(rng: Random, split: Split) -> Sample:
    """Another skill's conversation with tools at hand that it does not need."""
    while True:
        sample = rng.choice((about, arithmetic)).SKILL.generate(rng, split)
        if not sample.tools and len(sample.messages) <= 4:
            break
    designs = shelf(rng, split, choose_language(rng), rng.randint(1, 2))
    while any(design.subject == "calculate" for design in designs):
        designs = shelf(rng, split, choose_language(rng), 1)
    tools = tuple(definition(design, rng) for design in designs)
    return Sample("tools", sample.messages, tools, sample.thinking, sample.check)


def generate(rng: Random, split: Split) -> Sample:
    """A conversation with one to five tools that ends with a call or an answer."""
    if rng.random() < _WITHOUT_TOOL_SHARE:
        return _without_tool(rng, split)
    language = choose_language(rng)
    session = Session(rng, split, language)
    if rng.random() < 0.3:
        session.messages.append(system(rng.choice(_SYSTEMS[language])))
    for last in [False] * rng.choice((0, 0, 1, 1, 2)) + [True]:
        session.episode(last)
    tools = tuple(definition(design, rng) for design in session.designs)
    if choose_thinking(rng):
        messages = with_thought(session.messages, session.thought)
        return Sample("tools", messages, tools, thinking=True)
    return Sample("tools", tuple(session.messages), tools)


SKILL = Skill(name="tools", generate=generate, target=0.8, weight=1.6)
