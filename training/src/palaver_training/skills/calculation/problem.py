"""A calculation to be asked: its question, its steps and its answer."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from palaver_training.lexicon import belongs
from palaver_training.phrasing import casual, polite
from palaver_training.sample import Split
from palaver_training.skills.calculation import steps, wordings

RESERVED_PERCENT = 10


@dataclass(frozen=True, slots=True)
class Problem:
    """A question with its answer.

    Attributes:
        question: What the user says.
        steps: The worked steps, for thinking.
        answer: The canonical answer.
        number: The final number of the answer; ``None`` where the words decide.
        key: What decides the split: the operation with its operands, or the question.
    """

    question: str
    steps: str
    answer: str
    number: int | None
    key: str

    def belongs(self, split: Split) -> bool:
        """Whether the problem may be used in ``split``."""
        return belongs(self.key, split, RESERVED_PERCENT)


def number(rng: Random) -> int:
    """A number from 0 to 99, mostly a small one."""
    low, high = rng.choices(((0, 9), (10, 20), (21, 99)), (50, 30, 20))[0]
    return rng.randint(low, high)


def calculation(rng: Random, chinese: bool) -> Problem:
    """A problem with two operands."""
    operation = rng.choices(wordings.OPERATIONS, (38, 36, 26, 0))[0]
    a, b = operands(rng, operation)
    question = ask(rng, operation, a, b, chinese)
    value = result(operation, a, b)
    answer = f"{a} {operation} {b} = {value}"
    if operation == "×" and max(a, b) > 12 and max(a, b) % 10:
        tens, ones, total = (step.split(" = ") for step in steps.split_product(a, b))
        answer = f"{a} × {b} = {tens[0]} + {ones[0]} = {total[0]} = {total[1]}"
    largest = {"+": 9, "-": 9, "×": 12, "÷": 144}[operation]
    key = f"{a}{operation}{b}" if max(a, b) > largest else question
    return Problem(question, worked(operation, a, b, chinese), answer, value, key)


def operands(rng: Random, operation: str) -> tuple[int, int]:
    """Two operands that suit an operation."""
    if operation == "×":
        return rng.randint(0, 10), rng.randint(0, 10)
    if operation == "÷":
        b = rng.randint(1, 10)
        return b * rng.randint(1, 10), b
    a, b = number(rng), number(rng)
    if operation == "-" and a < b and rng.random() < 0.75:
        return b, a
    return a, b


def result(operation: str, a: int, b: int) -> int:
    """The value of an operation on two operands."""
    match operation:
        case "+":
            return a + b
        case "-":
            return a - b
        case "×":
            return a * b
        case _:
            return a // b


def worked(operation: str, a: int, b: int, chinese: bool) -> str:
    """The worked steps of an operation on two operands."""
    match operation:
        case "+":
            return steps.added(a, b, chinese)
        case "-":
            return steps.subtracted(a, b, chinese)
        case "×":
            return steps.multiplied(a, b)
        case _:
            return steps.divided(a, b)


def ask(rng: Random, operation: str, a: int, b: int, chinese: bool) -> str:
    """A question for the value of an operation."""
    left, right = str(a), str(b)
    if max(a, b) <= 12 and rng.random() < 0.02:
        left, right = (wordings.NUMBER_WORDS[chinese][n] for n in (a, b))
        template = rng.choice(wordings.CHINESE if chinese else wordings.ENGLISH)
        word = rng.choice(wordings.WORDS[operation][chinese])
        space = "" if chinese else " "
        text = template.replace("{e}", f"{left}{space}{word}{space}{right}")
        return casual(rng, text.replace(" ", "") if chinese else _capital(text))
    if rng.random() < 0.12:
        special = rng.choice(wordings.SPECIAL[operation][chinese])
        return casual(rng, special.format(a=left, b=right))
    expression = _expression(rng, operation, left, right, chinese)
    if rng.random() < 0.3:
        return rng.choice(wordings.BARE).format(e=expression)
    template = rng.choice(wordings.CHINESE if chinese else wordings.ENGLISH)
    text = template.format(e=expression)
    if chinese and rng.random() < 0.4:
        text = text.replace(" ", "")
    return polite(rng, casual(rng, text), chinese)


def _expression(rng: Random, operation: str, left: str, right: str, chinese: bool) -> str:
    if rng.random() < 0.35:
        word = rng.choice(wordings.WORDS[operation][chinese])
        space = "" if chinese and rng.random() < 0.5 else " "
        return f"{left}{space}{word}{space}{right}"
    sign = rng.choice(wordings.SIGNS[operation])
    space = rng.choice(("", " "))
    return f"{left}{space}{sign}{space}{right}"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
