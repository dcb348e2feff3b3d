"""How people word a simple instruction, in English and Chinese.

``{t}`` stands for the text to work on, ``{q}`` for the same text in quotes, ``{w}`` for it
within the sentence; other fields are explained by the functions that use them.
"""

from __future__ import annotations

from typing import TypeAlias

Wordings: TypeAlias = tuple[tuple[str, ...], tuple[str, ...]]
"""English and Chinese wordings."""

REPEAT: Wordings = (
    (
        "Repeat exactly: {t}",
        "Repeat: {t}",
        "Repeat this: {t}",
        "Repeat after me: {t}",
        "Say {q}.",
        "Say {w}.",
        "Say {w}",
        "Say: {t}",
        "Say this: {t}",
        "Please repeat {q}.",
        "Echo: {t}",
        "Write {q}.",
        "Copy this text: {t}",
        "Just say {q}.",
        "Reply with {q} and nothing else.",
        "Answer only with {q}.",
        "Can you say {q}?",
        "Repeat the following words: {t}",
        "Print: {t}",
    ),
    (
        "重复：{t}",
        "重复这句话：{t}",
        "请原样重复：{t}",
        "请重复{q}。",
        "跟我说：{t}",
        "说{q}。",
        "请说：{t}",
        "只回答{q}。",
        "照着写：{t}",
        "把这些词重复一遍：{t}",
        "请抄写：{t}",
    ),
)
REVERSE: Wordings = (
    (
        "Reverse the order of the words: {t}",
        "Reverse the words: {t}",
        "Reverse the word order of {q}.",
        "Say these words in reverse order: {t}",
        "Write these words backwards, last word first: {t}",
        "Put the words in reverse order: {t}",
        "Turn the order of these words around: {t}",
        "Give me the words of {q} in reverse order.",
        "Reverse this list: {t}",
        "Please reverse the order: {t}",
        "Can you reverse the words in {q}?",
        "List these from last to first: {t}",
    ),
    (
        "把词的顺序反过来：{t}",
        "倒序说出这些词：{t}",
        "把这些词倒过来排：{t}",
        "请把{q}的词序颠倒。",
        "从后往前说：{t}",
        "反转词的顺序：{t}",
        "请倒着列出：{t}",
        "把{q}里的词倒序排列。",
    ),
)
UPPER: Wordings = (
    (
        "Write in upper case: {t}",
        "Upper case: {t}",
        "Make this upper case: {t}",
        "Write {q} in capital letters.",
        "Put {q} in capitals.",
        "Convert to uppercase: {t}",
        "Say {q} in all caps.",
        "Turn this into capital letters: {t}",
        "Uppercase this: {t}",
        "Please write {q} in upper case.",
        "Can you put {q} in all capital letters?",
        "ALL CAPS please: {t}",
    ),
    (
        "用大写写：{t}",
        "改成大写：{t}",
        "把{q}变成大写。",
        "请用大写字母写{q}。",
        "转换成大写字母：{t}",
        "全部大写：{t}",
        "把这些词写成大写：{t}",
    ),
)
LOWER: Wordings = (
    (
        "Write in lower case: {t}",
        "Lower case: {t}",
        "Make this lower case: {t}",
        "Write {q} in small letters.",
        "Convert to lowercase: {t}",
        "Turn this into small letters: {t}",
        "Lowercase this: {t}",
        "Please write {q} in lower case.",
        "Can you put {q} in lower case?",
    ),
    (
        "用小写写：{t}",
        "改成小写：{t}",
        "把{q}变成小写。",
        "请用小写字母写{q}。",
        "转换成小写字母：{t}",
        "全部小写：{t}",
    ),
)
SORT_WORDS: Wordings = (
    (
        "Sort alphabetically: {t}",
        "Sort these words: {t}",
        "Sort these words alphabetically: {t}",
        "Put these words in alphabetical order: {t}",
        "Arrange in alphabetical order: {t}",
        "Order these from a to z: {t}",
        "Sort from A to Z: {t}",
        "Please sort {q} alphabetically.",
        "What is the alphabetical order of {t}?",
        "Can you sort these by the alphabet: {t}",
    ),
    (
        "按字母顺序排列：{t}",
        "把这些词按字母排序：{t}",
        "请按字母顺序给这些词排序：{t}",
        "从 a 到 z 排序：{t}",
        "把{q}按字母顺序排好。",
    ),
)
ASCENDING: Wordings = (
    (
        "Sort: {t}",
        "Sort these numbers: {t}",
        "Sort in ascending order: {t}",
        "Sort from smallest to largest: {t}",
        "Put these numbers in order: {t}",
        "Order these numbers from small to big: {t}",
        "Arrange from lowest to highest: {t}",
    ),
    (
        "从小到大排序：{t}",
        "把这些数从小到大排列：{t}",
        "请给这些数字排序：{t}",
        "升序排列：{t}",
        "按从小到大的顺序写：{t}",
    ),
)
DESCENDING: Wordings = (
    (
        "Sort in descending order: {t}",
        "Sort from largest to smallest: {t}",
        "Sort these numbers, biggest first: {t}",
        "Order these numbers from big to small: {t}",
        "Arrange from highest to lowest: {t}",
    ),
    (
        "从大到小排序：{t}",
        "把这些数从大到小排列：{t}",
        "降序排列：{t}",
        "按从大到小的顺序写：{t}",
    ),
)
COUNT_WORDS: Wordings = (
    (
        "How many words are in {q}?",
        "Count the words: {t}",
        "Count the words in {q}.",
        "How many words are there: {t}",
        "How many words does {q} have?",
        "What is the number of words in {q}?",
        "Tell me how many words this has: {t}",
    ),
    (
        "{q}里有几个词？",
        "数一数有几个词：{t}",
        "这里有多少个词：{t}",
        "一共几个词：{t}",
        "请数一下{q}里的词。",
    ),
)
COUNT_ITEMS: Wordings = (
    (
        "How many items are in this list: {t}",
        "Count the items: {t}",
        "How many things are in the list {t}?",
        "How many are there: {t}",
        "Count these: {t}",
        "What is the length of this list: {t}",
    ),
    (
        "这个列表有几项：{t}",
        "数一数有几样东西：{t}",
        "这里有几个：{t}",
        "一共有多少项：{t}",
    ),
)
TO_CHINESE: Wordings = (
    (
        "Translate to Chinese: {t}",
        "Translate into Chinese: {t}",
        "Say {q} in Chinese.",
        "Say {w} in Chinese.",
        "What is {w} in Chinese?",
        "How do you say {w} in Chinese?",
        "What is {q} in Chinese?",
        "How do you say {q} in Chinese?",
        "In Chinese: {t}",
        "Write {q} in Chinese.",
        "What is the Chinese for {q}?",
        "Chinese translation of {q}?",
        "Can you translate {q} into Chinese?",
    ),
    (
        "翻译成中文：{t}",
        "把{q}翻译成中文。",
        "{q}用中文怎么说？",
        "{w} 用中文怎么说？",
        "用中文说 {w}",
        "{q}的中文是什么？",
        "{q}是什么意思？",
        "用中文说：{t}",
        "请译成中文：{t}",
    ),
)
TO_ENGLISH: Wordings = (
    (
        "Translate to English: {t}",
        "Translate into English: {t}",
        "Say {q} in English.",
        "Say {w} in English.",
        "What is {w} in English?",
        "What is {q} in English?",
        "How do you say {q} in English?",
        "In English: {t}",
        "What does {q} mean?",
        "What is the English for {q}?",
        "Can you translate {q} into English?",
    ),
    (
        "翻译成英文：{t}",
        "翻译成英语：{t}",
        "把{q}翻译成英文。",
        "{q}用英语怎么说？",
        "{w}用英语怎么说？",
        "用英语说{w}",
        "{q}的英文是什么？",
        "用英语说：{t}",
        "请译成英文：{t}",
    ),
)
OPPOSITE: Wordings = (
    (
        "What is the opposite of {w}?",
        "Opposite of {w}?",
        "Give me the opposite of {w}.",
        "Tell me the opposite of {w}.",
        "What is the opposite word to {w}?",
        "Say the opposite of {w}.",
        "Which word means the opposite of {w}?",
        "{w}: what is the opposite?",
    ),
    (
        "{w}的反义词是什么？",
        "{w}的反义词？",
        "说出{w}的反义词。",
        "和{w}相反的词是什么？",
        "请告诉我{w}的反义词。",
    ),
)
