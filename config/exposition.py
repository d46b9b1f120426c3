"""Figures in Prometheus' text format, version 0.0.4. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_ESCAPED = str.maketrans({"\\": r"\\", "\n": r"\n", '"': r"\""})
_ESCAPED_IN_HELP = str.maketrans({"\\": r"\\", "\n": r"\n"})

Labels = Mapping[str, str]


@dataclass(frozen=True)
class Figure:
    """A figure with its samples: labels → value; without any it is not told."""

    name: str
    told: str
    samples: tuple[tuple[Labels, float], ...]
    kind: Literal["gauge", "counter"] = "gauge"

    @classmethod
    def one(cls, name: str, told: str, value: float) -> Figure:
        """A figure of one sample without labels."""
        return cls(name, told, (({}, value),))


def exposition(figures: Iterable[Figure]) -> str:
    """The figures as text, each after what it means."""
    return "".join(f"{line}\n" for figure in figures for line in _lines(figure))


def _lines(figure: Figure) -> list[str]:
    if not figure.samples:
        return []
    return [
        f"# HELP {figure.name} {figure.told.translate(_ESCAPED_IN_HELP)}",
        f"# TYPE {figure.name} {figure.kind}",
        *(f"{figure.name}{_labels(labels)} {_number(value)}" for labels, value in figure.samples),
    ]


def _labels(labels: Labels) -> str:
    told = ",".join(f'{name}="{value.translate(_ESCAPED)}"' for name, value in labels.items())
    return f"{{{told}}}" if told else ""


def _number(value: float) -> str:
    return str(int(value)) if float(value).is_integer() else repr(float(value))
