"""The same training event, told twice at the same moment."""

from __future__ import annotations

from registry.lineage import services
from registry.lineage.models import TrainingEvent
from tests.concurrency.conftest import together
from tests.registry.lineage.events import event
from tests.world import person


def test_of_two_tellers_one_is_the_first(committed: str) -> None:
    actor, told = person("pipeline"), event(name="models/a")
    found = together(*[lambda: services.take_in(actor=actor, event=told)] * 2)
    assert {getattr(one, "is_new", one) for one in found} == {False, True}
    assert TrainingEvent.objects.count() == 1
