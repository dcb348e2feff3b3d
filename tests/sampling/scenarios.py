"""Requests to the sampler, and the mistakes that each of them must expose."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from tests.sampling import wrong
from tests.sampling.model import Model
from tests.sampling.reference import Params
from tests.sampling.wrong import Sampler

STORY = "Tell me a story."
"""A message with many different answers; at most two in five begin alike."""
PAIR = {" a": 23.5, " the": 24.0}
"""Two words with logits that make them about as likely, whichever of them have come before; the
first is a token of the prompt, too."""

FALLING = {
    " of": 24.0, " to": 23.85, " in": 23.6, " is": 23.4, " and": 23.0, " it": 22.8, " was": 22.6,
    " he": 22.2, " one": 21.9, " with": 21.6, " for": 21.2, " on": 20.8, " you": 20.4, " at": 20.0,
}  # fmt: skip
"""Words whose probabilities fall by small steps, set by ``logit_bias``."""


@dataclass(frozen=True)
class Scenario:
    """A request that is sampled often.

    Attributes:
        name: The behaviour that it shows.
        rows: The specification's rows that it shows.
        params: Its sampling parameters.
        mistakes: Samplers that must be rejected in it.
        bias: ``logit_bias`` by the tokens' texts.
        levels: Logits that these tokens have at the answer's beginning, made so by ``logit_bias``.
        is_only: Whether no other tokens can come than those with such a level.
        num_tokens: Tokens of each answer.
    """

    name: str
    rows: tuple[str, ...]
    params: Params
    mistakes: tuple[Sampler, ...]
    bias: Mapping[str, float] = field(default_factory=dict)
    levels: Mapping[str, float] = field(default_factory=dict)
    is_only: bool = False
    num_tokens: int = 1

    def params_for(self, model: Model) -> Params:
        """The parameters with the bias as the API takes it, by token ids."""
        biases = {model.id_of(text, text.encode()): bias for text, bias in self.bias.items()}
        if self.is_only:
            biases |= dict.fromkeys(range(model.vocab_size), -100.0)
        logits = model.place(STORY).logits
        for text, level in self.levels.items():
            token = model.id_of(text, text.encode())
            biases[token] = round(level - float(logits[token]), 2)
        return replace(self.params, logit_bias=biases)


def _penalised(params: Params, *mistakes: Sampler, rows: tuple[str, ...]) -> Scenario:
    """Answers of six tokens, each of them one of two."""
    name = f"{params} over two words"
    return Scenario(name, rows, params, mistakes, levels=PAIR, is_only=True, num_tokens=6)


def _filtered(params: Params, *mistakes: Sampler, rows: tuple[str, ...]) -> Scenario:
    """One sample of :data:`FALLING`."""
    return Scenario(str(params), rows, params, mistakes, levels=FALLING, is_only=True)


def _plain(params: Params, *mistakes: Sampler, rows: tuple[str, ...]) -> Scenario:
    return Scenario(str(params), rows, params, mistakes)


SCENARIOS = (
    _plain(
        Params(), wrong.the_second_likeliest_never_comes, wrong.always_the_likeliest, rows=("S24",)
    ),
    _plain(Params(temperature=0), wrong.temperature_ignored, rows=("S24",)),
    _plain(
        Params(temperature=0.5),
        wrong.temperature_ignored,
        wrong.temperature_multiplies,
        rows=("S24",),
    ),
    _plain(
        Params(temperature=2),
        wrong.temperature_ignored,
        wrong.temperature_multiplies,
        rows=("S24",),
    ),
    _filtered(
        Params(top_p=0.65),
        wrong.top_p_ignored,
        wrong.top_p_without_the_crossing_token,
        wrong.top_p_gives_the_rest_to_the_likeliest,
        rows=("S25",),
    ),
    _filtered(
        Params(temperature=1.5, top_p=0.5),
        wrong.top_p_without_the_crossing_token,
        wrong.temperature_after_the_filters,
        rows=("S25", "S24"),
    ),
    _filtered(
        Params(top_k=5),
        wrong.top_k_ignored,
        wrong.top_k_keeps_one_more,
        wrong.top_k_keeps_one_less,
        rows=("S26",),
    ),
    _plain(Params(temperature=2, top_k=128), wrong.top_k_ignored, rows=("S26", "S24")),
    _filtered(Params(top_k=4, top_p=0.75), wrong.top_p_of_all_beside_top_k, rows=("S26", "S25")),
    _filtered(Params(min_p=0.2), wrong.min_p_ignored, wrong.min_p_of_all_the_mass, rows=("S27",)),
    _filtered(
        Params(temperature=1.6, min_p=0.45),
        wrong.min_p_before_temperature,
        wrong.temperature_after_the_filters,
        rows=("S27", "S24"),
    ),
    _filtered(
        Params(temperature=1.6, top_p=0.7, top_k=9, min_p=0.1),
        wrong.temperature_after_the_filters,
        wrong.top_p_of_all_beside_top_k,
        wrong.top_p_ignored,
        rows=("S24", "S25", "S26", "S27"),
    ),
    _filtered(
        Params(temperature=1.6, top_p=0.9, top_k=9, min_p=0.45),
        wrong.temperature_after_the_filters,
        wrong.min_p_ignored,
        rows=("S24", "S25", "S26", "S27"),
    ),
    Scenario(
        "logit_bias up and down",
        ("S28",),
        Params(),
        (wrong.bias_ignored, wrong.bias_of_the_wrong_sign),
        bias={"T": 0.8, "O": -0.9, "J": 2.5},
    ),
    Scenario(
        "logit_bias forbids",
        ("S28",),
        Params(),
        (wrong.bias_ignored, wrong.bias_of_the_wrong_sign),
        bias={"O": -100},
    ),
    Scenario(
        "logit_bias forces",
        ("S28",),
        Params(),
        (wrong.bias_ignored, wrong.bias_of_100_is_just_added),
        bias={"T": 100, "M": 100, "J": 100, "O": 99.5},
    ),
    Scenario(
        "logit_bias and temperature",
        ("S28", "S24"),
        Params(temperature=0.6),
        (wrong.bias_ignored, wrong.bias_after_temperature),
        bias={"T": 1.5, "M": 2, "O": -1},
    ),
    Scenario(
        "logit_bias and repetition_penalty",
        ("S28", "S22"),
        Params(repetition_penalty=1.4),
        (wrong.bias_ignored, wrong.bias_after_repetition),
        bias={"T": 5},
    ),
    _penalised(
        Params(frequency_penalty=0.8),
        wrong.frequency_of_the_wrong_sign,
        wrong.frequency_counts_once,
        wrong.penalties_count_the_prompt,
        rows=("S20",),
    ),
    _penalised(
        Params(frequency_penalty=-0.6),
        wrong.frequency_of_the_wrong_sign,
        wrong.frequency_counts_once,
        rows=("S20",),
    ),
    _penalised(
        Params(presence_penalty=1.5),
        wrong.presence_of_the_wrong_sign,
        wrong.presence_counts_each_use,
        wrong.penalties_count_the_prompt,
        rows=("S21",),
    ),
    _penalised(
        Params(presence_penalty=-1.2),
        wrong.presence_of_the_wrong_sign,
        wrong.presence_counts_each_use,
        rows=("S21",),
    ),
    _penalised(
        Params(repetition_penalty=1.05),
        wrong.repetition_ignored,
        wrong.repetition_of_the_answer_alone,
        wrong.repetition_of_the_prompt_alone,
        rows=("S22",),
    ),
    Scenario(
        "repetition_penalty of negative logits",
        ("S22",),
        Params(repetition_penalty=1.6),
        (wrong.repetition_ignored, wrong.repetition_divides_negative_logits),
        levels={"T": -1.5, "O": -3.0},
        is_only=True,
        num_tokens=2,
    ),
    _penalised(
        Params(temperature=2, frequency_penalty=0.9, presence_penalty=1.8),
        wrong.penalties_after_temperature,
        wrong.frequency_counts_once,
        wrong.presence_counts_each_use,
        rows=("S20", "S21", "S24"),
    ),
    Scenario(
        "all together",
        ("S20", "S21", "S22", "S24", "S25", "S26", "S27", "S28"),
        Params(1.5, 0.95, 6, 0.05, 0.9, 0.9, 1.05),
        (
            wrong.temperature_ignored,
            wrong.top_k_ignored,
            wrong.bias_ignored,
            wrong.repetition_ignored,
            wrong.frequency_of_the_wrong_sign,
            wrong.presence_of_the_wrong_sign,
        ),
        levels={"T": 24, "O": 23.7, "M": 23.1, "L": 22.6, "E": 22.2, "J": 21.9, "H": 21},
        num_tokens=3,
    ),
)
