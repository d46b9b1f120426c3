"""The gate on MLflow's door: what promotes is granted, pending or refused, whoever calls."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.utils import translation

from governance.approvals.models import Approval, ApprovalState
from governance.lifecycle import services as lifecycle
from governance.mlflow_compat import services
from governance.mlflow_compat.models import RegisteredAlias, RegisteredModel, RegisteredVersion
from governance.suspensions import services as suspensions
from registry.core import clock
from registry.core.errors import Conflict, DomainError, Forbidden
from registry.core.ledger.models import Entry
from registry.releases.models import Release
from tests import conftest, story
from tests.refusals import changes, footprint, refused
from tests.states import LIVE
from tests.world import person

NAME = "credit"


def experiment(name: str = NAME, by: str = "li", **more: Any) -> RegisteredVersion:
    """A version under the name, which exists from then on."""
    if not RegisteredModel.objects.filter(name=name, is_deleted=False).exists():
        services.register_model(actor=person(by), name=name, tags={})
    told = services.NewVersion(source="s3://bucket/model", **more)
    return services.register_version(actor=person(by), name=name, told=told)


def claimed(release: Release, name: str = NAME) -> RegisteredVersion:
    """The experiment's first version is the version of the release."""
    row, wang, version = experiment(name), person("wang"), release.version
    assert version is not None
    services.claim_name(actor=wang, registered_id=row.registered_id, model=version.model)
    return services.claim_version(actor=wang, version_id=row.pk, label="9", digest=version.digest)


@pytest.fixture
def live(in_production: str, django_db_blocker: Any) -> Iterator[Release]:
    """A release in production, claimed; the test is rolled back. Not together with `django_db`."""
    with django_db_blocker.unblock(), clock.at(LIVE), conftest.inside(in_production):
        release = Release.objects.get()
        claimed(release)
        wang, version = person("wang"), release.version
        name = services.register_model(actor=person("li"), name="prod.credit", tags={})
        assert version is not None
        services.claim_name(actor=wang, registered_id=name.pk, model=version.model)
        yield release


def champion(by: str = "li", number: int = 1, name: str = NAME) -> RegisteredAlias:
    return services.set_alias(actor=person(by), name=name, alias="champion", number=number)


# The six calls that can promote.
PROMOTING: dict[str, Callable[[], object]] = {
    "alias": champion,
    "alias in another case": lambda: services.set_alias(
        actor=person("li"), name=NAME, alias="Champion", number=1
    ),
    "stage": lambda: services.transition(
        actor=person("li"), name=NAME, number=1, stage="production", archive_existing=True
    ),
    "tag": lambda: services.set_version_tag(
        actor=person("li"), name=NAME, number=1, key="deployment", value="production"
    ),
    "copy": lambda: services.register_version(
        actor=person("li"), name="prod.credit",
        told=services.NewVersion(source=f"models:/{NAME}/1"),
    ),
}  # fmt: skip


@pytest.mark.django_db
@pytest.mark.parametrize("call", PROMOTING)
def test_an_experiment_is_not_promoted_before_it_is_claimed(call: str) -> None:
    row = experiment()
    services.register_model(actor=person("li"), name="prod.credit", tags={})
    with refused(Forbidden, "unclaimed") as caught:
        PROMOTING[call]()
    assert f"/experiments/{row.registered_id}/" in caught.value.message


@pytest.mark.django_db
@pytest.mark.parametrize("call", PROMOTING)
def test_a_claimed_version_is_not_promoted_before_its_release_is_there(call: str) -> None:
    made = story.register()
    claimed(made.release)
    services.register_model(actor=person("li"), name="prod.credit", tags={})
    with refused(Forbidden, "gate_closed") as caught:
        PROMOTING[call]()
    assert f"/releases/{made.release.pk}/" in caught.value.message
    assert made.release.code in caught.value.message
    assert caught.value.details["gate"]["missing"]


@pytest.mark.parametrize("call", PROMOTING)
def test_what_is_in_production_may_be_called_so(live: Release, call: str) -> None:
    PROMOTING[call]()
    told = Entry.objects.filter(
        kind__regex="^(alias|experiment)", body__contains='"environment":"production"'
    )
    assert [live.code in one.body for one in told] == [True]


