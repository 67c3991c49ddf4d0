"""Williams squares: orders in which each treatment follows each other one equally often.

E. J. Williams (1949), "Experimental designs balanced for the estimation of residual effects of
treatments", Australian Journal of Scientific Research A 2.
"""

from __future__ import annotations

from functools import cache

from study_design.errors import ScheduleError


@cache
def williams_square(n: int) -> tuple[tuple[int, ...], ...]:
    """The Williams design for n treatments 0..n-1: n rows for even n, 2n rows for odd n.

    Each treatment is in each column equally often and right after each other one equally often.
    The rows come in Latin squares: rows 0..n-1, and for odd n rows n..2n-1, their mirror images.

    >>> williams_square(4)
    ((0, 1, 3, 2), (1, 2, 0, 3), (2, 3, 1, 0), (3, 0, 2, 1))
    """
    if n < 1:
        raise ScheduleError(f"n = {n}: a square needs at least one treatment")
    square = tuple(tuple((start + step) % n for step in zigzag(n)) for start in range(n))
    if n % 2 == 0 or n == 1:
        return square
    return square + tuple(row[::-1] for row in square)


def order_count(arms: int) -> int:
    """Number of slot orders, and of order sequences, for so many arms: 6 for three.

    >>> [order_count(arms) for arms in (2, 3, 4, 5)]
    [2, 6, 4, 10]
    """
    return len(williams_square(arms))


def zigzag(n: int) -> tuple[int, ...]:
    """0, 1, n-1, 2, n-2, …: for even n the steps between neighbours are all different (mod n)."""
    return tuple((i + 1) // 2 if i % 2 else (n - i // 2) % n for i in range(n))
