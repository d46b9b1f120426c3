"""Which governed rows hang on which: the ways along their keys."""

from __future__ import annotations

from functools import cache

from django.db import models

from registry.core.ledger.queries import governed_models


@cache
def paths_to(target: type[models.Model]) -> dict[type[models.Model], str]:
    """Each governed table from which keys lead to the target, with the way; the target's is empty.

    Of several ways of one length the last that no row can leave empty: a break-glass permit has no
    version, a young release none yet.
    """
    reached: dict[type[models.Model], str] = {target: ""}
    while True:
        step: dict[type[models.Model], str] = {
            model: _joined(link.name, reached[link.related_model])
            for model in governed_models()
            if model not in reached
            for link in sorted(model._meta.concrete_fields, key=lambda one: not one.null)
            if isinstance(link, models.ForeignKey) and link.related_model in reached
        }
        if not step:
            return reached
        reached |= step


def _joined(name: str, rest: str) -> str:
    return f"{name}__{rest}" if rest else name
