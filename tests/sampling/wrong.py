"""Samplers with typical mistakes, each as the probabilities that it gives to tokens."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TypeAlias

import numpy as np

from tests.sampling.reference import (
    Params,
    Place,
    Vector,
    biased,
    filtered,
    in_min_p,
    in_top_k,
    in_top_p,
    only,
    probabilities,
    rank,
    repeated,
    softmax,
    used,
)

Sampler: TypeAlias = Callable[[Place, Params], Vector]


def temperature_ignored(place: Place, params: Params) -> Vector:
    return probabilities(place, replace(params, temperature=1))


def always_the_likeliest(place: Place, params: Params) -> Vector:
    return probabilities(place, replace(params, temperature=0))


def temperature_multiplies(place: Place, params: Params) -> Vector:
    return probabilities(place, replace(params, temperature=1 / params.temperature))


def temperature_after_the_filters(place: Place, params: Params) -> Vector:
    p = probabilities(place, replace(params, temperature=1))
    return only(p ** (1 / params.temperature), p > 0)


def top_k_ignored(place: Place, params: Params) -> Vector:
    return probabilities(place, replace(params, top_k=0))


def top_k_keeps_one_more(place: Place, params: Params) -> Vector:
    return probabilities(place, replace(params, top_k=params.top_k + 1))


def top_k_keeps_one_less(place: Place, params: Params) -> Vector:
    return probabilities(place, replace(params, top_k=params.top_k - 1))


def top_p_ignored(place: Place, params: Params) -> Vector:
    return probabilities(place, replace(params, top_p=1))


def top_p_without_the_crossing_token(place: Place, params: Params) -> Vector:
    p = probabilities(place, replace(params, top_p=1))
    places = rank(p)
    return only(p, places < max(1, places[in_top_p(p, params.top_p)].max()))


def top_p_of_all_beside_top_k(place: Place, params: Params) -> Vector:
    p = probabilities(place, replace(params, top_k=0, top_p=1))
    return only(p, in_top_k(p, params.top_k) & in_top_p(p, params.top_p))


def top_p_gives_the_rest_to_the_likeliest(place: Place, params: Params) -> Vector:
    p = probabilities(place, replace(params, top_p=1))
    kept = np.where(in_top_p(p, params.top_p), p, 0)
    kept[p.argmax()] += 1 - kept.sum()
    return kept


def min_p_ignored(place: Place, params: Params) -> Vector:
    return probabilities(place, replace(params, min_p=0))


def min_p_of_all_the_mass(place: Place, params: Params) -> Vector:
    p = probabilities(place, replace(params, min_p=0))
    return only(p, p >= min(params.min_p, p.max()))


def min_p_before_temperature(place: Place, params: Params) -> Vector:
    plain = probabilities(place, replace(params, temperature=1, min_p=0))
    p = probabilities(place, replace(params, min_p=0))
    return only(p, in_min_p(plain, params.min_p))


def bias_ignored(place: Place, params: Params) -> Vector:
    return probabilities(place, replace(params, logit_bias={}))


def bias_of_the_wrong_sign(place: Place, params: Params) -> Vector:
    turned = {token: -bias for token, bias in params.logit_bias.items()}
    return probabilities(place, replace(params, logit_bias=turned))


def bias_of_100_is_just_added(place: Place, params: Params) -> Vector:
    logits = place.logits.copy()
    for token, bias in params.logit_bias.items():
        logits[token] += bias
    return probabilities(replace(place, logits=logits), replace(params, logit_bias={}))


def bias_after_temperature(place: Place, params: Params) -> Vector:
    logits = used(repeated(place.logits, params, place.seen), params, place.answer)
    return filtered(softmax(biased(logits / params.temperature, params)), params)


def bias_after_repetition(place: Place, params: Params) -> Vector:
    logits = biased(repeated(place.logits, params, place.seen), params)
    return filtered(softmax(used(logits, params, place.answer) / params.temperature), params)


def frequency_of_the_wrong_sign(place: Place, params: Params) -> Vector:
    changed = replace(params, frequency_penalty=-params.frequency_penalty)
    return probabilities(place, changed)


def frequency_counts_once(place: Place, params: Params) -> Vector:
    once = params.presence_penalty + params.frequency_penalty
    changed = replace(params, presence_penalty=once, frequency_penalty=0)
    return probabilities(place, changed)


def presence_of_the_wrong_sign(place: Place, params: Params) -> Vector:
    changed = replace(params, presence_penalty=-params.presence_penalty)
    return probabilities(place, changed)


def presence_counts_each_use(place: Place, params: Params) -> Vector:
    each = params.presence_penalty + params.frequency_penalty
    changed = replace(params, presence_penalty=0, frequency_penalty=each)
    return probabilities(place, changed)


def penalties_count_the_prompt(place: Place, params: Params) -> Vector:
    logits = repeated(biased(place.logits, params), params, place.seen)
    logits = used(logits, params, place.seen)
    return filtered(softmax(logits / params.temperature), params)


def penalties_after_temperature(place: Place, params: Params) -> Vector:
    logits = repeated(biased(place.logits, params) / params.temperature, params, place.seen)
    return filtered(softmax(used(logits, params, place.answer)), params)


def repetition_ignored(place: Place, params: Params) -> Vector:
    return probabilities(place, replace(params, repetition_penalty=1))


def repetition_of_the_answer_alone(place: Place, params: Params) -> Vector:
    return probabilities(replace(place, prompt=()), params)


def repetition_of_the_prompt_alone(place: Place, params: Params) -> Vector:
    logits = used(
        repeated(biased(place.logits, params), params, place.prompt), params, place.answer
    )
    return filtered(softmax(logits / params.temperature), params)


def repetition_divides_negative_logits(place: Place, params: Params) -> Vector:
    logits = biased(place.logits, params)
    seen = sorted(set(place.seen))
    logits[seen] /= params.repetition_penalty
    return filtered(softmax(used(logits, params, place.answer) / params.temperature), params)


def the_second_likeliest_never_comes(place: Place, params: Params) -> Vector:
    p = probabilities(place, params)
    return only(p, rank(p) != 1)
