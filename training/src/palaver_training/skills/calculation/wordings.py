"""How people ask for a calculation, in English and Chinese."""

from __future__ import annotations

from palaver_training.lexicon import words_of

OPERATIONS = ("+", "-", "×", "÷")

SIGNS: dict[str, tuple[str, ...]] = {
    "+": ("+",),
    "-": ("-", "-", "-", "−"),
    "×": ("*", "×", "x"),
    "÷": ("/", "÷"),
}
"""Signs that people type for an operation."""

WORDS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "+": (("plus",), ("加", "加上")),
    "-": (("minus",), ("减", "减去")),
    "×": (("times", "multiplied by"), ("乘", "乘以")),
    "÷": (("divided by",), ("除以",)),
}
"""Words for an operation between its operands, English and Chinese."""

BARE = ("{e}", "{e}", "{e} =", "{e} = ?", "{e}=", "{e}=?", "{e}?")
"""Forms without words; ``{e}`` is the expression."""

ENGLISH = (
    "What is {e}?",
    "What is {e}?",
    "What's {e}?",
    "How much is {e}?",
    "Calculate {e}",
    "Calculate: {e}",
    "Compute {e}.",
    "Work out {e}.",
    "Solve {e}",
    "Can you calculate {e}?",
    "Tell me what {e} is.",
    "What does {e} make?",
    "What do you get for {e}?",
    "What is the result of {e}?",
    "Please calculate {e}.",
    "I need the answer to {e}.",
    "Do you know what {e} is?",
    "{e} is how much?",
    "{e} equals what?",
    "Give me the result of {e}.",
    "Answer this: {e}",
)

CHINESE = (
    "{e} 等于多少？",
    "{e} 等于多少？",
    "{e} 等于几？",
    "{e} 是多少？",
    "{e} 得多少？",
    "{e} 的结果是什么？",
    "计算 {e}",
    "计算：{e}",
    "请计算 {e}。",
    "算一下 {e}",
    "帮我算一下 {e}。",
    "请问 {e} 等于多少？",
    "你知道 {e} 等于多少吗？",
    "告诉我 {e} 的答案。",
    "{e} 是几？",
    "{e} 怎么算？",
)

SPECIAL: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "+": (
        ("Add {a} and {b}.", "What is the sum of {a} and {b}?", "Add {b} to {a}."),
        (
            "{a} 和 {b} 的和是多少？",
            "{a} 与 {b} 相加等于多少？",
            "把 {a} 和 {b} 加起来。",
        ),
    ),
    "-": (
        ("Subtract {b} from {a}.", "Take {b} away from {a}."),
        ("从 {a} 里减去 {b}。", "{a} 减掉 {b} 还剩多少？"),
    ),
    "×": (
        (
            "Multiply {a} by {b}.",
            "What is the product of {a} and {b}?",
            "{a} times {b}?",
        ),
        ("{a} 和 {b} 的积是多少？", "{a} 与 {b} 相乘等于多少？", "{a} 个 {b} 是多少？"),
    ),
    "÷": (
        ("Divide {a} by {b}.", "How often does {b} go into {a}?"),
        ("把 {a} 分成 {b} 份，每份多少？", "用 {a} 除以 {b}。"),
    ),
}
"""Wordings of one operation only, English and Chinese."""

NUMBER_WORDS = (
    words_of("zero one two three four five six seven eight nine ten eleven twelve"),
    words_of("零 一 二 三 四 五 六 七 八 九 十 十一 十二"),
)
"""Numbers from 0 to 12 in words, English and Chinese."""

BIGGER = (
    (
        "Which is bigger, {list}?",
        "Which is larger: {list}?",
        "Which number is greater, {list}?",
        "What is bigger, {list}?",
        "Which one is the bigger number: {list}?",
        "{list}: which is bigger?",
        "Tell me which is bigger, {list}.",
        "Is {list} the bigger number?",
    ),
    (
        "{list}，哪个大？",
        "{list}，哪个更大？",
        "哪个更大，{list}？",
        "{list} 哪个数更大？",
        "比较一下，{list}，哪个大？",
        "请问 {list} 谁更大？",
    ),
)
SMALLER = (
    (
        "Which is smaller, {list}?",
        "Which number is smaller: {list}?",
        "What is smaller, {list}?",
        "Which one is the smaller number: {list}?",
        "{list}: which is smaller?",
        "Tell me which is smaller, {list}.",
        "Which is less, {list}?",
    ),
    (
        "{list}，哪个小？",
        "{list}，哪个更小？",
        "哪个更小，{list}？",
        "{list} 哪个数更小？",
        "比较一下，{list}，哪个小？",
        "请问 {list} 谁更小？",
    ),
)
BIGGEST = (
    (
        "Which is the biggest: {list}?",
        "Which number is the largest, {list}?",
        "What is the biggest of {list}?",
        "Find the biggest number: {list}.",
        "Which of {list} is the greatest?",
    ),
    (
        "{list}，哪个最大？",
        "哪个数最大：{list}？",
        "找出最大的数：{list}。",
        "{list} 当中最大的是哪个？",
    ),
)
SMALLEST = (
    (
        "Which is the smallest: {list}?",
        "Which number is the smallest, {list}?",
        "What is the smallest of {list}?",
        "Find the smallest number: {list}.",
        "Which of {list} is the least?",
    ),
    (
        "{list}，哪个最小？",
        "哪个数最小：{list}？",
        "找出最小的数：{list}。",
        "{list} 当中最小的是哪个？",
    ),
)
GREATER_QUESTION = (
    ("Is {a} greater than {b}?", "Is {a} bigger than {b}?", "Is {a} more than {b}?"),
    ("{a} 比 {b} 大吗？", "{a} 大于 {b} 吗？", "{a} 是不是比 {b} 大？"),
)
LESS_QUESTION = (
    ("Is {a} less than {b}?", "Is {a} smaller than {b}?", "Is {a} lower than {b}?"),
    ("{a} 比 {b} 小吗？", "{a} 小于 {b} 吗？", "{a} 是不是比 {b} 小？"),
)
