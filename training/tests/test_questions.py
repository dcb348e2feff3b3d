"""Training questions about palaver, and the held-out ones."""

from __future__ import annotations

from collections import defaultdict
from random import Random

from palaver_training.skills.about import another_way
from palaver_training.skills.facts import Topic, kept_wordings, letters, topics
from palaver_training.skills.rephrasing import addressed
from palaver_training.skills.turns import Language

LANGUAGES: tuple[Language, ...] = ("en", "zh")


def _shown(topic: Topic, language: Language) -> list[str]:
    groups = (*topic.train[language], *topic.further[language])
    return [text for texts in groups for text in texts]


def test_no_training_wording_is_held_out() -> None:
    for topic in topics():
        for language in LANGUAGES:
            assert kept_wordings().isdisjoint(map(letters, _shown(topic, language))), topic.name


def test_rephrased_questions_are_not_held_out_either() -> None:
    rng = Random(1)
    for _ in range(30):
        for topic in topics():
            for language in LANGUAGES:
                if text := topic.question(rng, "train", language):
                    new = another_way(topic, text, rng, language)
                    assert letters(new) not in kept_wordings(), new


def test_a_further_wording_belongs_to_one_topic_only() -> None:
    owners = defaultdict(set)
    for topic in topics():
        for language in LANGUAGES:
            for text in _shown(topic, language):
                owners[letters(text)].add(topic.name)
    further = (
        letters(text)
        for topic in topics()
        for language in LANGUAGES
        for texts in topic.further[language]
        for text in texts
    )
    assert not {text: owners[text] for text in further if len(owners[text]) > 1}


def test_a_subject_is_named_from_the_askers_side() -> None:
    assert addressed("who I am") == "who you are"
    assert addressed("my name") == "your name"
    assert addressed("whether I am human") == "you are human"
    assert addressed("我的名字") == "你的名字"
