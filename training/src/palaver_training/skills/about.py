"""Answers to greetings and to questions about palaver and this model."""

from __future__ import annotations

from functools import partial
from random import Random

from palaver_training.sample import Message, Sample, Skill, Split
from palaver_training.skills.facts import Topic, kept_wordings, letters, topics
from palaver_training.skills.rephrasing import rephrased
from palaver_training.skills.turns import Language, assistant, system, user, with_thought
from palaver_training.skills.wording import as_typed

SYSTEM_PROMPTS: dict[Language, tuple[str, ...]] = {
    "en": (
        "You are a helpful assistant.",
        "You are a friendly assistant.",
        "You are a helpful, honest assistant.",
        "You are an assistant.",
        "Be helpful and polite.",
        "Answer the user's questions.",
        "You are palaver/tiny.",
    ),
    "zh": (
        "你是一个有用的助手。",
        "你是一个助手。",
        "请回答用户的问题。",
        "你是友好的助手。",
    ),
}

CHINESE_SHARE = 0.35
GREETING_SHARE = 0.22
SYSTEM_SHARE = 0.15
EARLIER_SHARE = 0.15
THINKING_SHARE = 0.1
FURTHER_SHARE = 0.25
"""Share of the training questions of patterns that the examination does not draw from."""
REPHRASED_SHARE = {False: 0.2, True: 0.1}
"""Share of the training questions put in another way; of greetings fewer."""


def generate(rng: Random, split: Split) -> Sample:
    """A question about palaver or a greeting, perhaps after an earlier one, and its answer."""
    language: Language = "zh" if rng.random() < CHINESE_SHARE else "en"
    topic, question = ask(rng, split, language, rephrase=split == "train")
    messages = [
        *opening(rng, language),
        user(question),
        assistant(topic.answer[language]),
    ]
    thinking = rng.random() < THINKING_SHARE
    return Sample(
        skill="about",
        messages=with_thought(messages, thought(topic, language)) if thinking else tuple(messages),
        thinking=thinking,
        check=partial(says, topic.answer[language]),
    )


def opening(rng: Random, language: Language) -> list[Message]:
    """What may stand before a question: nothing, a system prompt, an earlier question, or both."""
    messages: list[Message] = []
    if rng.random() < SYSTEM_SHARE:
        prompts: Language = language if rng.random() < 0.5 else "en"
        messages.append(system(rng.choice(SYSTEM_PROMPTS[prompts])))
    if rng.random() < EARLIER_SHARE:
        earlier: Language = language if rng.random() < 0.8 else _other(language)
        topic, question = ask(rng, "train", earlier)
        messages += [user(question), assistant(topic.answer[earlier])]
    return messages


def ask(
    rng: Random, split: Split, language: Language, *, rephrase: bool = False
) -> tuple[Topic, str]:
    """A topic and a question about it, as people type it, perhaps rephrased."""
    greets = rng.random() < GREETING_SHARE
    choices = [topic for topic in topics() if (topic.group == "greetings") == greets]
    while True:
        topic = rng.choice(choices)
        if text := topic.question(rng, split, language):
            if rephrase:
                text = another_way(topic, text, rng, language)
            return topic, as_typed(text, rng, language, greeting=greets)


def another_way(topic: Topic, text: str, rng: Random, language: Language) -> str:
    """A training question, often of further patterns or put in a way that no pattern has."""
    if rng.random() < FURTHER_SHARE:
        text = topic.further_question(rng, language) or text
    if rng.random() > REPHRASED_SHARE[topic.group == "greetings"]:
        return text
    second = topic.question(rng, "train", language) or text
    new = rephrased((text, second), topic.subject[language], rng, language)
    return text if letters(new) in kept_wordings() else new


def thought(topic: Topic, language: Language) -> str:
    """What the model thinks before it answers about a topic."""
    if language == "en":
        return f"This is about {topic.subject['en']}."
    return f"这是关于{topic.subject['zh']}的。"


def says(expected: str, answer: Message) -> bool:
    """Whether an answer is ``expected``, whitespace aside, without a tool call."""
    content = str(answer.get("content") or "")
    return not answer.get("tool_calls") and content.split() == expected.split()


def _other(language: Language) -> Language:
    return "en" if language == "zh" else "zh"


SKILL = Skill(name="about", generate=generate, target=0.95, weight=12.0)
