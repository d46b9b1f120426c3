"""MLflow's calls of the same moment: numbers are given once, and no word passes a stop."""

from __future__ import annotations

from typing import Any

from governance.mlflow_compat import services
from governance.mlflow_compat.models import RegisteredAlias, RegisteredModel, RegisteredVersion
from governance.suspensions import services as suspensions
from registry.core import clock
from registry.releases.models import Release
from tests import conftest, story
from tests.concurrency.conftest import codes, together
from tests.governance.mlflow_compat.test_gate import NAME, claimed, experiment
from tests.states import LIVE
from tests.world import person


def test_a_name_is_registered_once(committed: str) -> None:
    def register() -> object:
        return services.register_model(actor=person("li"), name=NAME, tags={})

    assert codes(together(*[register] * 4)) == ["done"] + ["resource_already_exists"] * 3
    assert RegisteredModel.objects.count() == 1


def test_every_version_has_a_number_of_its_own(committed: str) -> None:
    services.register_model(actor=person("li"), name=NAME, tags={})
    assert codes(together(*[experiment] * 6)) == ["done"] * 6
    numbers = RegisteredVersion.objects.order_by("number").values_list("number", flat=True)
    assert list(numbers) == [1, 2, 3, 4, 5, 6]


def test_an_alias_points_to_one_of_the_two(committed: str) -> None:
    experiment()
    experiment()

    def point(number: int) -> object:
        return services.set_alias(actor=person("li"), name=NAME, alias="best", number=number)

    assert codes(together(lambda: point(1), lambda: point(2))) == ["done", "done"]
    row = RegisteredAlias.objects.get()
    assert row.version is not None


def test_a_name_is_claimed_once(committed: str) -> None:
    made, row = story.register(), experiment()

    def claim() -> object:
        return services.claim_name(
            actor=person("wang"), registered_id=row.registered_id, model=made.registered.model
        )

    assert codes(together(claim, claim)) == ["claimed_already", "done"]


def test_no_word_is_given_after_a_stop_has_returned(
    in_production: str, django_db_blocker: Any
) -> None:
    with django_db_blocker.unblock(), clock.at(LIVE), conftest.copy_of(in_production):
        claimed(Release.objects.get())
        _race(Release.objects.get())


def _race(release: Release) -> None:

    def stop() -> object:
        with clock.at(LIVE):  # a thread has a clock of its own
            return suspensions.order(
                actor=person("luo"), kind="stop", target_type="release", target_id=release.pk,
                reason="误拒率异常",
            )  # fmt: skip

    def promote() -> object:
        with clock.at(LIVE):
            return services.set_alias(actor=person("li"), name=NAME, alias="champion", number=1)

    assert codes(together(stop, promote)) in (["done", "done"], ["done", "gate_closed"])
    assert codes([_tried(promote)]) == ["gate_closed"]
    assert Release.objects.get(pk=release.pk).stage == "S5"


def _tried(verb: object) -> object:
    (found,) = together(verb)  # type: ignore[arg-type]  # a call without arguments
    return found
