"""Uncertainty attention for one query over a large pool, against plain attention.

    python -m tests.bench.bench_attention [--quick]

One head, d_k = d_v = 64, float32, 256 clusters, users of 32 dimensions (64 cubature points). All
that is compared is called in turn, many times in one process; a ratio is taken within each turn,
and its median and its 10% and 90% quantiles over the turns are given, on the wall's clock and in
processor time, which other work on the machine disturbs less. plain is torch's
scaled_dot_product_attention on the same keys and values, without checks of any input.

The bound is the time in which the memory could deliver keys and values once: half of the time of
copying them, which reads and writes as many bytes. The third-level cache holds pools of up to
about 60,000 items here, so small pools come nearer to it.
"""

from __future__ import annotations

import argparse
import ctypes
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from hare.attention.large_pool import PoolIndex, attend, index_pool

SIZE, CLUSTERS, USER_SIZE = 64, 256, 32
AIM = 1.3  # of the plug-in bonus against plain attention, at 100,000 items
Row = dict[str, object]


def rows(quick: bool = False) -> list[Row]:
    """The table at 100,000 items with one and two threads, then the curve with one thread."""
    before = torch.get_num_threads()
    found = []
    try:
        for threads in (1, 2):
            torch.set_num_threads(threads)
            found += measured(100_000, threads, turns=11 if quick else 61)
        torch.set_num_threads(1)
        for items in (1_000, 10_000, 1_000_000):
            turns = max(7, min(101, 6_000_000 // items)) // (3 if quick else 1)
            found += measured(items, 1, turns)
    finally:
        torch.set_num_threads(before)
    return found


def measured(items: int, threads: int, turns: int) -> list[Row]:
    """One row a method for a pool of this size."""
    methods = methods_for(items)
    names = list(methods)
    wall, processor = np.zeros((turns, len(names))), np.zeros((turns, len(names)))
    with torch.inference_mode():
        memory = [working_mib(methods[name]) for name in names]
        for turn in range(turns):
            for k in range(len(names)):
                at = (turn + k) % len(names)  # nobody always finds the same pool in the cache
                start, busy = time.perf_counter(), time.process_time()
                methods[names[at]]()
                processor[turn, at] = time.process_time() - busy
                wall[turn, at] = time.perf_counter() - start
    bound = np.median(wall[:, names.index("copy")]) / 2
    result: list[Row] = []
    for at, name in enumerate(names):
        if name == "copy":
            continue
        result.append(
            {
                "items": items,
                "threads": threads,
                "method": name,
                "turns": turns,
                "median_ms": 1e3 * float(np.median(wall[:, at])),
                "fastest_ms": 1e3 * float(wall[:, at].min()),
                **quantiles("ratio", wall[:, at] / wall[:, 0]),
                **quantiles("processor_ratio", processor[:, at] / processor[:, 0]),
                "bound_ms": 1e3 * float(bound),
                "keys_and_values_mib": items * 2 * SIZE * 4 / 2**20,
                "working_mib": memory[at],
            }
        )
    return result


def quantiles(name: str, values: np.ndarray) -> Row:
    """The median of a ratio to plain attention, and its 10% and 90% quantiles."""
    low, middle, high = np.quantile(values, [0.1, 0.5, 0.9])
    return {name: float(middle), f"{name}_low": float(low), f"{name}_high": float(high)}


def methods_for(items: int) -> dict[str, Callable[[], object]]:
    """What is compared, on one random pool. They are asserted to compute the same where they do."""
    generator = torch.Generator().manual_seed(0)

    def normal(*shape: int) -> Tensor:
        return torch.randn(shape, generator=generator)

    keys, values, query = normal(1, items, SIZE), normal(1, items, SIZE), normal(1, SIZE)
    clusters = torch.arange(items) % min(CLUSTERS, items)
    index: PoolIndex = index_pool(
        keys, values, clusters[torch.randperm(items, generator=generator)]
    )
    root = normal(1, CLUSTERS, SIZE, 8)
    inverse = torch.linalg.inv(torch.eye(SIZE) + root @ root.mT).contiguous()
    w_user = normal(SIZE, USER_SIZE) / USER_SIZE**0.5
    spread = (w_user @ w_user.T)[None]
    offsets = USER_SIZE**0.5 * w_user.T[:, None] / 4  # the doubt of P = I / 16
    copy = torch.empty_like(keys), torch.empty_like(values)

    def plain() -> Tensor:
        return nn.functional.scaled_dot_product_attention(
            query[None, :, None], keys[None], values[None]
        )

    def copy_once() -> None:
        copy[0].copy_(keys)
        copy[1].copy_(values)

    assert (attend(index, query) == plain()[0, :, 0]).all()
    return {
        "plain": plain,
        "plug-in bonus, certain user": lambda: attend(index, query, inverse),
        "plug-in bonus, uncertain user": lambda: attend(index, query, inverse, 1.0, spread),
        "cubature over 64 users": lambda: attend(index, query, inverse, 1.0, spread, offsets),
        "copy": copy_once,
    }


def working_mib(call: Callable[[], object]) -> float | None:
    """What a call needs beyond its inputs at its greatest: the process's peak (Linux only)."""
    call()
    try:
        ctypes.CDLL(None).malloc_trim(
            0
        )  # freed memory goes back, so that it counts when used again
        Path("/proc/self/clear_refs").write_text("5")  # the peak starts anew
    except (OSError, AttributeError):
        return None
    start = _status("VmRSS")
    call()
    return max(0.0, (_status("VmHWM") - start) / 1024)


def _status(field: str) -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith(field)).split()[1])


def main() -> None:
    parser = argparse.ArgumentParser(description="Attention over a large pool.")
    parser.add_argument("--quick", action="store_true", help="fewer turns")
    found = rows(parser.parse_args().quick)
    print(
        "| items | threads | method | median ms | ratio to plain (10–90%) "
        "| in processor time (10–90%) | bound ms | keys and values MiB | working MiB |\n"
        "|---|---|---|---|---|---|---|---|---|"
    )
    for r in found:
        ratios = [
            f"{r[name]:.2f} ({r[name + '_low']:.2f}–{r[name + '_high']:.2f})"
            for name in ("ratio", "processor_ratio")
        ]
        memory = "not measured" if r["working_mib"] is None else f"{r['working_mib']:.1f}"
        print(
            f"| {r['items']:,} | {r['threads']} | {r['method']} | {r['median_ms']:.3f} "
            f"| {ratios[0]} | {ratios[1]} "
            f"| {r['bound_ms']:.3f} | {r['keys_and_values_mib']:.1f} | {memory} |"
        )
    for r in found:
        if r["items"] == 100_000 and str(r["method"]).startswith("plug-in"):
            verdict = "met" if float(str(r["ratio"])) <= AIM else "missed"
            print(f"Aim of {AIM} x plain, {r['threads']} threads, {r['method']}: {verdict}")


if __name__ == "__main__":
    main()
