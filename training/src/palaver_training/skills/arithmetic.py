"""Arithmetic with small numbers: worked steps with thinking on, the bare answer with it off."""

from __future__ import annotations

import re
from functools import partial
from random import Random

from palaver_training.phrasing import casual
from palaver_training.sample import Check, Message, Sample, Skill, Split
from palaver_training.skills.calculation import wordings
from palaver_training.skills.calculation.comparison import comparison
from palaver_training.skills.calculation.problem import Problem, calculation
from palaver_training.skills.calculation.word_problems import word_problem
from palaver_training.skills.instruction_kinds.system_wordings import NEUTRAL

NAME = "arithmetic"

TOO_BIG = (
    "I can only calculate with small numbers, up to 99.",
    "我只会算 99 以内的小数目。",
)
TOO_BIG_STEPS = ("The numbers are too big for me.", "数字太大，我算不了。")

KINDS = ("calculation", "comparison", "word_problem", "too_big")
WEIGHTS: dict[Split, tuple[int, ...]] = {"train": (66, 24, 7, 3), "held_out": (72, 18, 7, 3)}


def generate(rng: Random, split: Split) -> Sample:
    """A conversation that ends in the answer to a calculation."""
    problem = _problem(rng, split)
    earlier: list[Message] = []
    if rng.random() < 0.06:
        earlier.append({"role": "system", "content": rng.choice(rng.choice(NEUTRAL))})
    while rng.random() < 0.6 and len(earlier) < 10:
        before = _problem(rng, split)
        earlier.append({"role": "user", "content": before.question})
        earlier.append({"role": "assistant", "content": before.answer})
    thinking = rng.random() < 0.5
    answer: Message = {"role": "assistant", "content": problem.answer}
    if thinking:
        answer["reasoning_content"] = problem.steps
    return Sample(
        skill=NAME,
        messages=(*earlier, {"role": "user", "content": problem.question}, answer),
        thinking=thinking,
        check=_check(problem, thinking),
    )


def _problem(rng: Random, split: Split) -> Problem:
    """A problem of the split; the kind is drawn once, so that no kind is crowded out."""
    kind = rng.choices(KINDS, WEIGHTS[split])[0]
    chinese = rng.random() < 0.4
    while True:
        problem = _draw(rng, kind, chinese, split)
        if problem.belongs(split):
            return problem


def _draw(rng: Random, kind: str, chinese: bool, split: Split) -> Problem:
    match kind:
        case "calculation":
            return calculation(rng, chinese)
        case "comparison":
            return comparison(rng, chinese)
        case "word_problem":
            return word_problem(rng, chinese, split)
        case _:
            return _too_big(rng, chinese)


def _too_big(rng: Random, chinese: bool) -> Problem:
    """A calculation beyond what the model can do, which it says."""
    digits = rng.randint(3, 6)
    a = rng.randint(10 ** (digits - 1), 10**digits - 1)
    b = rng.choice((rng.randint(100, 9999), rng.randint(1, 99)))
    if rng.random() < 0.4:
        a, b = b, a
    sign = rng.choice(("+", "-", "*", "×", "/"))
    if rng.random() < 0.3:
        a, b, sign = rng.randint(13, 99), rng.randint(13, 99), rng.choice("*×")
    expression = rng.choice((f"{a} {sign} {b}", f"{a}{sign}{b}"))
    template = rng.choice(wordings.CHINESE if chinese else wordings.ENGLISH)
    question = casual(rng, template.format(e=expression))
    return Problem(question, TOO_BIG_STEPS[chinese], TOO_BIG[chinese], None, question)


def _check(problem: Problem, thinking: bool) -> Check:
    return partial(_accepts, problem, thinking)


def _accepts(problem: Problem, thinking: bool, answer: Message) -> bool:
    if answer.get("tool_calls") or bool(answer.get("reasoning_content")) != thinking:
        return False
    content = (answer.get("content") or "").strip()
    if problem.number is None:
        return content == problem.answer
    numbers = re.findall(r"(?<![\d.])-?\d+", content)
    return bool(numbers) and int(numbers[-1]) == problem.number


SKILL = Skill(name=NAME, generate=generate, target=0.9, weight=2.6)
