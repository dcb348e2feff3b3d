"""The embedded voices and the properties of their audio."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import pytest

from palaver.errors import ModelNotAvailable
from palaver.speech.voice import Samples
from palaver.speech.voices.espeak.pool import EspeakPool, EspeakProcess
from palaver.speech.voices.espeak.process import rest_s
from palaver.speech.voices.espeak.timbres import TIMBRES, Style
from palaver.speech.voices.espeak.voice import EmbeddedVoice
from tests.host.processes import children_of
from tests.speech.beeping import whole
from tests.speech.listening import RATE_HZ, AudioClip

T = TypeVar("T")

ENGLISH = "The quick brown fox jumps over the lazy dog."
CHINESE = "今天天气很好，我们去公园吧。"
LONG = ENGLISH * 10  # 25 seconds


def with_pool(
    work: Callable[[EspeakPool], Awaitable[T]], num_processes: int = 1, timeout_s: float = 20
) -> T:
    """The result of ``work``, given processes that end with it."""

    async def run() -> T:
        pool = EspeakPool(num_processes, timeout_s=timeout_s)
        try:
            return await work(pool)
        finally:
            await pool.close()

    return asyncio.run(run())


def voice(pool: EspeakPool, name: str = "alto") -> EmbeddedVoice:
    return EmbeddedVoice(name, TIMBRES[name], pool)


def said(sentence: str, language: str = "en", name: str = "alto") -> Samples:
    return with_pool(lambda pool: whole(voice(pool, name), sentence, language))


async def played(pool: EspeakPool, sentence: str) -> Samples:
    pieces = voice(pool).say(sentence, "en", is_played=True)
    return np.concatenate([piece async for piece in pieces])


def clip_of(samples: Samples) -> AudioClip:
    return AudioClip(samples.astype(float), RATE_HZ, 1)


def voice_pids() -> list[int]:
    """Processes of this test that speak, and those that are prepared to speak next."""
    pids = []
    for path in Path("/proc").glob("[0-9]*"):
        try:
            is_ours = f"PPid:\t{os.getpid()}\n" in (path / "status").read_text()
            if is_ours and b"espeak.process" in (path / "cmdline").read_bytes():
                pids.append(int(path.name))
        except OSError:
            continue
    return pids


def speaking_under(pid: int) -> list[int]:
    """The forks of its forks, which speak or are prepared to speak next."""
    return [speaking for fork in children_of(pid) for speaking in children_of(fork)]


@pytest.mark.spec("S11")
@pytest.mark.parametrize(("sentence", "language"), [(ENGLISH, "en"), (CHINESE, "zh")])
@pytest.mark.parametrize("name", TIMBRES)
def test_every_voice_speaks_both_languages(name: str, sentence: str, language: str) -> None:
    clip = clip_of(said(sentence, language, name))
    assert 1.5 < clip.length_s < 5
    assert 500 < np.sqrt((clip.samples**2).mean()) < 8000
    assert clip.num_clipped == 0
    assert clip.longest_silence_s < 0.6


def test_each_voice_has_its_pitch() -> None:
    pitches = {name: clip_of(said(ENGLISH, "en", name)).pitch_hz for name in TIMBRES}
    assert 60 < pitches["bass"] < pitches["tenor"] < pitches["alto"] < pitches["soprano"] < 400


def test_longer_sentences_take_longer() -> None:
    lengths = [len(said(" ".join(["hello"] * num))) for num in (1, 4, 16)]
    assert lengths[0] < lengths[1] < lengths[2]
    per_word_s = (lengths[2] - lengths[1]) / 12 / RATE_HZ
    assert 0.15 < per_word_s < 0.8


def test_different_words_sound_different() -> None:
    one, two = said("one hundred"), said("two thousand")
    assert len(one) != len(two) or not np.array_equal(one, two)


def test_a_language_changes_how_the_same_letters_sound() -> None:
    sentence = "Die Gedanken sind frei"
    assert not np.array_equal(said(sentence, "en"), said(sentence, "de"))


def test_the_same_sentence_always_sounds_the_same() -> None:
    async def twice(pool: EspeakPool) -> list[Samples]:
        speaker = voice(pool)
        first = await whole(speaker, ENGLISH, "en")
        await whole(speaker, "Shh! Something else, with hisses.", "en")
        return [first, await whole(speaker, ENGLISH, "en")]

    clips = with_pool(twice)
    assert np.array_equal(clips[0], clips[1])
    assert np.array_equal(clips[0], said(ENGLISH)), "another process"


def test_a_sentence_sounds_the_same_after_any_other() -> None:
    order = [("alto", "de"), ("tenor", "zh"), ("tenor", "zh"), ("bass", "de"), ("alto", "de")]

    async def in_turn(pool: EspeakPool) -> list[Samples]:
        return [await whole(voice(pool, name), "Shh, 12!", lang) for name, lang in order]

    for (name, language), clip in zip(order, with_pool(in_turn), strict=True):
        assert np.array_equal(clip, said("Shh, 12!", language, name)), (name, language)


def test_a_sentence_comes_in_chunks_of_which_the_first_is_short() -> None:
    async def pieces(pool: EspeakPool) -> list[Samples]:
        return [piece async for piece in voice(pool).say(ENGLISH, "en")]

    clips = with_pool(pieces)
    assert len(clips) > 3
    assert len(clips[0]) < 0.3 * RATE_HZ
    assert all(len(clip) < RATE_HZ for clip in clips)


def test_a_paced_sentence_sounds_the_same() -> None:
    assert np.array_equal(with_pool(lambda pool: played(pool, ENGLISH)), said(ENGLISH))


@pytest.mark.parametrize(
    ("audio_s", "elapsed_s", "expected_s"), [(0, 0, 0), (8, 0.25, 0.75), (8, 1, 0), (8, 3, 0)]
)
def test_a_paced_process_rests_until_an_eighth_of_the_audios_length_has_passed(
    audio_s: float, elapsed_s: float, expected_s: float
) -> None:
    assert rest_s(audio_s, elapsed_s) == expected_s


def test_sentences_are_spoken_in_their_order() -> None:
    async def many(pool: EspeakPool) -> list[int]:
        done: list[int] = []

        async def say(number: int) -> None:
            await played(pool, f"Number {number}.")
            done.append(number)

        await asyncio.gather(*(say(number) for number in range(6)))
        return done

    assert with_pool(many) == list(range(6))


def test_sentences_are_not_paced_while_others_wait(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    are_paced = []
    speak = EspeakProcess.speak

    def note(self: EspeakProcess, *arguments: Any, is_paced: bool) -> Any:
        are_paced.append(is_paced)
        return speak(self, *arguments, is_paced=is_paced)

    monkeypatch.setattr(EspeakProcess, "speak", note)

    async def many(pool: EspeakPool) -> None:
        await asyncio.gather(*(played(pool, f"Number {number}.") for number in range(4)))
        await whole(voice(pool), "Not played.", "en")

    with_pool(many)
    assert are_paced == [False, False, False, True, False] or are_paced == [
        *(True, False, False, True, False)  # nothing was waiting yet when the first one began
    ]


def test_the_rest_of_an_abandoned_sentence_is_not_spoken() -> None:
    async def leave(pool: EspeakPool) -> tuple[list[int], Samples]:
        style = TIMBRES["alto"].style("en")
        order = []
        for _ in range(3):
            async with contextlib.aclosing(pool.speak(LONG, style, is_played=True)) as pieces:
                order.append(len(await anext(pieces)))
        return order, await whole(voice(pool), ENGLISH, "en")

    firsts, clip = with_pool(leave)
    assert len(set(firsts)) == 1, "each begins with its own first piece"
    assert np.array_equal(clip, said(ENGLISH)), "and nothing of them comes later"


def test_a_voice_keeps_the_process_that_has_it_loaded() -> None:
    async def alternate(pool: EspeakPool) -> list[Style]:
        for language in ["en", "zh", "en", "zh", "zh", "en"]:
            await whole(voice(pool), "1", language)
        return sorted(pool.styles)

    styles = with_pool(alternate, num_processes=2)
    assert styles == [("cmn+f3", 170, 50), ("en-us+f3", 170, 50)]


@pytest.mark.parametrize("sentence", ["", "   \n", "...", "**", "— ! —"])
def test_punctuation_alone_is_not_spoken(sentence: str) -> None:
    assert len(said(sentence)) == 0


@pytest.mark.parametrize("sentence", ["a\0b", "\ud800 lone", "😀 smile", "x" * 300, "<b>&amp;</b>"])
def test_strange_texts_are_spoken_as_far_as_they_can_be(sentence: str) -> None:
    assert len(said(sentence)) > 0


def test_a_pause_follows_each_sentence() -> None:
    clip = said(ENGLISH)
    assert not clip[-RATE_HZ // 5 :].any()
    assert clip[: -RATE_HZ // 2].any()


def test_processes_speak_concurrently_up_to_the_limit() -> None:
    async def many(pool: EspeakPool) -> tuple[list[Samples], int]:
        clips = await asyncio.gather(*(whole(voice(pool), f"Number {n}.", "en") for n in range(9)))
        return list(clips), len(voice_pids())

    clips, num_processes = with_pool(many, num_processes=2)
    assert all(len(clip) for clip in clips)
    assert num_processes == 2
    assert voice_pids() == []


def test_abandoned_sentences_do_not_delay_others() -> None:
    async def leave(pool: EspeakPool) -> Samples:
        tasks = [asyncio.ensure_future(whole(voice(pool), ENGLISH * 5, "en")) for _ in range(5)]
        await asyncio.sleep(0.005)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        return await whole(voice(pool), ENGLISH, "en")

    assert np.array_equal(with_pool(leave), said(ENGLISH))


def test_a_process_that_is_killed_is_replaced() -> None:
    async def kill(pool: EspeakPool) -> Samples:
        await pool.start()
        (pid,) = voice_pids()
        os.kill(pid, signal.SIGKILL)
        while voice_pids() in ([], [pid]):
            with contextlib.suppress(ModelNotAvailable):
                await whole(voice(pool), ENGLISH, "en")
        return await whole(voice(pool), ENGLISH, "en")

    assert len(with_pool(kill)) > RATE_HZ


def test_a_sentence_that_crashes_its_process_fails_without_affecting_others() -> None:
    async def crash(pool: EspeakPool) -> Samples:
        await pool.start()
        (pid,) = voice_pids()
        pieces = voice(pool).say("word " * 20_000, "en")
        await anext(pieces)
        for fork in speaking_under(pid):
            os.kill(fork, signal.SIGSEGV)
        with pytest.raises(ModelNotAvailable, match="sentence"):
            async for _ in pieces:
                pass
        assert voice_pids() == [pid]
        return await whole(voice(pool), ENGLISH, "en")

    assert len(with_pool(crash)) > RATE_HZ


def test_a_sentence_that_takes_too_long_fails_and_its_process_is_killed() -> None:
    async def hang(pool: EspeakPool) -> Samples:
        await whole(voice(pool), "Hello.", "en")
        (pid,) = voice_pids()
        os.kill(pid, signal.SIGSTOP)
        for fork in children_of(pid):  # stopped first, so that it makes no further forks
            os.kill(fork, signal.SIGSTOP)
        for fork in speaking_under(pid):
            os.kill(fork, signal.SIGSTOP)
        with pytest.raises(ModelNotAvailable, match="does not answer"):
            await whole(voice(pool), "Hello.", "en")
        while voice_pids():
            await asyncio.sleep(0.01)
        return await whole(voice(pool), ENGLISH, "en")

    assert len(with_pool(hang, timeout_s=2)) > RATE_HZ


def test_a_sentence_does_not_replace_a_process_that_is_just_being_started() -> None:
    async def run() -> None:
        process = EspeakProcess()

        async def start() -> tuple[int | None, int]:
            await process.start()
            return process.pid, process.sample_rate_hz

        try:
            first, second = await asyncio.gather(start(), start())
            assert first == second
            assert process.sample_rate_hz > 0
        finally:
            await process.end()

    asyncio.run(run())
