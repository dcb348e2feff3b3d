"""One choice spoken while it is generated."""

from __future__ import annotations

import asyncio
import base64

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from palaver.chat.families.catalogue import HERMES
from palaver.errors import ModelNotAvailable
from palaver.speech.choice import SpokenChoice, SpokenChunk
from palaver.speech.narration import VoiceNarration
from tests.speech.beeping import BeepingVoice


def spoken(
    *texts: str, is_whole: bool = False
) -> tuple[SpokenChoice, list[SpokenChunk], BeepingVoice]:
    """A choice that was fed, its pieces, and the voice that spoke them."""

    async def run() -> tuple[SpokenChoice, list[SpokenChunk], BeepingVoice]:
        voice = BeepingVoice()
        choice = SpokenChoice(VoiceNarration(voice), "pcm16", is_whole=is_whole, family=HERMES)
        for text in texts:
            choice.feed(text)
        choice.finish()
        return choice, [piece async for piece in choice.chunks()], voice

    return asyncio.run(run())


def test_the_text_of_a_sentence_comes_before_its_audio() -> None:
    _, pieces, voice = spoken("One. Two", "2.")
    assert [(piece.transcript, len(piece.data)) for piece in pieces] == [
        ("One.", 0),
        ("", 600),
        (" Two2.", 0),
        ("", 798),
        ("", 2),
    ]
    assert voice.said == [("One.", "en"), (" Two2.", "en")]


def test_audio_arrives_while_the_answer_is_still_generated() -> None:
    async def run() -> SpokenChunk:
        choice = SpokenChoice(VoiceNarration(BeepingVoice()), "pcm16", is_whole=False)
        choice.feed("One. Tw")
        pieces = choice.chunks()
        await anext(pieces)
        return await anext(pieces)

    assert len(asyncio.run(run()).data) == 600


@pytest.mark.parametrize("is_played", [True, False])
def test_a_voice_is_told_whether_to_keep_the_pace_of_playing(is_played: bool) -> None:
    async def run() -> BeepingVoice:
        voice = BeepingVoice()
        narration = VoiceNarration(voice, is_played=is_played)
        for sentence in ("One.", "Two."):
            async for _ in narration.say(sentence, "en"):
                pass
        return voice

    assert asyncio.run(run()).are_played == [is_played, is_played]


def test_each_choice_speaks_one_sentence_at_a_time() -> None:
    async def run() -> BeepingVoice:
        voice = BeepingVoice()
        choice = SpokenChoice(VoiceNarration(voice), "pcm16", is_whole=False)
        choice.feed("One. Two. Three.")
        pieces = choice.chunks()
        await anext(pieces)
        await anext(pieces)
        await asyncio.sleep(0.01)
        return voice

    assert asyncio.run(run()).said == [("One.", "en")]


@settings(deadline=None)
@given(texts=st.lists(st.sampled_from(["One. ", "tw", "o", " ", "。", "三", "```\n", "<think>"])))
def test_chunks_join_to_the_same_file_however_the_text_is_cut(texts: list[str]) -> None:
    _, pieces, _ = spoken(*texts)
    _, whole, _ = spoken("".join(texts))
    data = b"".join(piece.data for piece in pieces)
    assert data == b"".join(piece.data for piece in whole)
    assert base64.b64decode("".join(base64.b64encode(p.data).decode() for p in pieces)) == data
    transcripts = ["".join(piece.transcript for piece in ps) for ps in (pieces, whole)]
    assert transcripts[0] == transcripts[1]


def test_audio_chunks_are_small_enough_for_clients_that_read_events_by_line() -> None:
    _, pieces, _ = spoken("word" * 70)
    sizes = [len(piece.data) for piece in pieces if piece.data]
    assert max(sizes) <= 24_000
    assert all(size % 6 == 0 for size in sizes[:-1])


def test_an_audio_token_is_fifty_milliseconds() -> None:
    choice, _, _ = spoken("x" * 12)
    assert (choice.num_samples, choice.num_tokens) == (1200, 1)
    choice, _, _ = spoken("x" * 13)
    assert choice.num_tokens == 2


@pytest.mark.parametrize("text", ["", "<think>only thinking", "..."])
def test_an_empty_text_gives_no_audio(text: str) -> None:
    choice, pieces, _ = spoken(text)
    assert not any(piece.data for piece in pieces)
    assert choice.num_tokens == 0


def test_languages_may_change_within_an_answer() -> None:
    _, _, voice = spoken("This is quite a long sentence. 你好。 No.")
    assert [language for _, language in voice.said] == ["en", "zh", "en"]


def test_a_voice_that_fails_ends_the_audio_with_its_error() -> None:
    with pytest.raises(ModelNotAvailable, match="broken"):
        spoken("Fine. Not fine!")
