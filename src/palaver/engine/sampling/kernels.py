"""Which kernels a vocabulary is sampled with; the package's docstring states the rule of bits."""

from __future__ import annotations

from importlib.util import find_spec

from palaver.engine.sampling.base import Kernels
from palaver.engine.sampling.numpy_kernels import NumpyKernels

LEAST_COMPILED = 2**15
"""Tokens of a vocabulary from which on compiled code pays for the second that it takes to load."""


def can_compile() -> bool:
    """Whether the extra ``fast`` is installed."""
    return find_spec("numba") is not None


def kernels_for(vocab: int, num_threads: int = 0) -> Kernels:
    """The fastest that are installed and pay for rows of ``vocab`` tokens.

    Args:
        vocab: Tokens of a row.
        num_threads: At most; 0 means one for each core. Compiled code needs but one.
    """
    if vocab < LEAST_COMPILED or not can_compile():
        return NumpyKernels(num_threads)
    from palaver.engine.sampling.compiled import CompiledKernels  # noqa: PLC0415

    return CompiledKernels()
