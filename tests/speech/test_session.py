"""The choices of a completion, spoken while they are generated."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from palaver.chat.delta import Delta
from palaver.errors import InvalidRequest, ModelNotAvailable
from palaver.generation.request import Prompt
from palaver.speech import session as session_module
from palaver.speech.answers import SpokenAnswers
from palaver.speech.narration import VoiceNarration
from palaver.speech.session import SpeechSession
from palaver.speech.voice import Samples
from tests.speech.beeping import BeepingVoice

PROMPT = Prompt([1, 2, 3])


class Talker(VoiceNarration):
    """Beeps, and records its calls.

    Attributes:
        events: In order.
    """

    def __init__(self, *, wants_hidden_states: bool = False) -> None:
        super().__init__(BeepingVoice())
        self.wants_hidden_states = wants_hidden_states
        self.events: list[str] = []

    def take_hidden_states(self, hidden_states: Sequence[NDArray[np.float32]]) -> None:
        self.events.append(f"hidden states {sum(map(len, hidden_states))}")

    async def say(self, sentence: str, language: str) -> AsyncGenerator[Samples, None]:
        self.events.append(f"said {sentence}")
        async for samples in super().say(sentence, language):
            yield samples

    def close(self) -> None:
        self.events.append("closed")


def session_of(*talkers: Talker, is_whole: bool = False) -> SpeechSession:
    """A session whose choices these speak."""
    left = iter(talkers)
    return SpeechSession(
        lambda prompt: next(left),
        "pcm16",
        SpokenAnswers(),
        is_whole=is_whole,
        num_choices=len(talkers),
    )


async def written(*batches: list[Delta]) -> AsyncGenerator[list[Delta], None]:
    for batch in batches:
        await asyncio.sleep(0)
        yield batch


async def accompanied(session: SpeechSession, *batches: list[Delta]) -> list[Delta]:
    return [delta async for deltas in session.add_audio(written(*batches)) for delta in deltas]


def test_text_passes_unchanged_and_ends_when_all_is_spoken() -> None:
    async def run() -> list[Delta]:
        session = session_of(Talker())
        session.begin(PROMPT)
        return await accompanied(
            session, [Delta(0, content="One. ")], [Delta(0, content="Two.", finish_reason="stop")]
        )

    deltas = asyncio.run(run())
    assert "".join(delta.content for delta in deltas) == "One. Two."
    assert [delta.finish_reason for delta in deltas if delta.finish_reason] == ["stop"]
    assert deltas[-1] == Delta(0, finish_reason="stop")
    spoken = [delta.audio for delta in deltas if delta.audio]
    assert spoken[0].id.startswith("audio_")
    assert not any(audio.id for audio in spoken[1:])
    assert "".join(audio.transcript for audio in spoken) == "One. Two."
    assert sum(len(audio.data) for audio in spoken) == 6 * 200
    assert spoken[-1].expires_s is not None


@pytest.mark.parametrize("is_wanted", [True, False])
def test_hidden_states_are_given_once_before_the_first_sentence(is_wanted: bool) -> None:
    async def run() -> list[str]:
        talker = Talker(wants_hidden_states=is_wanted)
        session = session_of(talker)
        assert session.begin(PROMPT) is is_wanted
        if is_wanted:
            session.take_hidden_states([np.zeros((2, 4), np.float32), np.zeros((3, 4), np.float32)])
        await accompanied(session, [Delta(0, content="One.", finish_reason="stop")])
        return talker.events

    found = ["hidden states 5"] if is_wanted else []
    assert asyncio.run(run()) == [*found, "said One.", "closed"]


def test_choices_are_spoken_side_by_side() -> None:
    async def run() -> tuple[list[Delta], int]:
        session = session_of(Talker(), Talker())
        session.begin(PROMPT)
        deltas = await accompanied(
            session,
            [Delta(0, content="Abc."), Delta(1, content="Abcdef.", finish_reason="stop")],
            [Delta(0, finish_reason="length")],
        )
        return deltas, session.num_tokens

    deltas, num_tokens = asyncio.run(run())
    ends = {delta.choice: delta.finish_reason for delta in deltas if delta.finish_reason}
    assert ends == {0: "length", 1: "stop"}
    assert num_tokens == 2


def test_a_voice_that_fails_fails_the_completion_and_frees_the_narrations() -> None:
    async def run() -> list[str]:
        talker = Talker()
        session = session_of(talker)
        session.begin(PROMPT)
        with pytest.raises(ModelNotAvailable, match="broken"):
            await accompanied(session, [Delta(0, content="No!", finish_reason="stop")])
        return talker.events

    assert asyncio.run(run())[-1] == "closed"


def test_closing_a_session_ends_the_speaking() -> None:
    async def run() -> list[str]:
        talker = Talker()
        session = session_of(talker)
        session.begin(PROMPT)
        deltas = session.add_audio(
            written([Delta(0, content="One. ")], *([Delta(0, content="More. ")] for _ in range(99)))
        )
        await anext(deltas)
        await deltas.aclose()
        while "closed" not in talker.events:
            await asyncio.sleep(0)
        num_events = len(talker.events)
        await asyncio.sleep(0.01)
        assert len(talker.events) == num_events
        return talker.events

    assert asyncio.run(run())[-1] == "closed"


@pytest.mark.parametrize("is_whole", [True, False])
def test_audio_that_is_too_long_for_one_piece_is_refused(
    monkeypatch: pytest.MonkeyPatch, is_whole: bool
) -> None:
    monkeypatch.setattr(session_module, "_MAX_WHOLE_S", 0.01)

    async def run() -> list[Delta]:
        session = session_of(Talker(), is_whole=is_whole)
        session.begin(PROMPT)
        return await accompanied(session, [Delta(0, content="Abcdef.", finish_reason="stop")])

    if is_whole:
        with pytest.raises(InvalidRequest, match="ask for a stream"):
            asyncio.run(run())
    else:
        assert asyncio.run(run())
