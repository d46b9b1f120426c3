"""The worked examples of a pack: each must come out as its row says. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import TYPE_CHECKING

from registry.classification.rules.grading import grade

if TYPE_CHECKING:
    from registry.classification.schema import ClassificationSection, Example


def example_faults(section: ClassificationSection) -> Iterator[str]:
    """One line for every example that comes out otherwise, naming what differs."""
    for example in section.grading.examples:
        differing = [
            f"{name} is {found}, expected {expected}"
            for name, found, expected in _compared(section, example)
            if found != expected
        ]
        if differing:
            yield f"grading.yaml: example {example.id}: {'; '.join(differing)}"


def _compared(
    section: ClassificationSection, example: Example
) -> Iterator[tuple[str, object, object]]:
    result = grade(
        section,
        example.classification,
        example.factors,
        example.facts,
        example.profile,
        assume_defaults=True,
    )
    row = example.expected
    yield "score", result.score, Decimal(row.score)
    yield "tier by score", result.tier_by_score.value, row.tier_by_score.value
    yield "tier", result.tier.value, row.tier.value
    yield "floors", ", ".join(result.floor_ids), ", ".join(row.floors)
    yield "near threshold", result.near_threshold, row.near_threshold
    for key, expected in row.flags.items():
        yield f"flag {key}", result.flags[key], expected
