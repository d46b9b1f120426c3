"""Triggers that keep the truth: each runs one shared SQL function of `ledger.sql`.

pgtrigger writes them into migrations. Its own wrapper function, which a session could switch
off with `SET pgtrigger.ignore`, is never in the path: a Guard executes our function directly.
"""

from __future__ import annotations

from typing import Any

import pgtrigger
from django.apps import apps

from registry.core.transitions import Transitions


class Guard(pgtrigger.Trigger):
    """A trigger that runs a shared SQL function, given with its arguments."""

    func = "RETURN NULL;"

    def __init__(
        self,
        *,
        runs: str,
        spends: tuple[str, ...] = (),
        needed: str = "",
        **kwargs: Any,  # Any: handed on to pgtrigger
    ) -> None:
        self.runs = runs
        self.spends = spends  # the purposes of the warrants that permit the change
        self.needed = needed  # in SQL: whether `was` and `becomes` (jsonb) differ so as to need one
        super().__init__(**kwargs)

    @classmethod
    def before_insert(cls, name: str, runs: str) -> Guard:
        """A rule that a new row must keep."""
        return cls(name=name, when=pgtrigger.Before, operation=pgtrigger.Insert, runs=runs)

    @classmethod
    def deferred(
        cls, name: str, runs: str, *, spends: tuple[str, ...] = (), needed: str = ""
    ) -> Guard:
        """A rule that must hold at commit, after an insert or update."""
        return cls(
            name=name,
            when=pgtrigger.After,
            operation=pgtrigger.Insert | pgtrigger.Update,
            timing=pgtrigger.Deferred,
            runs=runs,
            spends=spends,
            needed=needed,
        )

    def render_execute(self, model: Any) -> str:  # Any: pgtrigger hands a model class
        """The call that the trigger makes."""
        return self.runs


class Telling(Guard):
    """The guard that compares entries with rows; it learns from the model which columns to pass."""

    def render_execute(self, model: Any) -> str:  # Any: pgtrigger hands a model class
        """The call, with the derived and the personal columns where the model has any."""
        real = apps.get_model(model._meta.label)  # migrations hand a bare copy of the model
        told = [",".join(real.derived_fields), ",".join(real.personal_fields)]
        if not any(told):
            return self.runs
        return self.runs.removesuffix(")") + "".join(f", '{one}'" for one in told) + ")"


def append_only() -> tuple[Guard, ...]:
    """Rows are inserted and read, never changed, deleted or truncated."""
    return (
        Guard(
            name="append_only",
            when=pgtrigger.Before,
            operation=pgtrigger.Update | pgtrigger.Delete,
            runs="mingce_append_only()",
        ),
        Guard(
            name="never_truncated",
            level=pgtrigger.Statement,
            when=pgtrigger.Before,
            operation=pgtrigger.Truncate,
            runs="mingce_append_only()",
        ),
    )


def no_silent_write(label: str) -> Guard:
    """At commit each changed row has an entry of this transaction that says what it holds."""
    return Telling(
        name="no_silent_write",
        when=pgtrigger.After,
        operation=pgtrigger.Insert | pgtrigger.Update,
        timing=pgtrigger.Deferred,
        runs=f"mingce_no_silent_write('{label}')",
    )


def guarded(label: str, *, immutable: tuple[str, ...] = ()) -> tuple[Guard, ...]:
    """A governed table: versions count up, business keys stay, nothing is deleted or silent.

    label: Django's lower-case model label (`registry.aimodel`), the entries' subject type.
    """
    columns = "".join(f", '{column}'" for column in immutable)
    return (
        Guard(
            name="governed",
            when=pgtrigger.Before,
            operation=pgtrigger.Insert | pgtrigger.Update | pgtrigger.Delete,
            runs=f"mingce_governed('{label}'{columns})",
        ),
        Guard(
            name="never_truncated",
            level=pgtrigger.Statement,
            when=pgtrigger.Before,
            operation=pgtrigger.Truncate,
            runs="mingce_append_only()",
        ),
        no_silent_write(label),
    )


def recorded(label: str) -> tuple[Guard, ...]:
    """An append-only governed table: each row is inserted once, with its entry."""
    return (*append_only(), no_silent_write(label))


def only_shortens() -> Guard:
    """What lasts from a day to a day can end sooner; an ended one never begins again."""
    return Guard(
        name="only_shortens",
        when=pgtrigger.Before,
        operation=pgtrigger.Update,
        runs="mingce_only_shortens()",
    )


def follows(table: Transitions) -> Guard:
    """The column begins and moves only as the transition table says."""
    return Guard(
        name=f"follows_{table.column}",
        when=pgtrigger.Before,
        operation=pgtrigger.Insert | pgtrigger.Update,
        runs=f"mingce_transition('{table.column}', '{table.initial}', '{table.as_argument()}')",
    )


def warranted(*columns: str, by: tuple[str, ...], born_empty: bool = True) -> Guard:
    """A change of any of the columns needs a warrant that grants it, spent for this row version.

    by: the kinds of entries that can grant it; `mingce_grants` says what each of them binds.
    born_empty: no row begins with a value in these columns (else another guard says how).
    """
    changed = " OR ".join(
        f"coalesce(was ->> '{one}', '') <> coalesce(becomes ->> '{one}', '')" for one in columns
    )
    return Guard(
        name=f"warranted_{columns[0]}",
        when=pgtrigger.After,
        operation=pgtrigger.Insert | pgtrigger.Update if born_empty else pgtrigger.Update,
        timing=pgtrigger.Deferred,
        runs=f"mingce_warranted('{','.join(columns)}', '{','.join(by)}')",
        spends=by,
        needed=changed if born_empty else f"was <> '{{}}' AND ({changed})",
    )
