"""Grade 100,000 model uses under the default pack on one core, and print the rate.

Run: python -m tests.benchmarks.bench_grading [cases]. The budget is 20 s for 100,000 (200 µs each).
"""

from __future__ import annotations

import random
import statistics
import sys
import time
from pathlib import Path

from registry.classification.rules import grade
from registry.classification.schema import FACTOR_KEYS, ClassificationSection, load_section

PACK = Path(__file__).resolve().parents[2] / "seeds" / "policy_packs" / "cn-nfra"
REPEATS = 3

Case = tuple[dict[str, list[str]], dict[str, int], dict[str, bool]]


def cases(section: ClassificationSection, count: int) -> list[Case]:
    """Random but repeatable uses: every dimension filled, all factors, half of the facts."""
    chance = random.Random(20260618)  # noqa: S311
    codes = {dimension: sorted(known) for dimension, known in section.codes.items()}
    asked = [key for key, fact in section.facts.items() if fact.codes is None]
    return [
        (
            {
                key: chance.sample(known, 1 + (chance.random() < 0.2))
                for key, known in codes.items()
            },
            {key: chance.randint(0, 4) for key in FACTOR_KEYS},
            {key: chance.random() < 0.2 for key in asked if chance.random() < 0.5},
        )
        for _ in range(count)
    ]


def run(section: ClassificationSection, estate: list[Case]) -> float:
    """Seconds to grade the estate once."""
    started = time.perf_counter()
    for vector, factors, facts in estate:
        grade(section, vector, factors, facts, "strict")
    return time.perf_counter() - started


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    section = load_section(PACK)
    estate = cases(section, count)
    seconds = sorted(run(section, estate) for _ in range(REPEATS))
    middle = statistics.median(seconds)
    print(f"graded {count:,} model uses: median {middle:.2f} s of {REPEATS}", end=" ")
    print(
        f"({seconds[0]:.2f} to {seconds[-1]:.2f} s), {middle / count * 1e6:.0f} µs each", end=", "
    )
    print(f"{count / middle:,.0f} a second")


if __name__ == "__main__":
    main()
