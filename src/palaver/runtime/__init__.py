"""Running a model: load a folder, run steps. Only this package imports OpenVINO."""

from __future__ import annotations

import os

from palaver.runtime.base import Runtime
from palaver.runtime.config import RuntimeConfig

_NUM_KEPT_KERNELS = 512
"""A step of one number of tokens needs eight to ten; 512 take about 60 MiB."""

__all__ = ["Runtime", "RuntimeConfig", "load_runtime"]


def load_runtime(config: RuntimeConfig) -> Runtime:
    """The runtime that ``config`` describes, loaded.

    OpenVINO is imported here and not at the top, so that only processes with a model load it.

    Raises:
        ModelFolderError: The folder holds no model that can be run.
    """
    if config.kind == "fake":
        from palaver.runtime.fake import FakeRuntime

        return FakeRuntime(num_blocks=1024)
    # oneDNN caches kernels for each shape, and steps have very many shapes: without a bound, memory
    # grows for hours. The library reads the variable when it is first used.
    os.environ.setdefault("ONEDNN_PRIMITIVE_CACHE_CAPACITY", str(_NUM_KEPT_KERNELS))
    from palaver.runtime.openvino import OpenVinoRuntime

    return OpenVinoRuntime(config)
