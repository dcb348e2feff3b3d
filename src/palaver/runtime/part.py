"""The smaller models beside a language model: embeddings and encoders."""

from __future__ import annotations

import os
from pathlib import Path

import openvino as ov

from palaver.errors import ModelFolderError
from palaver.runtime.config import RuntimeConfig

NUM_KEPT_EXECUTORS = 20
"""Prepared operations to keep for shapes that come again; the default of 5,000 fills memory."""


def compile_part(config: RuntimeConfig, path: Path, num_threads: int = 1) -> ov.CompiledModel:
    """A model of the folder, compiled to run beside the steps.

    Its threads are not bound to cores: the step's are, and would be waited for.

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


def num_step_threads(config: RuntimeConfig) -> int:
    """Threads of a step."""
    return config.num_threads or len(os.sched_getaffinity(0))


def num_encoder_threads(config: RuntimeConfig) -> int:
    """Threads of an encoder: half of the step's, which goes on beside it."""
    return max(num_step_threads(config) // 2, 1)
