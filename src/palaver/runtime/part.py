"""The smaller models of a multimodal model, such as its encoders, and numbers of threads."""

from __future__ import annotations

import os
from pathlib import Path

import openvino as ov

from palaver.errors import ModelFolderError
from palaver.runtime.config import RuntimeConfig

NUM_KEPT_EXECUTORS = 20
"""Prepared operations that are cached for repeated shapes; the default of 5,000 fills memory."""
_SMALL_BYTES = 64 << 20
"""Size of weights below which one thread computes a step about as fast as several."""


def compile_part(config: RuntimeConfig, path: Path, num_threads: int = 1) -> ov.CompiledModel:
    """A part of a model, compiled to run at the same time as steps.

    Its threads are not pinned to cores, because those of the step are and would compete with them.

    Raises:
        ModelFolderError: The file is missing or cannot be run.
    """
    if not path.is_file():
        raise ModelFolderError(f"{config.folder}: there is no {path.name}")
    options: dict[str, str | int | bool] = {
        "PERFORMANCE_HINT": "LATENCY",
        "INFERENCE_NUM_THREADS": num_threads,
        "CPU_RUNTIME_CACHE_CAPACITY": NUM_KEPT_EXECUTORS,
        "ENABLE_CPU_PINNING": False,
    }
    if config.inference_precision != "auto":
        options["INFERENCE_PRECISION_HINT"] = config.inference_precision
    try:
        core = ov.Core()
        return core.compile_model(core.read_model(path), "CPU", options)
    except RuntimeError as error:
        raise ModelFolderError(f"{path}: OpenVINO cannot run it: {error}") from error


def num_cores(config: RuntimeConfig) -> int:
    """Cores that the runtime may use."""
    return config.num_threads or len(os.sched_getaffinity(0))


def is_small(weights: Path) -> bool:
    """Whether a model is so small that overhead takes most of the time of a step.

    Args:
        weights: The file of the model's weights.
    """
    return weights.is_file() and weights.stat().st_size < _SMALL_BYTES


def num_step_threads(config: RuntimeConfig, weights: Path) -> int:
    """Threads of a step: as many as are configured, else one for each core.

    A small model gets a single one, since several would mostly wait for each other.

    Args:
        config: Names a number of threads or leaves it open.
        weights: The file of the language model's weights.
    """
    return 1 if is_small(weights) and not config.num_threads else num_cores(config)


def num_encoder_threads(config: RuntimeConfig) -> int:
    """Threads of an encoder: half as many as there are cores, since steps go on meanwhile."""
    return max(num_cores(config) // 2, 1)
