"""Processors that this one can pass for: the vector units that each library uses, and threads.

Every library chooses its kernels by the processor when it is loaded, and each has a variable that
keeps it from the newer ones: ATen's, oneDNN's and MKL's (torch), OpenBLAS's
and numpy's own loops. Kernels
differ in the order of their sums, so the last digits of a result differ between processors.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from importlib import import_module
from typing import Any

import numpy as np

Environment = dict[str, str]

_PLAIN = {
    "ATEN_CPU_CAPABILITY": "default",
    "ONEDNN_MAX_CPU_ISA": "SSE41",
    "MKL_ENABLE_INSTRUCTIONS": "SSE4_2",
}
_AVX2 = {
    "ATEN_CPU_CAPABILITY": "avx2",
    "ONEDNN_MAX_CPU_ISA": "AVX2",
    "MKL_ENABLE_INSTRUCTIONS": "AVX2",
}
_NUMPY: Any = import_module("numpy._core._multiarray_umath")
_THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")


def settings() -> dict[str, Environment]:
    """By name, what to set for each of the processors; variables of others are not used.

    >>> [name for name in settings()]
    ['no vector units, 1 thread', 'AVX2, 2 threads']
    """
    return {
        "no vector units, 1 thread": _PLAIN | _numpy_without(()) | _blas("Nehalem") | _threads(1),
        "AVX2, 2 threads": _AVX2 | _numpy_without(("X86_V3",)) | _blas("Haswell") | _threads(2),
    }


def environment(setting: Environment) -> Environment:
    """This process's environment with the setting in place of what it says of kernels."""
    ours = {name for each in settings().values() for name in each}
    return {k: v for k, v in os.environ.items() if k not in ours} | setting


def _numpy_without(kept: Iterable[str]) -> Environment:
    """Keep numpy to its baseline and the groups of features named."""
    own: list[str] = [name for name in _NUMPY.__cpu_dispatch__ if _NUMPY.__cpu_features__.get(name)]
    off = [name for name in own if name not in set(kept)]
    return {"NPY_DISABLE_CPU_FEATURES": " ".join(off)} if off else {}


def _blas(core: str) -> Environment:
    """OpenBLAS takes the name of a processor, and knows those of its own architecture."""
    x86 = "X86_V2" in _NUMPY.__cpu_baseline__ or "SSE2" in _NUMPY.__cpu_baseline__
    return {"OPENBLAS_CORETYPE": core} if x86 else {}


def _threads(count: int) -> Environment:
    return dict.fromkeys(_THREADS, str(count))


def found() -> str:
    """What this process's libraries have chosen, for the record."""
    import torch
    from threadpoolctl import threadpool_info

    blas = {p.get("architecture") for p in threadpool_info() if p["user_api"] == "blas"}
    return (
        f"numpy {np.__version__} with OpenBLAS for {', '.join(map(str, sorted(blas, key=str)))}, "
        f"torch {torch.__version__} {torch.backends.cpu.get_cpu_capability()}, "
        f"{torch.get_num_threads()} threads"
    )
