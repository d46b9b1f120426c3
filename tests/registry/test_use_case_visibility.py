"""The card of a confidential model's use tells as much as the model: need to know."""

from __future__ import annotations

import pytest

from registry.usecases.queries import visible_use_cases
from tests import story
from tests.world import person

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(("is_confidential", "seen"), [(False, 1), (True, 0)])
def test_a_confidential_models_card_is_hidden_from_others(is_confidential: bool, seen: int) -> None:
    told = story.register(is_confidential=is_confidential)
    card = told.registered.use_case
    assert visible_use_cases(person("wang")).filter(pk=card.pk).count() == 1
    assert visible_use_cases(person("chen")).filter(pk=card.pk).count() == seen
