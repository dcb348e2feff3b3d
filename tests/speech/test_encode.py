"""Encoded files of every format."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest

from palaver.chat.request import AUDIO_FORMATS, AudioFormat
from palaver.speech.encode import encoder_of
from palaver.speech.resample import Resampler, resampled
from palaver.speech.voice import Samples
from tests.speech.listening import RATE_HZ, listen

_LOSSLESS = ("wav", "flac", "pcm16")


def tone(length_s: float, hz: float = 440, rate_hz: int = RATE_HZ) -> Samples:
    times = np.arange(int(length_s * rate_hz)) / rate_hz
    return (12_000 * np.sin(2 * np.pi * hz * times)).astype(np.int16)


def file_of(form: AudioFormat, *pieces: Samples, is_whole: bool) -> bytes:
    encoder = encoder_of(form, is_whole=is_whole)
    return b"".join([*(encoder.feed(piece) for piece in pieces), encoder.finish()])


@pytest.mark.spec("S11")
@pytest.mark.parametrize("form", AUDIO_FORMATS)
@pytest.mark.parametrize("is_whole", [True, False])
def test_an_encoded_file_holds_its_audio(form: AudioFormat, is_whole: bool) -> None:
    samples = tone(1.3)
    pieces = [samples[:10_000], samples[10_000:10_001], samples[10_001:10_001], samples[10_001:]]
    decoded = listen(file_of(form, *pieces, is_whole=is_whole), form)
    assert decoded.num_channels == 1
    if form in _LOSSLESS:
        assert np.array_equal(decoded.samples, samples)
    else:
        assert decoded.length_s == pytest.approx(1.3, abs=0.12)
        spectrum = np.abs(np.fft.rfft(decoded.samples[:RATE_HZ]))
        assert spectrum.argmax() == pytest.approx(440, abs=1)
        assert np.median(decoded.levels) == pytest.approx(12_000 / np.sqrt(2), rel=0.08)


@pytest.mark.parametrize("form", AUDIO_FORMATS)
def test_a_file_written_in_chunks_equals_one_of_the_whole_audio(form: AudioFormat) -> None:
    samples = tone(0.7)
    pieces = [samples[i : i + 777] for i in range(0, len(samples), 777)]
    whole, cut = (
        listen(file_of(form, *p, is_whole=False), form).samples for p in ([samples], pieces)
    )
    assert np.array_equal(whole, cut)


@pytest.mark.parametrize("form", ["wav", "flac"])
def test_a_complete_file_states_its_length(form: AudioFormat) -> None:
    import io

    import av

    file = io.BytesIO(file_of(form, tone(1.5), is_whole=True))
    with av.open(file, mode="r") as container:
        assert container.duration == pytest.approx(1_500_000, abs=1000)


def test_chunks_of_a_file_are_returned_while_it_is_written() -> None:
    encoder = encoder_of("mp3", is_whole=False)
    assert len(encoder.feed(tone(1))) > 1000


def test_resampling_keeps_length_level_and_tone() -> None:
    samples = resampled(tone(1.0, rate_hz=22_050), 22_050)
    assert abs(len(samples) - RATE_HZ) <= 2
    middle = samples[2_000:-2_000].astype(float)
    expected = tone(1.0)[2_000 : 2_000 + len(middle)].astype(float)
    assert np.corrcoef(middle, expected)[0, 1] > 0.999
    assert np.abs(middle).max() == pytest.approx(12_000, rel=0.01)


def test_audio_of_the_right_rate_stays_as_it_is() -> None:
    assert np.array_equal(resampled(tone(0.1), RATE_HZ), tone(0.1))


def test_resampling_equals_pyav_and_starts_no_threads() -> None:
    samples = tone(0.5, rate_hz=22_050)
    frame = av.AudioFrame.from_ndarray(samples[None], format="s16", layout="mono")
    frame.sample_rate = 22_050
    theirs = av.AudioResampler(format="s16", layout="mono", rate=RATE_HZ)
    expected = [part.to_ndarray()[0] for part in [*theirs.resample(frame), *theirs.resample(None)]]
    num_threads = _num_threads()
    resampler = Resampler(22_050)
    parts = [resampler.feed(samples[:700]), resampler.feed(samples[700:])]
    assert _num_threads() == num_threads
    assert np.array_equal(np.concatenate([*parts, resampler.finish()]), np.concatenate(expected))


def _num_threads() -> int:
    return len([*Path("/proc/self/task").iterdir()])
