"""Exact biases and penalties: two tokens get a known distance, which decides the likelier one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from palaver.chat.tokenizer import Tokenizer
from palaver.models.catalogue import BUILT_IN_FOLDER
from tests.conformance.recording import COMPLETIONS_PATH, token_id
from tests.server import chat

LIFT = 50.0
"""A bias that raises two tokens above all others and keeps their distance."""


@dataclass(frozen=True)
class Pair:
    """Two tokens and how much likelier the first one is than the second.

    Attributes:
        first: A token id.
        second: Another.
        lead: Difference of their log probabilities at the beginning of the answer.
        lead_again: The same after the first token.
    """

    first: int
    second: int
    lead: float
    lead_again: float

    def biases(self, lead_again: float) -> dict[str, float]:
        """Biases that change the lead after the first token into ``lead_again``."""
        change = lead_again - self.lead_again
        return {str(self.first): LIFT + change, str(self.second): LIFT}


def tokens(client: httpx.Client, **fields: Any) -> Any:
    response = client.post(COMPLETIONS_PATH, json=chat(logprobs=True, **fields))
    assert response.status_code == 200, response.text
    return response.json()["choices"][0]["logprobs"]["content"]


def forced(client: httpx.Client, token_id: int, num: int) -> Any:
    """The log probabilities of an answer that repeats one token."""
    return tokens(client, max_tokens=num, top_logprobs=20, logit_bias={str(token_id): 100})


@pytest.fixture(scope="module")
def pair(client: httpx.Client) -> Pair:
    """Two tokens; the first one is sampled first, even if its lead after itself is small."""
    tokenizer = Tokenizer((BUILT_IN_FOLDER / "tokenizer.json").read_text())

    def ids(entries: Any) -> dict[int, float]:
        found = {}
        for entry in entries:
            token_ids = tokenizer.encode(entry["token"])
            if len(token_ids) == 1 and list(tokenizer.bytes_of(token_ids[0])) == entry["bytes"]:
                found[token_ids[0]] = entry["logprob"]
        return found

    (start,) = tokens(client, max_tokens=1, top_logprobs=20)
    for first, logprob in ids(start["top_logprobs"]).items():
        _, again = forced(client, first, 2)
        for second, logprob_again in ids(again["top_logprobs"]).items():
            (other,) = forced(client, second, 1)
            lead = logprob - other["logprob"]
            lead_again = again["logprob"] - logprob_again
            if second != first and lead > lead_again + 3 and abs(lead_again) < LIFT / 2:
                return Pair(first, second, lead, lead_again)
    raise AssertionError("no two tokens suit")


def answer(client: httpx.Client, pair: Pair, lead_again: float, **fields: Any) -> list[int]:
    """Which of the two tokens an answer of two tokens consists of."""
    names = {tuple(forced(client, i, 1)[0]["bytes"]): i for i in (pair.first, pair.second)}
    entries = tokens(client, max_tokens=2, logit_bias=pair.biases(lead_again), **fields)
    return [names[tuple(entry["bytes"])] for entry in entries]


@pytest.mark.spec("S28")
@pytest.mark.parametrize("lead", [0.05, -0.05, 1.5, -1.5])
def test_a_bias_moves_a_token_by_exactly_its_value(
    client: httpx.Client, pair: Pair, lead: float
) -> None:
    chosen = pair.first if lead > 0 else pair.second
    assert answer(client, pair, lead) == [pair.first, chosen]


@pytest.mark.parametrize(
    ("lead", "fields", "is_first"),
    [
        pytest.param(1, {"presence_penalty": 0.9}, True, marks=pytest.mark.spec("S21")),
        pytest.param(1, {"presence_penalty": 1.1}, False, marks=pytest.mark.spec("S21")),
        pytest.param(-1, {"presence_penalty": -0.9}, False, marks=pytest.mark.spec("S21")),
        pytest.param(-1, {"presence_penalty": -1.1}, True, marks=pytest.mark.spec("S21")),
        pytest.param(1, {"frequency_penalty": 0.9}, True, marks=pytest.mark.spec("S20")),
        pytest.param(1, {"frequency_penalty": 1.1}, False, marks=pytest.mark.spec("S20")),
        pytest.param(-1, {"frequency_penalty": -0.9}, False, marks=pytest.mark.spec("S20")),
        pytest.param(-1, {"frequency_penalty": -1.1}, True, marks=pytest.mark.spec("S20")),
        pytest.param(
            1,
            {"presence_penalty": 0.6, "frequency_penalty": 0.6},
            False,
            marks=[pytest.mark.spec("S20"), pytest.mark.spec("S21")],
        ),
    ],
)
def test_a_penalty_moves_a_token_that_has_occurred_by_exactly_its_value(
    client: httpx.Client, pair: Pair, lead: float, fields: dict[str, float], is_first: bool
) -> None:
    chosen = pair.first if is_first else pair.second
    assert answer(client, pair, lead, **fields) == [pair.first, chosen]


@pytest.mark.spec("S20")
@pytest.mark.spec("S21")
@pytest.mark.spec("S22")
def test_the_repetition_penalty_alone_counts_the_prompt(client: httpx.Client) -> None:
    ids = [token_id(letter) for letter in "qx"]
    q, x = (tokens(client, content="q", max_tokens=1, logit_bias={str(i): 100}) for i in ids)
    lead = q[0]["logprob"] - x[0]["logprob"]
    biases = {str(ids[0]): LIFT + 1 - lead, str(ids[1]): LIFT}

    def first_token(**fields: float) -> Any:
        return tokens(client, content="q", max_tokens=1, logit_bias=biases, **fields)[0]["token"]

    assert first_token() == "q"
    assert first_token(presence_penalty=2, frequency_penalty=2) == "q"
    assert first_token(repetition_penalty=2) == "x"
