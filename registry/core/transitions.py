"""State machines are one table of allowed pairs; Python and the database trigger both read it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import Model
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

    def check(self, row: Model, target: str) -> None:
        """Raises Conflict (`illegal_transition`) where the row cannot move there, in its words."""
        source = getattr(row, self.column)
        if (source, target) in self.pairs:
            return
        field: Any = row._meta.get_field(self.column)  # Any: Django's choices
        words = {key: str(label) for key, label in field.flatchoices}
        following = [words.get(one, one) for one in self.targets(source)]
        message = _("This is “%(source)s”; it cannot become “%(target)s”.")
        if source == target:
            message = _("This is “%(source)s” already.")
        hint = _("It can become: %(targets)s.") if following else _("Nothing can follow.")
        raise Conflict(
            "illegal_transition",
            message % {"source": words.get(source, source), "target": words.get(target, target)},
            field=self.column,
            hint=hint % {"targets": _(", ").join(following)} if following else hint,
        )

    def as_argument(self) -> str:
        """The pairs as the database trigger takes them: `S0>S1,S1>S2`."""
        return ",".join(sorted(f"{source}>{target}" for source, target in self.pairs))
