"""State machines are one table of allowed pairs; Python and the database trigger both read it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.utils.translation import gettext as _

from registry.core.errors import Conflict


@dataclass(frozen=True)
class Transitions:
    """The states a column may hold, where a row begins, and the moves that are allowed."""

    column: str
    initial: str
    pairs: frozenset[tuple[str, str]]

    @classmethod
    def table(cls, column: str, initial: str, moves: dict[str, Iterable[str]]) -> Transitions:
        """Builds the table from `{from_state: [to_state, ...]}`."""
        pairs = frozenset((source, target) for source in moves for target in moves[source])
        return cls(column=column, initial=initial, pairs=pairs)

    def targets(self, source: str) -> list[str]:
        """The states that can follow `source`, in a stable order."""
        return sorted(target for begin, target in self.pairs if begin == source)

    def check(self, source: str, target: str) -> None:
        """Raises Conflict (`illegal_transition`) where the table has no such move."""
        if (source, target) not in self.pairs:
            raise Conflict(
                "illegal_transition",
                _("A move from %(source)s to %(target)s is not possible.")
                % {"source": source, "target": target},
                field=self.column,
                hint=_("Possible from here: %(targets)s.")
                % {"targets": ", ".join(self.targets(source)) or "–"},
            )

    def as_argument(self) -> str:
        """The pairs as the database trigger takes them: `S0>S1,S1>S2`."""
        return ",".join(sorted(f"{source}>{target}" for source, target in self.pairs))
