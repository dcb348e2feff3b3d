"""Small word problems: someone has some things, gets or gives some away."""

from __future__ import annotations

from random import Random

from palaver_training.lexicon import NAMES, pool
from palaver_training.sample import Split
from palaver_training.skills.calculation.problem import Problem, number, result, worked

THINGS: tuple[tuple[str, str, str, str], ...] = (
    ("apple", "apples", "个", "苹果"),
    ("egg", "eggs", "个", "鸡蛋"),
    ("book", "books", "本", "书"),
    ("pen", "pens", "支", "钢笔"),
    ("ball", "balls", "个", "球"),
    ("cup", "cups", "个", "杯子"),
    ("coin", "coins", "个", "硬币"),
    ("toy", "toys", "个", "玩具"),
    ("cake", "cakes", "个", "蛋糕"),
    ("banana", "bananas", "个", "香蕉"),
    ("peach", "peaches", "个", "桃子"),
    ("cat", "cats", "只", "猫"),
    ("duck", "ducks", "只", "鸭子"),
    ("bird", "birds", "只", "鸟"),
    ("card", "cards", "张", "卡片"),
    ("ticket", "tickets", "张", "票"),
    ("flower", "flowers", "朵", "花"),
    ("stone", "stones", "块", "石头"),
    ("key", "keys", "把", "钥匙"),
    ("balloon", "balloons", "个", "气球"),
)
"""Thing, things, Chinese measure word, Chinese thing."""

GAINS = (
    (
        "{n} has {a} {ta} and gets {b} more. How many {ts} does {n} have?",
        "{n} has {a} {ta}. {n} buys {b} more. How many {ts} does {n} have now?",
        "{n} had {a} {ta} and found {b} more. How many {ts} are there now?",
        "If {n} has {a} {ta} and I give {n} {b} more, how many {ts} does {n} have?",
    ),
    (
        "{n}有 {a} {m}{t}，又得到 {b} {m}。{n}现在有几{m}{t}？",
        "{n}有 {a} {m}{t}，又买了 {b} {m}，一共有多少{m}？",
        "{n}原来有 {a} {m}{t}，妈妈又给了 {b} {m}，现在有多少{m}？",
    ),
)
LOSSES = (
    (
        "{n} has {a} {ta} and gives {b} away. How many {ts} does {n} have left?",
        "{n} has {a} {ta} and loses {b}. How many {ts} are left?",
        "{n} had {a} {ta} and sold {b}. How many {ts} does {n} have now?",
        "If {n} has {a} {ta} and I take {b}, how many {ts} does {n} have left?",
    ),
    (
        "{n}有 {a} {m}{t}，送出 {b} {m}，还剩几{m}{t}？",
        "{n}有 {a} {m}{t}，丢了 {b} {m}，现在有多少{m}？",
        "{n}原来有 {a} {m}{t}，卖了 {b} {m}，还有几{m}？",
    ),
)
GROUPS = (
    (
        "{n} has {a} boxes with {b} {tb} in each. How many {ts} does {n} have?",
        "{n} buys {a} bags of {b} {tb} each. How many {ts} does {n} have?",
    ),
    (
        "{n}有 {a} 个盒子，每个盒子里有 {b} {m}{t}。一共有多少{m}{t}？",
        "{n}买了 {a} 袋{t}，每袋 {b} {m}，一共几{m}？",
    ),
)
TEMPLATES = {"+": GAINS, "-": LOSSES, "×": GROUPS}


def word_problem(rng: Random, chinese: bool, split: Split) -> Problem:
    """A word problem with one step, about a person and things to be counted."""
    operation = rng.choice("++--×")
    one, many, measure, thing = rng.choice(THINGS)
    name = rng.choice(pool(NAMES, split))[chinese]
    a, b = _amounts(rng, operation)
    value = result(operation, a, b)
    question = rng.choice(TEMPLATES[operation][chinese]).format(
        n=name, a=a, b=b, ts=many, m=measure, t=thing,
        ta=one if a == 1 else many, tb=one if b == 1 else many,
    )  # fmt: skip
    if chinese:
        answer = f"{a} {operation} {b} = {value}。{name}有 {value} {measure}{thing}。"
    else:
        answer = f"{a} {operation} {b} = {value}. {name} has {value} {one if value == 1 else many}."
    lines = worked(operation, a, b, chinese)
    return Problem(question, lines, answer, value, question)


def _amounts(rng: Random, operation: str) -> tuple[int, int]:
    if operation == "×":
        return rng.randint(2, 10), rng.randint(1, 10)
    a, b = max(1, number(rng) // 2), max(1, number(rng) // 2)
    if operation == "-":
        a, b = max(a, b), min(a, b)
    return a, b
