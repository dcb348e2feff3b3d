"""Samplers with typical mistakes, each as the probabilities that it gives to tokens."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TypeAlias

import numpy as np

from tests.sampling.reference import (
    Place,
    Vector,
    Wishes,
    biased,
    chances,
    filtered,
    in_min_p,
    in_top_k,
    in_top_p,
    only,
    rank,
    repeated,
    softmax,
    used,
)

Sampler: TypeAlias = Callable[[Place, Wishes], Vector]


def temperature_ignored(place: Place, wishes: Wishes) -> Vector:
    return chances(place, replace(wishes, temperature=1))


def always_the_likeliest(place: Place, wishes: Wishes) -> Vector:
    return chances(place, replace(wishes, temperature=0))


def temperature_multiplies(place: Place, wishes: Wishes) -> Vector:
    return chances(place, replace(wishes, temperature=1 / wishes.temperature))


def temperature_behind_the_filters(place: Place, wishes: Wishes) -> Vector:
    p = chances(place, replace(wishes, temperature=1))
    return only(p ** (1 / wishes.temperature), p > 0)


def top_k_ignored(place: Place, wishes: Wishes) -> Vector:
    return chances(place, replace(wishes, top_k=0))


def top_k_keeps_one_more(place: Place, wishes: Wishes) -> Vector:
    return chances(place, replace(wishes, top_k=wishes.top_k + 1))


def top_k_keeps_one_less(place: Place, wishes: Wishes) -> Vector:
    return chances(place, replace(wishes, top_k=wishes.top_k - 1))


def top_p_ignored(place: Place, wishes: Wishes) -> Vector:
    return chances(place, replace(wishes, top_p=1))


def top_p_without_the_crossing_token(place: Place, wishes: Wishes) -> Vector:
    p = chances(place, replace(wishes, top_p=1))
    places = rank(p)
    return only(p, places < max(1, places[in_top_p(p, wishes.top_p)].max()))


def top_p_of_all_beside_top_k(place: Place, wishes: Wishes) -> Vector:
    p = chances(place, replace(wishes, top_k=0, top_p=1))
    return only(p, in_top_k(p, wishes.top_k) & in_top_p(p, wishes.top_p))


def top_p_gives_the_rest_to_the_likeliest(place: Place, wishes: Wishes) -> Vector:
    p = chances(place, replace(wishes, top_p=1))
    kept = np.where(in_top_p(p, wishes.top_p), p, 0)
    kept[p.argmax()] += 1 - kept.sum()
    return kept


def min_p_ignored(place: Place, wishes: Wishes) -> Vector:
    return chances(place, replace(wishes, min_p=0))


def min_p_of_all_the_mass(place: Place, wishes: Wishes) -> Vector:
    p = chances(place, replace(wishes, min_p=0))
    return only(p, p >= min(wishes.min_p, p.max()))


def min_p_before_temperature(place: Place, wishes: Wishes) -> Vector:
    plain = chances(place, replace(wishes, temperature=1, min_p=0))
    p = chances(place, replace(wishes, min_p=0))
    return only(p, in_min_p(plain, wishes.min_p))


def bias_ignored(place: Place, wishes: Wishes) -> Vector:
    return chances(place, replace(wishes, logit_bias={}))


def bias_of_the_wrong_sign(place: Place, wishes: Wishes) -> Vector:
    turned = {token: -bias for token, bias in wishes.logit_bias.items()}
    return chances(place, replace(wishes, logit_bias=turned))


def bias_of_100_is_just_added(place: Place, wishes: Wishes) -> Vector:
    logits = place.logits.copy()
    for token, bias in wishes.logit_bias.items():
        logits[token] += bias
    return chances(replace(place, logits=logits), replace(wishes, logit_bias={}))


def bias_behind_temperature(place: Place, wishes: Wishes) -> Vector:
    logits = used(repeated(place.logits, wishes, place.seen), wishes, place.answer)
    return filtered(softmax(biased(logits / wishes.temperature, wishes)), wishes)


def bias_behind_repetition(place: Place, wishes: Wishes) -> Vector:
    logits = biased(repeated(place.logits, wishes, place.seen), wishes)
    return filtered(softmax(used(logits, wishes, place.answer) / wishes.temperature), wishes)


def frequency_of_the_wrong_sign(place: Place, wishes: Wishes) -> Vector:
    changed = replace(wishes, frequency_penalty=-wishes.frequency_penalty)
    return chances(place, changed)


def frequency_counts_once(place: Place, wishes: Wishes) -> Vector:
    once = wishes.presence_penalty + wishes.frequency_penalty
    changed = replace(wishes, presence_penalty=once, frequency_penalty=0)
    return chances(place, changed)


def presence_of_the_wrong_sign(place: Place, wishes: Wishes) -> Vector:
    changed = replace(wishes, presence_penalty=-wishes.presence_penalty)
    return chances(place, changed)


def presence_counts_each_use(place: Place, wishes: Wishes) -> Vector:
    each = wishes.presence_penalty + wishes.frequency_penalty
    changed = replace(wishes, presence_penalty=0, frequency_penalty=each)
    return chances(place, changed)


def penalties_count_the_prompt(place: Place, wishes: Wishes) -> Vector:
    logits = repeated(biased(place.logits, wishes), wishes, place.seen)
    logits = used(logits, wishes, place.seen)
    return filtered(softmax(logits / wishes.temperature), wishes)


def penalties_behind_temperature(place: Place, wishes: Wishes) -> Vector:
    logits = repeated(biased(place.logits, wishes) / wishes.temperature, wishes, place.seen)
    return filtered(softmax(used(logits, wishes, place.answer)), wishes)


def repetition_ignored(place: Place, wishes: Wishes) -> Vector:
    return chances(place, replace(wishes, repetition_penalty=1))


def repetition_of_the_answer_alone(place: Place, wishes: Wishes) -> Vector:
    return chances(replace(place, prompt=()), wishes)


def repetition_of_the_prompt_alone(place: Place, wishes: Wishes) -> Vector:
    logits = used(
        repeated(biased(place.logits, wishes), wishes, place.prompt), wishes, place.answer
    )
    return filtered(softmax(logits / wishes.temperature), wishes)


def repetition_divides_negative_logits(place: Place, wishes: Wishes) -> Vector:
    logits = biased(place.logits, wishes)
    seen = sorted(set(place.seen))
    logits[seen] /= wishes.repetition_penalty
    return filtered(softmax(used(logits, wishes, place.answer) / wishes.temperature), wishes)


def the_second_likeliest_never_comes(place: Place, wishes: Wishes) -> Vector:
    p = chances(place, wishes)
    return only(p, rank(p) != 1)