def test_a_copy_under_a_protected_name_belongs_to_the_same_model(live: Release) -> None:
    told = services.NewVersion(source=f"models:/{NAME}/1")
    row = services.register_version(actor=person("li"), name="prod.credit", told=told)
    assert (row.registered.model, row.version) == (live.model_use.model, live.version)
    assert row.location == "s3://bucket/model"


@pytest.mark.django_db
def test_nothing_but_copies_comes_under_a_protected_name() -> None:
    services.register_model(actor=person("li"), name="prod.credit", tags={})
    with refused(Forbidden, "not_a_copy"):
        experiment("prod.credit")


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["dev.credit", "credit-dev", "sandbox.li"])
def test_development_stays_free(name: str) -> None:
    experiment(name)
    champion(name=name)
    services.transition(
        actor=person("li"), name=name, number=1, stage="Production", archive_existing=False
    )


@pytest.mark.django_db
def test_other_words_stay_free() -> None:
    experiment()
    services.set_alias(actor=person("li"), name=NAME, alias="best", number=1)
    services.transition(
        actor=person("li"), name=NAME, number=1, stage="Staging", archive_existing=True
    )


@pytest.mark.django_db
def test_the_pilot_needs_less_than_production() -> None:
    made = story.register()
    claimed(made.release)
    story.approve(story.to_approval(made))
    lifecycle.promote(actor=person("wang"), release_id=made.release.pk, to="S4")
    services.set_alias(actor=person("li"), name=NAME, alias="challenger", number=1)
    with refused(Forbidden, "gate_closed"):
        champion()


@pytest.mark.django_db
def test_whoever_moves_releases_moves_it_with_the_word() -> None:
    made = story.register()
    claimed(made.release)
    story.approve(story.to_approval(made))
    assert made.release.stage == "S3"
    services.set_alias(actor=person("wang"), name=NAME, alias="challenger", number=1)
    assert made.release.stage == "S4"


@pytest.mark.django_db
def test_an_open_approval_is_pending() -> None:
    made = story.register()
    claimed(made.release)
    approval = story.to_approval(made)
    with refused(Conflict, "approval_pending") as caught:
        champion()
    assert f"/approvals/{approval.pk}/" in caught.value.message


@pytest.mark.django_db
def test_the_owners_wish_is_a_request_for_approval_that_stays() -> None:
    made = story.register()
    claimed(made.release)
    story.to_validation(made)
    story.hand_in(made.release, *story.S2_DOCUMENTS)
    story.validate(made)
    lifecycle.promote(actor=person("wang"), release_id=made.release.pk, to="S3")
    story.hand_in(made.release, *story.S3_DOCUMENTS)
    with refused(Forbidden, "gate_closed"):
        champion(by="li")  # who may not ask for it
    with pytest.raises(Conflict) as caught:
        champion(by="wang")
    approval = Approval.objects.get(release=made.release, state=ApprovalState.OPEN)
    assert caught.value.code == "approval_pending"
    assert f"/approvals/{approval.pk}/" in caught.value.message
    assert not RegisteredAlias.objects.exists()


def stopped(release: Release) -> None:
    suspensions.order(
        actor=person("luo"), kind="stop", target_type="release", target_id=release.pk,
        reason="误拒率异常",
    )  # fmt: skip


def test_what_is_stopped_is_not_promoted_and_not_loaded(live: Release) -> None:
    assert services.load(actor=person("li"), name=NAME, number=1) == "s3://bucket/model"
    stopped(live)
    with translation.override("en"), refused(Forbidden, "gate_closed") as caught:
        champion()
    assert "Missing: an emergency stop holds" in caught.value.message
    assert "S5 and needs S5" not in caught.value.message
    with refused(Forbidden, "not_to_be_loaded"):
        services.load(actor=person("li"), name=NAME, number=1)


@pytest.mark.django_db
def test_what_is_retired_is_not_loaded() -> None:
    made = story.register()
    claimed(made.release)
    story.hand_in(made.release, "retirement_plan")
    lifecycle.promote(actor=person("wang"), release_id=made.release.pk, to="S8")
    with refused(Forbidden, "not_to_be_loaded"):
        services.load(actor=person("li"), name=NAME, number=1)


def test_a_protected_word_is_taken_away_by_whoever_moves_releases(live: Release) -> None:
    champion()
    with refused(Forbidden, "not_a_mover"):
        services.delete_alias(actor=person("li"), name=NAME, alias="champion")
    services.delete_alias(actor=person("luo"), name=NAME, alias="champion")
    assert RegisteredAlias.objects.get().version is None


