"""Simple instructions from the user, and system prompts that decide the answer."""

from __future__ import annotations

from random import Random

from palaver_training.lexicon import belongs
from palaver_training.sample import Message, Sample, Skill, Split
from palaver_training.skills.instruction_kinds import (
    ordering,
    rewriting,
    system_prompts,
    translation,
)
from palaver_training.skills.instruction_kinds.system_wordings import NEUTRAL
from palaver_training.skills.instruction_kinds.task import Kind, Task

NAME = "instructions"
RESERVED_PERCENT = 10
SYSTEM_SHARE = 0.3
CHINESE_SHARE = 0.33
THINKING_SHARE = 0.06

KINDS: dict[Kind, int] = {
    rewriting.repeat: 12,
    rewriting.reverse: 12,
    rewriting.upper: 14,
    rewriting.lower: 5,
    ordering.sort_words: 10,
    ordering.sort_numbers: 9,
    ordering.count_words: 7,
    ordering.count_items: 7,
    translation.translate: 22,
}
"""The user's kinds of instruction and how often each is drawn."""


def generate(rng: Random, split: Split) -> Sample:
    """A conversation that ends in an instruction followed."""
    chinese = rng.random() < CHINESE_SHARE
    ruled = rng.random() < SYSTEM_SHARE
    messages, thought = (_ruled if ruled else _plain)(rng, split, chinese)
    thinking = rng.random() < THINKING_SHARE
    if thinking:
        messages[-1] = {**messages[-1], "reasoning_content": thought}
    return Sample(skill=NAME, messages=tuple(messages), thinking=thinking)


def _ruled(rng: Random, split: Split, chinese: bool) -> tuple[list[Message], str]:
    while True:
        messages, thought = system_prompts.conversation(rng, split, chinese)
        if _ruled_belongs(messages, split):
            return messages, thought


def _plain(rng: Random, split: Split, chinese: bool) -> tuple[list[Message], str]:
    """One to three instructions of the user, now and then under an ordinary system prompt."""
    messages: list[Message] = []
    if rng.random() < 0.12:
        messages.append({"role": "system", "content": rng.choice(NEUTRAL[chinese])})
    turns = rng.choices((1, 2, 3), (70, 20, 10))[0]
    task = _task(rng, split, chinese)
    for turn in range(turns):
        if turn:
            task = _task(rng, split, chinese)
        messages.append({"role": "user", "content": task.question})
        messages.append({"role": "assistant", "content": task.answer})
    return messages, task.thought


def _task(rng: Random, split: Split, chinese: bool) -> Task:
    """A task whose question belongs to the split."""
    kind = rng.choices(list(KINDS), list(KINDS.values()))[0]
    while True:
        task = kind(rng, split, chinese)
        if belongs(task.question.lower().rstrip("?？.。"), split, RESERVED_PERCENT):
            return task


def _ruled_belongs(messages: list[Message], split: Split) -> bool:
    """Whether the system prompt with its questions belongs to the split.

    In training no question may be reserved under this system prompt; in an examination the
    last one is.
    """
    system = messages[0]["content"]
    keys = [f"{system}\n{m['content']}" for m in messages if m["role"] == "user"]
    if split == "train":
        return all(belongs(key, split, RESERVED_PERCENT) for key in keys)
    return belongs(keys[-1], split, RESERVED_PERCENT)


SKILL = Skill(name=NAME, generate=generate, target=0.85, weight=4.6)
