"""Remembers what the user told some turns ago: names, numbers, colours, places."""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random

from palaver_training.sample import Message, Sample, Skill, Split
from palaver_training.skills.memory_facts import Fact, any_fact, own_fact, value_of
from palaver_training.skills.small_talk import small_talk
from palaver_training.skills.turns import (
    Language,
    assistant,
    choose_language,
    choose_thinking,
    user,
    with_thought,
)
from palaver_training.skills.values import given_name

_NOTED = {"en": "Noted.", "zh": "记住了。"}
_WELCOME = {"en": "Nice to meet you, {}.", "zh": "很高兴认识你，{}。"}
_NOT_TOLD = {"en": "You have not told me that.", "zh": "你没有告诉过我。"}
_NOT_TOLD_THOUGHT = {"en": "The user has not told me that.", "zh": "用户没有说过。"}
_TOLD_THOUGHT = {"en": "The user said: {}", "zh": "用户说过：{}"}
_CHANGES = {
    "en": ("Actually, {}", "No, wait: {}", "Correction: {}", "I changed my mind: {}", "Sorry, {}"),
    "zh": ("其实{}", "不对，{}", "更正：{}", "我改主意了，{}", "抱歉，{}"),
}
_CHAT = ("hello", "thanks", "okay")
_CHANGE_SHARE: dict[Split, float] = {"train": 0.35, "held_out": 0.2}
"""How often the user takes a fact back. Training dwells on what is hard: on this, on questions
for everything at once, and on the fact that was told or changed last."""
_UNTOLD_SHARE: dict[Split, float] = {"train": 0.18, "held_out": 0.15}
_ALL_SHARE: dict[Split, float] = {"train": 0.2, "held_out": 0.07}
_SUMS = {
    "en": ("What is {a} + {b}?", "{a} + {b}", "{a} + {b} = ?"),
    "zh": ("{a} + {b} = ?", "{a} + {b} 等于多少？"),
}
_ALL = {
    "en": (
        "What did I tell you about myself?",
        "What do you know about me?",
        "What do you remember about me?",
    ),
    "zh": ("我告诉过你什么？", "你知道我的什么事？", "你记得我的哪些事？"),
}


@dataclass(slots=True)
class Conversation:
    """A conversation under way and what was told in it.

    Attributes:
        told: The latest answer to each fact's question, by the fact's key.
        changed: The keys of the facts that were taken back.
        name: The user's name as told last.
    """

    rng: Random
    split: Split
    language: Language
    people: list[str]
    messages: list[Message] = field(default_factory=list)
    facts: dict[str, Fact] = field(default_factory=dict)
    told: dict[str, str] = field(default_factory=dict)
    changed: set[str] = field(default_factory=set)
    thought: str = ""
    name: str = ""

    def tell(self) -> None:
        """The user tells one or two new facts, or takes one back."""
        rng = self.rng
        if self.facts and rng.random() < _CHANGE_SHARE[self.split]:
            fact = rng.choice(list(self.facts.values()))
            self.changed.add(fact.key)
            said = rng.choice(_CHANGES[self.language]).format(self._say(fact, plainly=True))
            self._exchange(said, self._acknowledgement([fact]))
            return
        facts = [self._new_fact() for _ in range(rng.choice((1, 1, 2)))]
        if len({fact.key for fact in facts}) < len(facts):
            facts = facts[:1]
        said = self._joined([self._say(fact) for fact in facts])
        if rng.random() < 0.12:
            fact = rng.choice(facts)
            question = rng.choice(fact.form.ask)
            self._answer(self._joined([said, question]), fact)
        else:
            self._exchange(said, self._acknowledgement(facts))

    def chat(self) -> None:
        """Something that is not to be remembered."""
        rng = self.rng
        if rng.random() < 0.3:
            a, b = rng.randint(1, 9), rng.randint(1, 9)
            self._exchange(
                rng.choice(_SUMS[self.language]).format(a=a, b=b), f"{a} + {b} = {a + b}"
            )
        else:
            self._exchange(*small_talk(rng, self.language, _CHAT))

    def ask(self) -> None:
        """The user asks for a fact that was told, or for one that was not."""
        rng = self.rng
        kind = rng.random()
        untold = _UNTOLD_SHARE[self.split]
        if not self.facts or kind < untold:
            fact = self._new_fact()
            if fact.key in self.told:
                self._answer(rng.choice(fact.form.ask), fact)
                return
            self._exchange(rng.choice(fact.form.ask), _NOT_TOLD[self.language])
            self.thought = _NOT_TOLD_THOUGHT[self.language]
            return
        own = [self.told[fact.key] for fact in self.facts.values() if fact.own]
        if own and kind < untold + _ALL_SHARE[self.split]:
            joined = self._joined(own)
            self._exchange(rng.choice(_ALL[self.language]), joined)
            self.thought = _TOLD_THOUGHT[self.language].format(joined)
            return
        self._answer(*self._question())

    def _question(self) -> tuple[str, Fact]:
        """A question about something that was told, and what it is about."""
        rng = self.rng
        facts = [fact for key, fact in self.facts.items() if key in self.changed]
        if not facts or self.split == "held_out" or rng.random() < 0.4:
            facts = list(self.facts.values())
        fact = rng.choice(facts)
        return rng.choice(fact.form.ask), fact

    def _new_fact(self) -> Fact:
        if self.rng.random() < 0.3:
            return own_fact(self.rng, self.split, self.language)
        return any_fact(self.people, self.rng, self.split, self.language)

    def _say(self, fact: Fact, plainly: bool = False) -> str:
        """Words that tell a new value of the fact, which replaces the one told before."""
        value = value_of(fact, self.rng, self.split, self.language)
        self.facts[fact.key] = fact
        self.told[fact.key] = fact.form.answer.format(v=value)
        if fact.key == "name":
            self.name = value
        wording = fact.form.say[0] if plainly else self.rng.choice(fact.form.say)
        return wording.format(v=value)

    def _joined(self, sentences: list[str]) -> str:
        full_stop, space = (".", " ") if self.language == "en" else ("。", "")
        ended = [
            sentence if sentence[-1] in ".!?。！？" else sentence + full_stop
            for sentence in sentences[:-1]
        ]
        return space.join([*ended, sentences[-1]])

    def _acknowledgement(self, facts: list[Fact]) -> str:
        if any(fact.key == "name" for fact in facts):
            return _WELCOME[self.language].format(self.name)
        return _NOTED[self.language]

    def _answer(self, question: str, fact: Fact) -> None:
        answer = self.told[fact.key]
        self._exchange(question, answer)
        self.thought = _TOLD_THOUGHT[self.language].format(answer)

    def _exchange(self, question: str, answer: str) -> None:
        self.messages += [user(question), assistant(answer)]
        self.thought = ""


def generate(rng: Random, split: Split) -> Sample:
    """A conversation of two to seven turns that ends with a question about what was told."""
    language = choose_language(rng)
    people = [given_name(rng, split, language) for _ in range(rng.choice((0, 0, 1, 2)))]
    talk = Conversation(rng, split, language, people)
    if rng.random() < 0.15:
        talk.chat()
    talk.tell()
    for _ in range(rng.randint(0, 4)):
        rng.choice((talk.tell, talk.tell, talk.ask, talk.chat))()
    talk.ask()
    if choose_thinking(rng):
        return Sample("memory", with_thought(talk.messages, talk.thought), thinking=True)
    return Sample("memory", tuple(talk.messages))


SKILL = Skill(name="memory", generate=generate, target=0.9, weight=1.6)
