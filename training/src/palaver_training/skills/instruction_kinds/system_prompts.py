"""Conversations that a system prompt decides."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from palaver_training.lexicon import ADJECTIVES, NAMES, pool, words_of
from palaver_training.sample import Message, Split
from palaver_training.skills.instruction_kinds import exchanges as ex
from palaver_training.skills.instruction_kinds import system_wordings as sw
from palaver_training.skills.instruction_kinds.exchanges import Both, Exchange, Persona, Source
from palaver_training.skills.instruction_kinds.operands import chinese_words, words
from palaver_training.skills.instruction_kinds.task import mention
from palaver_training.skills.instruction_kinds.wordings import Wordings
from palaver_training.skills.values import invented

_ROLE_QUALITIES = frozenset(
    words_of(
        "angry brave cute famous friendly funny good happy honest hungry lazy little nice old "
        "polite quiet rich sad small smart strong tired young"
    )
)
_QUALITIES = [pair for pair in ADJECTIVES if pair[0] in _ROLE_QUALITIES]
_ANY: tuple[Source, ...] = (
    ex.greeting, ex.small_talk, ex.small_sum, ex.comparison, ex.is_greater,
    ex.membership, ex.opposite, ex.saying,
)  # fmt: skip
_IN_WORDS: tuple[Source, ...] = (
    ex.greeting, ex.small_talk, ex.comparison, ex.is_greater, ex.membership,
)  # fmt: skip
_YES_NO: tuple[Source, ...] = (ex.is_greater, ex.membership)
_NUMBERS: tuple[Source, ...] = (ex.small_sum, ex.comparison)
_ABOUT_SELF: tuple[Source, ...] = (ex.name_question, ex.who_question, ex.greeting)


@dataclass(frozen=True, slots=True)
class Rule:
    """What a system prompt asks for.

    Attributes:
        text: The sentence of the system prompt.
        thought: What to think of it when thinking is on.
        apply: Turns an exchange into the answer, given whether that is Chinese.
        sources: The exchanges that it suits.
        swaps_language: Whether the question comes in the other language.
    """

    text: str
    thought: str
    apply: Callable[[Exchange, bool], str]
    sources: tuple[Source, ...]
    swaps_language: bool = False


def conversation(rng: Random, split: Split, chinese: bool) -> tuple[list[Message], str]:
    """A system prompt and one to three exchanges that obey it; and the thought for the last."""
    kind = rng.choices(
        (_persona_conversation, _ruled_conversation, _fixed_conversation), (48, 44, 8)
    )[0]
    return kind(rng, split, chinese)


def _persona_conversation(rng: Random, split: Split, chinese: bool) -> tuple[list[Message], str]:
    persona = _persona(rng, split)
    assert persona.name is not None
    prompt = _introduce(rng, persona, chinese)
    sources = [rng.choice(_ABOUT_SELF if rng.random() < 0.85 else _ANY) for _ in range(_turns(rng))]
    messages = [_message("system", prompt)]
    for source in sources:
        in_chinese = chinese != (rng.random() < 0.08)
        exchange = source(rng, split, persona)
        messages += _turn(exchange.question[in_chinese], exchange.full[in_chinese])
    name = persona.name[chinese]
    return messages, f"我的名字是{name}。" if chinese else f"My name is {name}."


def _ruled_conversation(rng: Random, split: Split, chinese: bool) -> tuple[list[Message], str]:
    persona = Persona()
    rule = rng.choice(_RULES)(rng, split, chinese)
    sources: list[Source] = list(rule.sources)
    prompt = rule.text
    if rng.random() < 0.25 and rule.sources not in (_YES_NO, _NUMBERS):
        persona = Persona(_name(rng, split))
        sources += [ex.name_question, ex.name_question, ex.name_question]
        parts = [_introduce(rng, persona, chinese), prompt]
        rng.shuffle(parts)
        prompt = ("" if chinese else " ").join(parts)
    in_chinese = chinese != rule.swaps_language
    messages = [_message("system", prompt)]
    for _ in range(_turns(rng)):
        answer = ""
        while not answer:
            exchange = rng.choice(sources)(rng, split, persona)
            answer = rule.apply(exchange, chinese)
        messages += _turn(exchange.question[in_chinese], answer)
    return messages, rule.thought


def _fixed_conversation(rng: Random, split: Split, chinese: bool) -> tuple[list[Message], str]:
    kind = rng.choice((_always, _rules, _rules, _secret, _user_name))
    return kind(rng, split, chinese)


def _one_word(rng: Random, split: Split, chinese: bool) -> Rule:
    text = rng.choice(sw.ONE_WORD[chinese])
    thought = "只用一个词。" if chinese else "Only one word."
    return Rule(text, thought, lambda e, zh: e.word[zh] if e.word else "", _ANY)


def _upper(rng: Random, split: Split, chinese: bool) -> Rule:
    thought = "Only capital letters."
    text = rng.choice(sw.UPPER[chinese and rng.random() < 0.3])
    return Rule(text, thought, lambda e, zh: e.full[0].upper(), (*_IN_WORDS, ex.saying), chinese)


def _lower(rng: Random, split: Split, chinese: bool) -> Rule:
    text = rng.choice(sw.LOWER[chinese and rng.random() < 0.3])
    return Rule(text, "Only small letters.", lambda e, zh: e.full[0].lower(), _IN_WORDS, chinese)


def _end_with(rng: Random, split: Split, chinese: bool) -> Rule:
    word = _word(rng, split, chinese)
    text = rng.choice(sw.END_WITH[chinese]).format(w=mention(rng, word, chinese))
    thought = f"最后说 {word}。" if chinese else f"The last word is {word}."
    return Rule(text, thought, lambda e, zh: f"{e.full[zh]} {word}", _ANY)


def _begin_with(rng: Random, split: Split, chinese: bool) -> Rule:
    word = _word(rng, split, chinese)
    text = rng.choice(sw.BEGIN_WITH[chinese]).format(w=mention(rng, word, chinese))
    thought = f"先说 {word}。" if chinese else f"The first word is {word}."
    return Rule(text, thought, lambda e, zh: f"{word} {e.full[zh]}", _ANY)


def _language(rng: Random, split: Split, chinese: bool) -> Rule:
    wording = sw.CHINESE_ONLY if chinese else sw.ENGLISH_ONLY
    text = rng.choice(wording[rng.random() < 0.5])
    thought = "我用中文回答。" if chinese else "I answer in English."
    return Rule(text, thought, _full, _IN_WORDS, swaps_language=rng.random() < 0.8)


def _yes_no(rng: Random, split: Split, chinese: bool) -> Rule:
    text = rng.choice(sw.YES_NO[chinese])
    thought = "只说是的或不是。" if chinese else "Only yes or no."
    return Rule(text, thought, lambda e, zh: e.word[zh] if e.word else "", _YES_NO)


def _number_only(rng: Random, split: Split, chinese: bool) -> Rule:
    text = rng.choice(sw.NUMBER_ONLY[chinese])
    thought = "只写数字。" if chinese else "Only the number."
    return Rule(text, thought, lambda e, zh: e.word[zh] if e.word else "", _NUMBERS)


def _quoted(rng: Random, split: Split, chinese: bool) -> Rule:
    text = rng.choice(sw.QUOTED[chinese])
    thought = "加上引号。" if chinese else "I add quotes."
    return Rule(text, thought, lambda e, zh: f'"{e.full[zh]}"', _ANY)


def _twice(rng: Random, split: Split, chinese: bool) -> Rule:
    text = rng.choice(sw.TWICE[chinese])
    thought = "说两遍。" if chinese else "I say it twice."
    return Rule(text, thought, lambda e, zh: f"{e.full[zh]} {e.full[zh]}", _ANY)


_RULES: tuple[Callable[[Random, Split, bool], Rule], ...] = (
    _one_word, _one_word, _one_word, _upper, _upper, _upper, _lower, _end_with, _end_with,
    _end_with, _begin_with, _begin_with, _language, _language, _language, _yes_no, _yes_no,
    _number_only, _quoted, _twice,
)  # fmt: skip


def _full(exchange: Exchange, chinese: bool) -> str:
    return exchange.full[chinese]


def _always(rng: Random, split: Split, chinese: bool) -> tuple[list[Message], str]:
    word = _word(rng, split, chinese)
    messages = [_message("system", _with_word(rng, sw.ALWAYS, word, chinese))]
    for _ in range(_turns(rng)):
        exchange = rng.choice(_ANY)(rng, split, Persona())
        messages += _turn(exchange.question[chinese], word)
    return messages, f"我总是说 {word}。" if chinese else f"I always say {word}."


def _rules(rng: Random, split: Split, chinese: bool) -> tuple[list[Message], str]:
    number = rng.choice((1, 2, 2, 3))
    found = [_word(rng, split, chinese) for _ in range(2 * number)]
    while len(set(found)) < len(found):
        found = [_word(rng, split, chinese) for _ in range(2 * number)]
    pairs = list(zip(found[::2], found[1::2], strict=True))
    sentences = [
        rng.choice(sw.RULE[chinese]).format(a=mention(rng, a, chinese), b=mention(rng, b, chinese))
        for a, b in pairs
    ]
    messages = [_message("system", ("" if chinese else " ").join(sentences))]
    for heard, said in rng.sample(pairs, min(_turns(rng), number)):
        messages += _turn(heard, said)
    return messages, f"{heard} -> {said}"


def _secret(rng: Random, split: Split, chinese: bool) -> tuple[list[Message], str]:
    word = _word(rng, split, chinese)
    prompt = _with_word(rng, sw.SECRET, word, chinese)
    answer = f"暗号是{word}。" if chinese else f"The secret word is {word}."
    question = rng.choice(sw.SECRET_QUESTION[chinese])
    return [_message("system", prompt), *_turn(question, answer)], answer


def _user_name(rng: Random, split: Split, chinese: bool) -> tuple[list[Message], str]:
    name = _name(rng, split)[chinese]
    prompt = rng.choice(sw.USER_NAMED[chinese]).format(n=name)
    answer = f"你叫{name}。" if chinese else f"Your name is {name}."
    question = rng.choice(sw.USER_NAME_QUESTION[chinese])
    thought = f"用户叫{name}。" if chinese else f"The user is called {name}."
    return [_message("system", prompt), *_turn(question, answer)], thought


def _persona(rng: Random, split: Split) -> Persona:
    name = _name(rng, split)
    if rng.random() < 0.6:
        return Persona(name)
    english, chinese, measure, article = rng.choice(sw.ROLES)
    if rng.random() < 0.5:
        quality = rng.choice(_QUALITIES)
        article = "an" if quality[0][0] in "aeiou" else "a"
        return Persona(
            name,
            (f"{article} {quality[0]} {english}", f"{measure}{quality[1]}的{chinese}"),
        )
    return Persona(name, (f"{article} {english}", f"{measure}{chinese}"))


def _name(rng: Random, split: Split) -> Both:
    if rng.random() < 0.5:
        english, chinese = rng.choice(pool(NAMES, split))
        return english, chinese if rng.random() < 0.6 else english
    stranger = invented(rng, split).capitalize()
    return stranger, stranger


def _introduce(rng: Random, persona: Persona, chinese: bool) -> str:
    assert persona.name is not None
    if persona.role is None:
        return rng.choice(sw.NAMED[chinese]).format(n=persona.name[chinese])
    return rng.choice(sw.ROLE[chinese]).format(n=persona.name[chinese], r=persona.role[chinese])


def _word(rng: Random, split: Split, chinese: bool) -> str:
    if chinese and rng.random() < 0.7:
        return chinese_words(rng, 1)[0]
    return words(rng, split, 1)[0]


def _with_word(rng: Random, wording: Wordings, word: str, chinese: bool) -> str:
    return rng.choice(wording[chinese]).format(w=mention(rng, word, chinese))


def _turns(rng: Random) -> int:
    return rng.choices((1, 2, 3), (60, 27, 13))[0]


def _turn(question: str, answer: str) -> list[Message]:
    return [_message("user", question), _message("assistant", answer)]


def _message(role: str, content: str) -> Message:
    return {"role": role, "content": content}
