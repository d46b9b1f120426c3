"""Foreign keys obey the floors: string references evade the import contracts."""

from __future__ import annotations

import pytest
from django.apps import apps
from django.db.models import Field, Model

from tests.architecture import house

MODELS = [model for app in house.APPS for model in apps.get_app_config(app).get_models()]


def _relations(model: type[Model]) -> list[tuple[Field, type[Model]]]:  # type: ignore[type-arg]  # any field
    fields = [*model._meta.local_fields, *model._meta.local_many_to_many]
    return [(one, one.related_model) for one in fields if isinstance(one.related_model, type)]


def fits(holder: str, pointed_at: str) -> bool:
    """Whether a model of one slice may point at a model of the other: its own, or a lower one."""
    return holder == pointed_at or house.floor_of(pointed_at) < house.floor_of(holder)


@pytest.mark.parametrize("model", MODELS, ids=lambda model: str(model._meta.label))
def test_a_foreign_key_points_at_its_own_slice_or_downwards(model: type[Model]) -> None:
    own = house.slice_of(model.__module__)
    wrong = {
        f"{field.name} -> {other._meta.label}"
        for field, other in _relations(model)
        if not fits(own, house.slice_of(other.__module__))
    }
    assert wrong == set()


@pytest.mark.parametrize(
    ("holder", "pointed_at", "may"),
    [
        ("governance.approvals", "registry.releases", True),
        ("registry.releases", "governance.approvals", False),
        ("registry.catalogue", "registry.usecases", False),
        ("registry.usecases", "registry.core.people", True),
        ("governance.approvals", "governance.findings", False),
        ("registry.core.ledger", "registry.core.people", False),
        ("registry.core.people", "registry.core.people", True),
    ],
)
def test_the_floors_are_those_of_the_contracts(holder: str, pointed_at: str, may: bool) -> None:
    assert fits(holder, pointed_at) is may
