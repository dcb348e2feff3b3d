"""The two engines that benchmarks compare: palaver's, and openvino-genai's pipeline."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import msgspec
import numpy as np

from palaver.engine.engine import Engine
from palaver.generation.request import GenerationRequest, Prompt, SamplingParams
from palaver.models.formats import open_files
from palaver.runtime import RuntimeConfig, load_runtime

_CACHE_BYTES = 2 * 2**30
_GREEDY = SamplingParams(max_tokens=0, seed=0, temperature=0.0)
SAMPLED = SamplingParams(
    max_tokens=0,
    seed=0,
    temperature=0.8,
    top_p=0.9,
    presence_penalty=0.5,
    frequency_penalty=0.5,
    repetition_penalty=1.1,
)


@dataclass(frozen=True, slots=True)
class Timing:
    """One run.

    Attributes:
        first_s: Seconds until every stream had its first token.
        total_s: Seconds until every stream had its last token.
    """

    first_s: float
    total_s: float


class Side(Protocol):
    """One of the compared engines."""

    def begin(self, prompts: list[list[int]], num_tokens: int) -> None:
        """Queue a greedy answer of exactly ``num_tokens`` to each prompt."""

    def step(self) -> bool:
        """Compute one step; returns whether there are more."""

    def settle(self) -> None:
        """Do the remaining work after all answers are complete."""


class Palaver:
    """Palaver's engine, in this process."""

    def __init__(self, folder: Path, cache_precision: Any) -> None:
        runtime = RuntimeConfig(
            folder=str(folder),
            cache_bytes=_CACHE_BYTES,
            cache_precision=cache_precision,
            multimodal=open_files(folder).multimodal,
        )
        self._engine = Engine(load_runtime(runtime))
        self.vocab_size = load_vocab_size(folder)
        self.host_s: list[float] = []
        self.model_s: list[float] = []

    def begin(
        self, prompts: list[list[int]], num_tokens: int, params: SamplingParams = _GREEDY
    ) -> None:
        """See :class:`Side`; ``params`` apply except ``max_tokens``."""
        params = msgspec.structs.replace(params, max_tokens=num_tokens)
        for i, prompt in enumerate(prompts):
            self._engine.add(GenerationRequest(i, Prompt(prompt), params))

    def step(self) -> bool:
        """See :class:`Side`."""
        self._engine.step()
        return self._engine.num_requests > 0

    def settle(self) -> None:
        """See :class:`Side`: finish the cache warm-up."""
        while self._engine.has_work:
            self._engine.step()

    def run(
        self, prompts: list[list[int]], num_tokens: int, params: SamplingParams = _GREEDY
    ) -> Timing:
        """Generate all answers; returns the times."""
        begun = time.perf_counter()
        self.begin(prompts, num_tokens, params)
        num_first, first_s = 0, 0.0
        while self._engine.num_requests:
            result = self._engine.step()
            if num_first < len(prompts):
                num_first += len({token.request_id for token in result.tokens})
                first_s = time.perf_counter() - begun
            elif result.stats:
                self.host_s.append(result.stats.host_s)
                self.model_s.append(result.stats.model_s)
        total_s = time.perf_counter() - begun
        self.settle()
        return Timing(first_s, total_s)


class Genai:
    """openvino-genai's pipeline, in this process."""

    def __init__(self, folder: Path, **properties: int) -> None:
        import openvino_genai

        scheduler = openvino_genai.SchedulerConfig()
        scheduler.cache_size = _CACHE_BYTES // 2**30
        scheduler.max_num_batched_tokens = 512
        scheduler.enable_prefix_caching = False
        self._genai = openvino_genai
        self._pipeline = openvino_genai.ContinuousBatchingPipeline(
            str(folder), scheduler_config=scheduler, device="CPU", properties=properties
        )
        self._num_requests = 0
        self._handles: list[Any] = []

    def begin(self, prompts: list[list[int]], num_tokens: int) -> None:
        """See :class:`Side`."""
        import openvino

        for prompt in prompts:
            config = self._genai.GenerationConfig()
            config.max_new_tokens = num_tokens
            config.ignore_eos = True
            config.do_sample = False
            ids = openvino.Tensor(np.array([prompt], dtype=np.int64))
            self._num_requests += 1
            self._handles.append(self._pipeline.add_request(self._num_requests, ids, config))

    def step(self) -> bool:
        """See :class:`Side`."""
        self._pipeline.step()
        return bool(self._pipeline.has_non_finished_requests())

    def settle(self) -> None:
        """See :class:`Side`: drop the answers."""
        while self._pipeline.has_non_finished_requests():
            self._pipeline.step()
        self._handles.clear()


def load_vocab_size(folder: Path) -> int:
    """Size of a model's vocabulary, from its ``config.json``."""
    return int(open_files(folder).text_config["vocab_size"])
