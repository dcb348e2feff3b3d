"""One answer read aloud while it is written."""

from __future__ import annotations

import asyncio
import base64
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from palaver.speech.reading import VoiceReading
from palaver.speech.speaker import Speaker, SpokenPiece

from palaver.chat.families.catalogue import HERMES
from palaver.errors import ModelNotAvailable
from palaver.speech.voice import SAMPLE_RATE_HZ
from tests.speech.voices import BeepingVoice


def spoken(*texts: str, is_whole: bool = False) -> tuple[Speaker, list[SpokenPiece], BeepingVoice]:
    """A speaker that was fed, its pieces, and who spoke them."""

    async def run() -> tuple[Speaker, list[SpokenPiece], BeepingVoice]:
        voice = BeepingVoice()
        speaker = Speaker(VoiceReading(voice), "pcm16", is_whole=is_whole, family=HERMES)
        for text in texts:
            speaker.feed(text)
        speaker.finish()
        return speaker, [piece async for piece in speaker.pieces()], voice

    return asyncio.run(run())


def test_a_sentence_is_told_before_it_is_heard() -> None:
    _, pieces, voice = spoken("One. Two", "2.")
    assert [(piece.transcript, len(piece.data)) for piece in pieces] == [
        ("One.", 0),
        ("", 600),
        (" Two2.", 0),
        ("", 798),
        ("", 2),
    ]
    assert voice.said == [("One.", "en"), (" Two2.", "en")]


def test_sound_comes_while_the_answer_is_still_written() -> None:
    async def run() -> SpokenPiece:
        speaker = Speaker(VoiceReading(BeepingVoice()), "pcm16", is_whole=False)
        speaker.feed("One. Tw")
        pieces = speaker.pieces()
        await anext(pieces)
        return await anext(pieces)

    assert len(asyncio.run(run()).data) == 600


def heard_before_it_is_certain(*texts: str, is_quick: bool = True) -> BeepingVoice:
    """Who spoke, after texts that end no sentence for certain."""

    async def run() -> BeepingVoice:
        voice = BeepingVoice(is_quick=is_quick)
        speaker = Speaker(VoiceReading(voice), "pcm16", is_whole=False)
        for text in texts:
            speaker.feed(text)
            await asyncio.sleep(0)
            await asyncio.sleep(0)
        return voice

    return asyncio.run(run())


def test_a_sentence_is_said_as_soon_as_it_has_its_mark() -> None:
    assert heard_before_it_is_certain("One", ".").said == [("One.", "en")]
    assert heard_before_it_is_certain("你好。").said == [("你好。", "zh")]
    assert heard_before_it_is_certain("One.", is_quick=False).said == [], "it may be in vain"


def test_a_sentence_said_in_advance_is_said_once_and_one_said_in_vain_is_not_heard() -> None:
    async def run() -> tuple[list[SpokenPiece], BeepingVoice]:
        voice = BeepingVoice()
        speaker = Speaker(VoiceReading(voice), "pcm16", is_whole=False)
        for text in ("It is 3.", "14.", " Yes!"):
            speaker.feed(text)
            await asyncio.sleep(0.01)
        pieces = speaker.pieces()
        return [await anext(pieces), await anext(pieces)], voice

    pieces, voice = asyncio.run(run())
    assert voice.said == [("It is 3.", "en"), ("It is 3.14.", "en")]
    assert pieces == [
        SpokenPiece("It is 3.14."),
        SpokenPiece(data=spoken("It is 3.14.")[1][1].data),
    ]


def test_nobody_waits_for_a_sentence_but_the_first() -> None:
    assert spoken("One.", " Two. Three.")[2].urgent == ["One."]


@pytest.mark.parametrize("is_played", [True, False])
def test_a_voice_is_told_when_the_sound_so_far_will_have_been_played(is_played: bool) -> None:
    async def run() -> tuple[list[float | None], float, float]:
        voice = BeepingVoice()
        reading = VoiceReading(voice, is_played=is_played)
        begin_s = time.monotonic()
        sound = [s for text in ("One.", "Two.") async for s in reading.say(text, "en")]
        end_s = time.monotonic()
        assert [samples async for samples in reading.say("Three.", "en")]
        length_s = sum(map(len, sound)) / SAMPLE_RATE_HZ
        return voice.played_until_s, begin_s + length_s, end_s + length_s

    (first, _, third), earliest_s, latest_s = asyncio.run(run())
    if not is_played:
        assert first is third is None
    else:
        assert first == 0
        assert third is not None
        assert earliest_s <= third <= latest_s


def test_nothing_is_said_in_advance_while_a_sentence_is_spoken() -> None:
    async def run() -> BeepingVoice:
        voice = BeepingVoice()
        speaker = Speaker(VoiceReading(voice), "pcm16", is_whole=False)
        speaker.feed("One. Two.")
        pieces = speaker.pieces()
        await anext(pieces)
        await anext(pieces)
        speaker.feed("")
        await asyncio.sleep(0.01)
        return voice

    assert asyncio.run(run()).said == [("One.", "en")]


@settings(deadline=None)
@given(texts=st.lists(st.sampled_from(["One. ", "tw", "o", " ", "。", "三", "```\n", "<think>"])))
def test_the_pieces_add_up_to_the_same_file_however_the_text_comes(texts: list[str]) -> None:
    _, pieces, _ = spoken(*texts)
    _, whole, _ = spoken("".join(texts))
    data = b"".join(piece.data for piece in pieces)
    assert data == b"".join(piece.data for piece in whole)
    assert base64.b64decode("".join(base64.b64encode(p.data).decode() for p in pieces)) == data
    transcripts = ["".join(piece.transcript for piece in ps) for ps in (pieces, whole)]
    assert transcripts[0] == transcripts[1]


def test_pieces_are_small_enough_for_those_who_read_events_line_by_line() -> None:
    _, pieces, _ = spoken("word" * 70)
    sizes = [len(piece.data) for piece in pieces if piece.data]
    assert max(sizes) <= 24_000
    assert all(size % 6 == 0 for size in sizes[:-1])


def test_an_audio_token_is_fifty_milliseconds() -> None:
    speaker, _, _ = spoken("x" * 12)
    assert (speaker.num_samples, speaker.num_tokens) == (1200, 1)
    speaker, _, _ = spoken("x" * 13)
    assert speaker.num_tokens == 2


@pytest.mark.parametrize("text", ["", "<think>only thinking", "..."])
def test_nothing_to_read_is_no_sound(text: str) -> None:
    speaker, pieces, _ = spoken(text)
    assert not any(piece.data for piece in pieces)
    assert speaker.num_tokens == 0


def test_languages_change_within_an_answer() -> None:
    _, _, voice = spoken("This is quite a long sentence. 你好。 No.")
    assert [language for _, language in voice.said] == ["en", "zh", "en"]


def test_a_voice_that_fails_ends_the_sound_with_its_error() -> None:
    with pytest.raises(ModelNotAvailable, match="broken"):
        spoken("Fine. Not fine!")
