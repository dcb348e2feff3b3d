"""Messages arrive in the other process unchanged."""

from __future__ import annotations

import pytest

from palaver.engine.process.messages import (
    Cancel,
    FromEngine,
    Inspect,
    Inspection,
    Ready,
    Refused,
    StepDone,
    Submit,
    ToEngine,
    decode_from_engine,
    decode_ready,
    decode_to_engine,
    encode,
)
from palaver.generation.output import TokenLogprobs, TokenOutput
from palaver.generation.stats import SequenceState, StepStats
from tests.engine.conversations import request

STATS = StepStats(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 0.5, 0.25)


@pytest.mark.parametrize(
    "message",
    [
        Submit(request(2**40, [1, 2], seed=2**64 - 1, logit_bias={3: -1.5}, num_choices=128)),
        Submit(request(1, [0], num_top_logprobs=0, stop_token_ids=(3, 4))),
        Cancel(1),
        Cancel(1, 0),
        Inspect(),
    ],
)
def test_a_message_to_the_engine_comes_back_equal(message: ToEngine) -> None:
    assert decode_to_engine(encode(message)) == message


@pytest.mark.parametrize(
    "message",
    [
        Refused(1, "too long"),
        StepDone([TokenOutput(1, 2, 3), TokenOutput(1, 2, 3, "stop", 7)], STATS),
        StepDone(
            [TokenOutput(1, 2, 3, logprobs=TokenLogprobs(-0.25, [(3, -0.25), (4, -2.0)]))], STATS
        ),
        Inspection([SequenceState(1, 0, "decode", 5, 0, 6, 2, 1)]),
    ],
)
def test_a_message_from_the_engine_comes_back_equal(message: FromEngine) -> None:
    assert decode_from_engine(encode(message)) == message


@pytest.mark.parametrize(
    "message",
    [
        Ready(64, 4096, 0.5),
        Ready(64, 4096, 0.5, has_hidden_states=True, media_kinds=("audio", "image")),
    ],
)
def test_the_ready_message_comes_back_equal(message: Ready) -> None:
    assert decode_ready(encode(message)) == message
