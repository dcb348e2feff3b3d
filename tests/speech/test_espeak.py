"""The embedded voices, listened to."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

import numpy as np
import pytest
from palaver.speech.espeak import TIMBRES, EmbeddedVoice
from palaver.speech.espeak_pool import PACE, PACE_BESIDE_TEXT, EspeakPool, Pace
from palaver.speech.espeak_process import Style

from palaver.errors import ModelNotAvailable
from palaver.speech import espeak_pool
from palaver.speech.voice import Samples
from tests.speech.listening import RATE_HZ, Heard
from tests.speech.voices import whole

T = TypeVar("T")

ENGLISH = "The quick brown fox jumps over the lazy dog."
CHINESE = "今天天气很好，我们去公园吧。"
LATER_S = 1e9  # of a clock that began when the machine did


def with_pool(work: Callable[[EspeakPool], Awaitable[T]], num_processes: int = 1) -> T:
    """What ``work`` returns, given processes that end with it."""

    async def run() -> T:
        pool = EspeakPool(num_processes)
        try:
            return await work(pool)
        finally:
            await pool.close()

    return asyncio.run(run())


def voice(pool: EspeakPool, name: str = "alto") -> EmbeddedVoice:
    return EmbeddedVoice(name, TIMBRES[name], pool)


def said(sentence: str, language: str = "en", name: str = "alto") -> Samples:
    return with_pool(lambda pool: whole(voice(pool, name), sentence, language))


async def played(pool: EspeakPool, sentence: str, played_until_s: float = LATER_S) -> Samples:
    pieces = voice(pool).say(sentence, "en", played_until_s=played_until_s)
    return np.concatenate([piece async for piece in pieces])


def heard(samples: Samples) -> Heard:
    return Heard(samples.astype(float), RATE_HZ, 1)


def voice_pids() -> list[int]:
    """Processes of ours that speak, and those that are to speak next."""
    pids = []
    for path in Path("/proc").glob("[0-9]*"):
        try:
            is_ours = f"PPid:\t{os.getpid()}\n" in (path / "status").read_text()
            if is_ours and b"espeak_process" in (path / "cmdline").read_bytes():
                pids.append(int(path.name))
        except OSError:
            continue
    return pids


def speaking_under(pid: int) -> list[int]:
    """The forks of its forks, which speak."""
    return [speaking for fork in children_of(pid) for speaking in children_of(fork)]


def children_of(pid: int) -> list[int]:
    try:
        return [int(p) for p in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


@pytest.mark.spec("S11")
@pytest.mark.parametrize(("sentence", "language"), [(ENGLISH, "en"), (CHINESE, "zh")])
@pytest.mark.parametrize("name", TIMBRES)
def test_every_voice_speaks_both_languages(name: str, sentence: str, language: str) -> None:
    sound = heard(said(sentence, language, name))
    assert 1.5 < sound.length_s < 5
    assert 500 < np.sqrt((sound.samples**2).mean()) < 8000
    assert sound.num_clipped == 0
    assert sound.longest_silence_s < 0.6


def test_the_voices_have_their_pitches() -> None:
    pitches = {name: heard(said(ENGLISH, "en", name)).pitch_hz for name in TIMBRES}
    assert 60 < pitches["bass"] < pitches["tenor"] < pitches["alto"] < pitches["soprano"] < 400


def test_longer_sentences_take_longer() -> None:
    lengths = [len(said(" ".join(["hello"] * num))) for num in (1, 4, 16)]
    assert lengths[0] < lengths[1] < lengths[2]
    per_word_s = (lengths[2] - lengths[1]) / 12 / RATE_HZ
    assert 0.15 < per_word_s < 0.8


def test_different_words_sound_differently() -> None:
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

    sounds = with_pool(twice)
    assert np.array_equal(sounds[0], sounds[1])
    assert np.array_equal(sounds[0], said(ENGLISH)), "another process"


def test_a_sentence_sounds_the_same_whoever_spoke_before() -> None:
    order = [("alto", "de"), ("tenor", "zh"), ("tenor", "zh"), ("bass", "de"), ("alto", "de")]

    async def in_turn(pool: EspeakPool) -> list[Samples]:
        return [await whole(voice(pool, name), "Shh, 12!", lang) for name, lang in order]

    for (name, language), sound in zip(order, with_pool(in_turn), strict=True):
        assert np.array_equal(sound, said("Shh, 12!", language, name)), (name, language)


def test_a_sentence_comes_in_pieces_the_first_of_them_short() -> None:
    async def pieces(pool: EspeakPool) -> list[Samples]:
        return [piece async for piece in voice(pool).say(ENGLISH, "en")]

    sounds = with_pool(pieces)
    assert len(sounds) > 3
    assert len(sounds[0]) < 0.3 * RATE_HZ
    assert all(len(sound) < RATE_HZ for sound in sounds)


def test_a_sentence_that_is_played_meanwhile_sounds_the_same_and_leaves_cores_to_others() -> None:
    async def timed(pool: EspeakPool) -> tuple[Samples, float]:
        begin_s = time.monotonic()
        sound = await played(pool, ENGLISH)
        return sound, time.monotonic() - begin_s

    sound, seconds = with_pool(timed)
    assert np.array_equal(sound, said(ENGLISH))
    assert seconds > (len(sound) / RATE_HZ - 1) / PACE.few, "but for its first piece"


def test_a_sentence_takes_longer_beside_text_whenever_that_begins() -> None:
    async def timed(pool: EspeakPool) -> list[tuple[Samples, float]]:
        begin_s = time.monotonic()
        with pool.beside_text():
            begun_beside = await played(pool, ENGLISH), time.monotonic() - begin_s
        begin_s = time.monotonic()
        speaking = asyncio.create_task(played(pool, ENGLISH))
        await asyncio.sleep(0.05)
        with pool.beside_text(), pool.beside_text():
            begun_before = await speaking, time.monotonic() - begin_s
        return [begun_beside, begun_before]

    for sound, seconds in with_pool(timed):
        assert np.array_equal(sound, said(ENGLISH))
        assert seconds > (len(sound) / RATE_HZ - 1.5) / PACE_BESIDE_TEXT.few


def test_a_sentence_said_beside_text_never_runs_out_while_it_is_played() -> None:
    async def timed(pool: EspeakPool) -> list[tuple[float, int]]:
        with pool.beside_text():
            said = voice(pool).say(ENGLISH, "en", is_urgent=True, played_until_s=0.0)
            return [(time.monotonic(), len(piece)) async for piece in said]

    pieces = with_pool(timed)
    played_until_s = pieces[0][0]
    for arrival_s, num_samples in pieces[:-1]:  # behind it comes the pause
        assert arrival_s < played_until_s + 0.1, "allowed to busy machines"
        played_until_s += num_samples / RATE_HZ


@pytest.mark.parametrize("is_played", [True, False])
def test_nobody_runs_out_of_sound_behind_a_sentence_that_is_said_slowly(is_played: bool) -> None:
    async def wait(pool: EspeakPool) -> float:
        with pool.beside_text():
            slow = asyncio.create_task(played(pool, ENGLISH * 10))  # 25 seconds, to be heard in 12
            await asyncio.sleep(0.1)
            begin_s = time.monotonic()
            said = voice(pool).say(
                ENGLISH, "en", played_until_s=begin_s + 1.0 if is_played else None
            )
            await anext(aiter(said))
            waited_s = time.monotonic() - begin_s
            await slow
            return waited_s

    assert with_pool(wait) < 6


def test_voices_hurry_for_whoever_waits_already_when_they_begin() -> None:
    async def wait(pool: EspeakPool) -> float:
        with pool.beside_text():
            begin_s = time.monotonic()
            sentences = [ENGLISH * 2, ENGLISH * 4, ENGLISH * 4, "End."]
            await asyncio.gather(*(played(pool, sentence, begin_s) for sentence in sentences))
            return time.monotonic() - begin_s

    assert with_pool(wait) < 6, "25 seconds of sound"


def test_who_waits_urgently_waits_for_no_sentence_that_is_said_slowly() -> None:
    async def both(pool: EspeakPool) -> tuple[list[str], Samples]:
        done = []

        async def say(name: str, sentence: str, *, is_urgent: bool = False) -> Samples:
            said = voice(pool).say(sentence, "en", is_urgent=is_urgent, played_until_s=LATER_S)
            pieces = [piece async for piece in said]
            done.append(name)
            return np.concatenate(pieces)

        slow = asyncio.create_task(say("slow", ENGLISH * 10))
        await asyncio.sleep(0.1)
        patient = asyncio.create_task(say("patient", ENGLISH))
        await asyncio.sleep(0)
        await say("urgent", "Now.", is_urgent=True)
        await patient
        return done, await slow

    order, sound = with_pool(both)
    assert order == ["slow", "urgent", "patient"], "one at a time"
    assert np.array_equal(sound, said(ENGLISH * 10)), "however it was hurried"


def test_who_waits_behind_somebody_urgent_goes_on_when_that_one_goes_away() -> None:
    async def leave(pool: EspeakPool) -> bool:
        style = TIMBRES["alto"].style("en")
        process = await pool._take(style, is_urgent=False, due_s=LATER_S)
        patient, urgent = (
            asyncio.create_task(pool._take(style, is_urgent=is_urgent, due_s=LATER_S))
            for is_urgent in (False, True)
        )
        await asyncio.sleep(0.01)
        pool._idle.append(process)
        async with pool._freed:
            pool._freed.notify_all()
        urgent.cancel()
        return await asyncio.wait_for(patient, timeout=10) is process

    assert with_pool(leave)


def test_a_sentence_that_nobody_hears_any_more_frees_its_process(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(espeak_pool, "PACE", Pace(few=1.0, many=1.0))  # 25 seconds

    async def leave(pool: EspeakPool) -> float:
        style = TIMBRES["alto"].style("en")
        spoken = pool.speak(ENGLISH * 10, style, played_until_s=LATER_S)
        async with contextlib.aclosing(spoken) as pieces:
            await anext(pieces)
        begin_s = time.monotonic()
        await whole(voice(pool), ENGLISH, "en")
        return time.monotonic() - begin_s

    assert with_pool(leave) < 15


@pytest.mark.parametrize(("num_answers", "pace"), [(1, 8), (2, 8), (4, 8), (8, 16), (40, 80)])
def test_the_more_answers_are_read_the_faster_each_sentence_is_said(
    num_answers: int, pace: float
) -> None:
    assert PACE.of(num_answers, num_processes=2) == pace


def test_a_voice_that_spoke_last_goes_on_in_the_process_that_has_it_ready() -> None:
    async def alternate(pool: EspeakPool) -> list[Style]:
        for language in ["en", "zh", "en", "zh", "zh", "en"]:
            await whole(voice(pool), "1", language)
        return sorted(process.style or ("", 0, 0) for process in pool._all)

    styles = with_pool(alternate, num_processes=2)
    assert styles == [("cmn+f3", 170, 50), ("en-us+f3", 170, 50)]


@pytest.mark.parametrize("sentence", ["", "   \n", "...", "**", "— ! —"])
def test_marks_alone_are_not_spoken(sentence: str) -> None:
    assert len(said(sentence)) == 0


@pytest.mark.parametrize("sentence", ["a\0b", "\ud800 lone", "😀 smile", "x" * 300, "<b>&amp;</b>"])
def test_strange_texts_are_spoken_as_far_as_they_can_be(sentence: str) -> None:
    assert len(said(sentence)) > 0


def test_a_pause_follows_each_sentence() -> None:
    sound = said(ENGLISH)
    assert not sound[-RATE_HZ // 5 :].any()
    assert sound[: -RATE_HZ // 2].any()


def test_processes_speak_side_by_side_and_no_more_than_allowed() -> None:
    async def many(pool: EspeakPool) -> tuple[list[Samples], int]:
        sounds = await asyncio.gather(*(whole(voice(pool), f"Number {n}.", "en") for n in range(9)))
        return list(sounds), len(voice_pids())

    sounds, num_processes = with_pool(many, num_processes=2)
    assert all(len(sound) for sound in sounds)
    assert num_processes == 2
    assert voice_pids() == []


def test_who_stops_listening_holds_nobody_up() -> None:
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


def test_a_sentence_that_brings_its_process_down_costs_that_sentence_only() -> None:
    async def crash(pool: EspeakPool) -> Samples:
        await pool.start()
        (pid,) = voice_pids()
        speaking = asyncio.ensure_future(whole(voice(pool), "word " * 20_000, "en"))
        await asyncio.sleep(0.2)
        for child in speaking_under(pid):
            os.kill(child, signal.SIGSEGV)
        with pytest.raises(ModelNotAvailable, match="sentence"):
            await speaking
        assert voice_pids() == [pid]
        return await whole(voice(pool), ENGLISH, "en")

    assert len(with_pool(crash)) > RATE_HZ


def test_a_sentence_that_never_ends_is_given_up_with_its_process(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def hang(pool: EspeakPool) -> Samples:
        await pool.start()
        (pid,) = voice_pids()
        while not (forks := speaking_under(pid)):
            await asyncio.sleep(0.01)
        for fork in forks:
            os.kill(fork, signal.SIGSTOP)
        monkeypatch.setattr(espeak_pool, "_TIMEOUT_S", 0.1)
        with pytest.raises(ModelNotAvailable, match="does not answer"):
            await whole(voice(pool), "Hello.", "en")
        monkeypatch.undo()
        assert voice_pids() == []
        return await whole(voice(pool), ENGLISH, "en")

    assert len(with_pool(hang)) > RATE_HZ
