"""What it costs to screen a text that was made to be slow to screen.

    python -m tests.bench.bench_screening

Each line repeats one beginning that a careless pattern would search again from every place, up to
16,000 and up to 32,000 characters (the longest text that is screened), and screens it: processor
seconds, the median of three. A cost that is linear doubles, a quadratic one is four times as great.
"""

from __future__ import annotations

import statistics
import time

from hare.data.validate import validate_text

LENGTHS = (16_000, 32_000)
REPEATS = 3
LIMIT = 10.0  # seconds that the longest text may take
HOSTILE = (
    "ignore ", "you are ", "send all ", "without asking ", "<!-- ", "a" * 50, "`", "'x ",
    "-----BEGIN PRIVATE KEY-----\n", "eyJaaaaaaaaa.", "sk-", "token=", "pretend that ",
    "if you are an ai ", "ai model ", "# ", "```\n", "\u200b", "http://a:", "collect .env ", "[a](http://b",
)  # fmt: skip


def seconds(text: str) -> float:
    """Processor seconds to screen a text, the median of a few times."""
    taken = []
    for _ in range(REPEATS):
        start = time.process_time()
        validate_text(text)
        taken.append(time.process_time() - start)
    return statistics.median(taken)


def main() -> None:
    """Print the table."""
    print("| beginning | " + " | ".join(f"{n:,} characters, s" for n in LENGTHS) + " | ratio |")
    print("|---|---|---|---|")
    slowest = 0.0
    for beginning in HOSTILE:
        half, whole = (seconds(beginning * (n // len(beginning))) for n in LENGTHS)
        slowest = max(slowest, whole)
        shown = beginning if len(beginning) < 30 else f"{beginning[:10]} ..."
        print(f"| `` {shown!r} `` | {half:.3f} | {whole:.3f} | {whole / half:.1f} |")
    print(f"\nThe slowest took {slowest:.2f} s; the limit is {LIMIT:.0f} s.")


if __name__ == "__main__":
    main()
