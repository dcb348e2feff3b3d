"""Resampling of audio, as it is made."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator
from typing import Any

import av
import numpy as np
from av.filter import Graph

from palaver.speech.voice import SAMPLE_RATE_HZ, Samples


class Resampler:
    """Resamples audio to :data:`SAMPLE_RATE_HZ`, chunk by chunk.

    The result does not depend on how the audio is split into chunks. It is computed in the calling
    thread: PyAV's own resampler starts threads each time, and where cores are busy, waiting for
    their end takes milliseconds.

    Args:
        from_rate_hz: Sample rate of the input.
    """

    def __init__(self, from_rate_hz: int) -> None:
        self._from_rate_hz = from_rate_hz
        self._graph: Graph | None = None

    def feed(self, samples: Samples) -> Samples:
        """Take samples; returns those that are ready now."""
        if self._from_rate_hz == SAMPLE_RATE_HZ or not len(samples):
            return samples
        self._graph = self._graph or _resampling(self._from_rate_hz)
        frame = av.AudioFrame.from_ndarray(np.atleast_2d(samples), format="s16", layout="mono")
        frame.sample_rate = self._from_rate_hz
        self._graph.push(frame)
        return _joined(_pulled(self._graph))

    def finish(self) -> Samples:
        """End the audio; returns the remaining samples."""
        if self._graph is None:
            return np.zeros(0, dtype=np.int16)
        self._graph.push(None)
        return _joined(_pulled(self._graph))


def resampled(samples: Samples, from_rate_hz: int) -> Samples:
    """The same audio at :data:`SAMPLE_RATE_HZ`."""
    resampler = Resampler(from_rate_hz)
    return np.concatenate([resampler.feed(samples), resampler.finish()])


def _resampling(from_rate_hz: int) -> Graph:
    graph = Graph()
    graph.threads = 1
    source = graph.add(
        "abuffer", sample_rate=f"{from_rate_hz}", sample_fmt="s16", channel_layout="mono"
    )
    target = graph.add(
        "aformat", sample_rates=f"{SAMPLE_RATE_HZ}", sample_fmts="s16", channel_layouts="mono"
    )
    graph.link_nodes(source, target, graph.add("abuffersink")).configure()
    return graph


def _pulled(graph: Graph) -> Iterator[Any]:
    with contextlib.suppress(av.error.BlockingIOError, av.error.EOFError):
        while True:
            yield graph.pull()


def _joined(frames: Iterable[Any]) -> Samples:
    parts = [frame.to_ndarray()[0] for frame in frames]
    return np.concatenate([np.zeros(0, dtype=np.int16), *parts]).astype(np.int16)