def test_what_is_in_service_keeps_its_name(live: Release) -> None:
    champion()
    with refused(Forbidden, "claimed"):
        services.rename(actor=person("li"), name=NAME, new_name="other")
    with refused(Forbidden, "claimed"):
        services.delete_version(actor=person("li"), name=NAME, number=1)
    with refused(Forbidden, "claimed"):
        services.delete_model(actor=person("li"), name=NAME)


@pytest.mark.django_db
def test_nothing_is_renamed_into_a_protected_name() -> None:
    experiment()
    with refused(Forbidden, "in_service"):
        services.rename(actor=person("li"), name=NAME, new_name="prod.credit")


def test_the_pipeline_promotes_what_is_in_production(live: Release) -> None:
    champion(by="pipeline")


@pytest.mark.django_db
def test_the_pipeline_promotes_nothing_else() -> None:
    claimed(story.register().release)
    with refused(Forbidden, "gate_closed"):
        champion(by="pipeline")


@pytest.mark.django_db
def test_superusers_promote_nothing_either() -> None:
    experiment()
    with refused(Forbidden, "not_permitted"):
        services.set_alias(actor=person("admin"), name=NAME, alias="best", number=1)


# Claiming.


@pytest.mark.django_db
def test_a_claim_names_the_builder_as_a_developer() -> None:
    made = story.register()
    row = experiment()
    services.claim_name(
        actor=person("wang"), registered_id=row.registered_id, model=made.registered.model
    )
    told = services.claim_version(
        actor=person("wang"), version_id=row.pk, label="9", digest="a" * 64
    )
    assert told.version is not None
    assert {one.user.username for one in told.version.developers.all()} == {"li", "wang"}


@pytest.mark.django_db
def test_a_pipelines_digest_makes_a_version_of_the_inventory_at_once() -> None:
    made = story.register()
    claimed(made.release)
    row = experiment(tags={"sha256": "b" * 64})
    assert row.version is not None
    assert (row.version.label, row.version.digest) == ("2", "b" * 64)


@pytest.mark.django_db
@pytest.mark.parametrize("digest", ["b" * 63, "B" * 64, "sha256:" + "b" * 64, "x"])
def test_a_digest_that_is_none(digest: str) -> None:
    services.register_model(actor=person("li"), name=NAME, tags={})
    with refused(DomainError, "digest"):
        experiment(tags={"sha256": digest})


@pytest.mark.django_db
def test_a_name_and_a_version_are_claimed_once() -> None:
    made = story.register()
    row = claimed(made.release)
    with refused(Conflict, "claimed_already"):
        services.claim_name(
            actor=person("wang"), registered_id=row.registered_id, model=made.registered.model
        )
    with refused(Conflict, "claimed_already"):
        services.claim_version(actor=person("wang"), version_id=row.pk, label="10", digest="c" * 64)


@pytest.mark.django_db
def test_the_same_bytes_are_one_version_whatever_the_number_and_name() -> None:
    made = story.register()
    claimed(made.release)
    again = experiment()
    told = services.claim_version(
        actor=person("wang"), version_id=again.pk, label="10", digest=made.version.digest
    )
    assert told.version == made.version
    other = experiment("credit-challenger")
    services.claim_name(
        actor=person("wang"), registered_id=other.registered_id, model=made.registered.model
    )
    told = services.claim_version(
        actor=person("wang"), version_id=other.pk, label="10", digest=made.version.digest
    )
    assert told.version == made.version


@pytest.mark.django_db
def test_nobody_claims_for_a_model_out_of_reach() -> None:
    made = story.register()
    row = experiment()
    before = footprint()
    for who in ("hai", "zhao", "admin"):
        with pytest.raises(Forbidden):
            services.claim_name(
                actor=person(who), registered_id=row.registered_id, model=made.registered.model
            )
    assert changes(before) == {}


@pytest.mark.django_db
def test_the_pool_counts_in_no_inventory() -> None:
    made = story.register()
    before = footprint()
    experiment()
    counted = {"governance_registeredmodel", "governance_registeredversion", "registry_entry"}
    assert changes(before).keys() == counted
    assert made.registered.model.registered_names.count() == 0
