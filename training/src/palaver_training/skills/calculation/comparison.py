"""Questions which of two or three numbers is larger or smaller."""

from __future__ import annotations

from random import Random

from palaver_training.phrasing import casual, polite
from palaver_training.skills.calculation import steps, wordings
from palaver_training.skills.calculation.problem import Problem, number


def comparison(rng: Random, chinese: bool) -> Problem:
    """A question about the order of two or three numbers."""
    kind = rng.choice((_which, _which, _whether, _which_of_three))
    return kind(rng, chinese)


def _which(rng: Random, chinese: bool) -> Problem:
    a, b = _pair(rng)
    bigger = rng.random() < 0.5
    template = rng.choice((wordings.BIGGER if bigger else wordings.SMALLER)[chinese])
    listed = rng.choice((f"{a} 和 {b}", f"{a} 还是 {b}", f"{a}和{b}")) if chinese else f"{a} or {b}"
    question = polite(rng, casual(rng, template.format(list=listed)), chinese)
    found = max(a, b) if bigger else min(a, b)
    if chinese:
        answer = f"{found} 更{'大' if bigger else '小'}。"
    else:
        answer = f"{found} is {'bigger' if bigger else 'smaller'}."
    return Problem(question, steps.compared(a, b, chinese), answer, None, f"{a}?{b}")


def _whether(rng: Random, chinese: bool) -> Problem:
    a, b = _pair(rng)
    if rng.random() < 0.05:
        b = a
    greater = rng.random() < 0.5
    templates = wordings.GREATER_QUESTION if greater else wordings.LESS_QUESTION
    question = casual(rng, rng.choice(templates[chinese]).format(a=a, b=b))
    holds = a > b if greater else a < b
    if chinese:
        order = "大于" if a > b else "小于" if a < b else "等于"
        answer = f"{'是的' if holds else '不是'}，{a} {order} {b}。"
    else:
        order = "greater than" if a > b else "less than" if a < b else "equal to"
        answer = f"{'Yes' if holds else 'No'}, {a} is {order} {b}."
    return Problem(question, steps.compared(a, b, chinese), answer, None, f"{a}?{b}")


def _which_of_three(rng: Random, chinese: bool) -> Problem:
    values = list({number(rng) for _ in range(3)})
    while len(values) < 3:
        values = list({*values, number(rng)})
    rng.shuffle(values)
    a, b, c = values
    biggest = rng.random() < 0.5
    template = rng.choice((wordings.BIGGEST if biggest else wordings.SMALLEST)[chinese])
    listed = f"{a}、{b}、{c}" if chinese else f"{a}, {b}, {c}"
    question = casual(rng, template.format(list=listed))
    choose = max if biggest else min
    found = choose(a, b)
    lines = "\n".join((steps.compared(a, b, chinese), steps.compared(found, c, chinese)))
    if chinese:
        answer = f"{choose(found, c)} 最{'大' if biggest else '小'}。"
    else:
        answer = f"{choose(found, c)} is the {'biggest' if biggest else 'smallest'}."
    return Problem(question, lines, answer, None, f"{a}?{b}?{c}")


def _pair(rng: Random) -> tuple[int, int]:
    """Two different numbers; often in the same tens, where only the ones decide."""
    a = number(rng)
    b = a // 10 * 10 + rng.randint(0, 9) if rng.random() < 0.3 else number(rng)
    return (a, b) if a != b else (a, (b + 1) % 100)
