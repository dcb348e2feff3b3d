"""Running a model: load a folder, run a step over a mixed batch. Only this imports OpenVINO."""

from __future__ import annotations

import os

from palaver.runtime.base import Runtime
from palaver.runtime.config import RuntimeConfig

_NUM_KEPT_KERNELS = 512
"""Eight to ten serve for one number of tokens; together they take some 60 MiB."""

__all__ = ["Runtime", "RuntimeConfig", "load_runtime"]


def load_runtime(config: RuntimeConfig) -> Runtime:
    """The runtime that ``config`` describes, loaded.

    Imports OpenVINO only when it is wanted: it is the process's own to load.

    Raises:
        ModelFolderError: The folder holds no model that can be run.
    """
    if config.kind == "fake":
        from palaver.runtime.fake import FakeRuntime

        return FakeRuntime(num_blocks=1024)
    # Kernels are kept for each shape that comes by, and steps come in countless shapes: without a
    # bound, memory grows for hours. Read by the library when it is first used.
    os.environ.setdefault("ONEDNN_PRIMITIVE_CACHE_CAPACITY", str(_NUM_KEPT_KERNELS))
    from palaver.runtime.openvino import OpenVinoRuntime

    return OpenVinoRuntime(config)
