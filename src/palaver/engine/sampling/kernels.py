"""The choice of kernels by vocabulary size; see the package's docstring for reproducibility."""

from __future__ import annotations

from importlib.util import find_spec

from palaver.engine.sampling.base import Kernels
from palaver.engine.sampling.numpy_kernels import NumpyKernels

LEAST_COMPILED = 2**15
"""Vocabulary size from which on compiled code is worth the second that it takes to load."""


def can_compile() -> bool:
    """Whether the extra ``fast`` is installed."""
    return find_spec("numba") is not None


def kernels_for(vocab: int, num_threads: int = 0) -> Kernels:
    """The fastest installed kernels for rows of ``vocab`` tokens.

    Args:
        vocab: Tokens of a row.
        num_threads: Threads of the numpy kernels, 0 for one per core. Compiled code uses one.
    """
    if vocab < LEAST_COMPILED or not can_compile():
        return NumpyKernels(num_threads)
    from palaver.engine.sampling.compiled import CompiledKernels  # noqa: PLC0415

    return CompiledKernels()
