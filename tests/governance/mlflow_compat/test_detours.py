"""The ways round the gate that an attack has found: each is shut."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

import pytest

from governance.approvals.models import Approval
from governance.mlflow_compat import queries, services
from governance.mlflow_compat.models import Enrichment, RegisteredModel, RegisteredVersion
from governance.mlflow_compat.services.promoting import Grant
from governance.suspensions import services as suspensions
from registry.catalogue import services as catalogue
from registry.core import clock
from registry.core.errors import Conflict, DomainError, Forbidden, SegregationRefused
from registry.core.ledger import services as ledger
from registry.core.people import services as people
from registry.core.people.models import RoleAssignment, User
from registry.core.people.queries import standing
from registry.releases.models import Release
from tests import conftest, story
from tests.governance.mlflow_compat.test_gate import NAME, champion, claimed, experiment
from tests.refusals import refused
from tests.states import LIVE
from tests.world import person

APPROVED = "s3://bucket/model"


@pytest.fixture
def live(in_production: str, django_db_blocker: Any) -> Iterator[Release]:
    """A claimed release in production; the test is rolled back."""
    with django_db_blocker.unblock(), clock.at(LIVE), conftest.inside(in_production):
        release = Release.objects.get()
        claimed(release)
        yield release


def limited(username: str, *scopes: str) -> User:
    """The person by a token of these scopes alone."""
    user = person(username)
    standing(user, scopes=frozenset(scopes))
    return user


def copy(name: str, source: str = f"models:/{NAME}/1", by: str = "li", **more: Any) -> Any:
    if not RegisteredModel.objects.filter(name=name, is_deleted=False).exists():
        services.register_model(actor=person("li"), name=name, tags={})
    told = services.NewVersion(source=source, **more)
    return services.register_version(actor=person(by), name=name, told=told)


# Words that are carried along.


@pytest.mark.django_db
@pytest.mark.parametrize("free", ["dev.x", "x-dev", "sandbox.x"])
@pytest.mark.parametrize("word", ["alias", "stage", "tag"])
def test_no_protected_word_leaves_a_free_name(free: str, word: str) -> None:
    li, tags = person("li"), {"deployment": "production"} if word == "tag" else {}
    experiment(free, tags=tags)
    if word == "alias":
        champion(name=free)
    if word == "stage":
        services.transition(
            actor=li, name=free, number=1, stage="Production", archive_existing=False
        )
    with refused(Forbidden, "in_service"):
        services.rename(actor=li, name=free, new_name="x")


@pytest.mark.django_db
def test_a_claimed_name_does_not_go_and_come_back() -> None:
    claimed(story.register().release)
    for who in ("li", "wang", "sun"):
        with pytest.raises(Forbidden):
            services.rename(actor=person(who), name=NAME, new_name="dev.credit")


@pytest.mark.django_db
@pytest.mark.parametrize(
    "tags", [{"deployment": "production"}, {"Deployment": "PRODUCTION "}], ids=str
)
def test_no_version_is_born_with_a_tag_that_promotes(tags: dict[str, str]) -> None:
    services.register_model(actor=person("li"), name=NAME, tags={})
    with refused(Forbidden, "not_a_copy"):
        experiment(tags=tags)


@pytest.mark.django_db
@pytest.mark.parametrize("alias", ["Champion", "\uff43hampion", "PROD", "\u1d3erod"])
def test_a_word_in_another_shape_is_the_same_word(alias: str) -> None:
    experiment()
    with refused(Forbidden, "unclaimed"):
        services.set_alias(actor=person("li"), name=NAME, alias=alias, number=1)


@pytest.mark.django_db
@pytest.mark.parametrize(
    "name", ["Prod.credit", "credit-PROD", "\uff50rod.credit", "prod.credit-dev"]
)
def test_a_name_in_another_shape_is_protected(name: str) -> None:
    services.register_model(actor=person("li"), name=name, tags={})
    with refused(Forbidden, "not_a_copy"):
        experiment(name)


@pytest.mark.django_db
@pytest.mark.parametrize("name", [" prod.credit", "credit-prod ", "credit\n"])
def test_a_name_has_no_blanks_at_its_ends(name: str) -> None:
    with refused(DomainError, "invalid_parameter_value"):
        services.register_model(actor=person("li"), name=name, tags={})


def test_a_protected_tag_is_taken_away_by_movers_alone(live: Release) -> None:
    told: dict[str, Any] = {"name": NAME, "number": 1, "key": "deployment"}
    services.set_version_tag(actor=person("li"), value="production", **told)
    with refused(Forbidden, "not_a_mover"):
        services.delete_version_tag(actor=person("li"), **told)
    with refused(Forbidden, "not_a_mover"):
        services.set_version_tag(actor=person("li"), value="nowhere", **told)
    services.delete_version_tag(actor=person("wang"), **told)


# Digests that are only told.


def test_a_told_digest_makes_no_known_version_of_other_files(live: Release) -> None:
    assert live.version is not None
    row = experiment(tags={"sha256": live.version.digest})
    assert row.version == live.version  # the same place as the claimed one
    told = services.NewVersion(source="s3://evil/bytes", tags={"sha256": live.version.digest})
    evil = services.register_version(actor=person("li"), name=NAME, told=told)
    assert evil.version is None
    other = experiment("other").registered_id
    with refused(Forbidden, "not_yours"):
        services.claim_name(actor=person("li"), registered_id=other, model=live.version.model)
    claim: dict[str, Any] = {"version_id": evil.pk, "label": "x", "digest": live.version.digest}
    with pytest.raises(SegregationRefused):
        services.claim_version(actor=person("li"), **claim)
    own = services.NewVersion(source="s3://evil/bytes")
    brought = services.register_version(actor=person("wang"), name=NAME, told=own)
    with pytest.raises(SegregationRefused):
        services.claim_version(actor=person("wang"), **claim | {"version_id": brought.pk})


@pytest.mark.django_db
def test_a_digest_that_the_tracking_server_contradicts() -> None:
    row = experiment()
    made = story.register()
    services.claim_name(
        actor=person("wang"), registered_id=row.registered_id, model=made.registered.model
    )
    Enrichment.objects.create(
        version=row, state="done", found={"digest": "d" * 64}, try_at=clock.now()
    )
    claim: dict[str, Any] = {"actor": person("wang"), "version_id": row.pk, "label": "2"}
    with refused(Conflict, "digest_differs"):
        services.claim_version(digest="e" * 64, **claim)
    services.claim_version(digest="d" * 64, **claim)


# Tokens.


@pytest.mark.django_db
def test_a_limited_token_asks_for_no_approval_and_moves_nothing() -> None:
    made = story.register()
    claimed(made.release)
    story.to_validation(made)
    story.hand_in(made.release, *story.S2_DOCUMENTS)
    story.validate(made)
    approval = story.ask_approval(made)
    story.approve(approval)
    with refused(Forbidden, "gate_closed"):
        services.set_alias(
            actor=limited("wang", "read", "register_version"), name=NAME, alias="pilot", number=1
        )
    assert made.release.stage == "S3"
    assert Approval.objects.count() == 1


def test_a_limited_token_takes_no_protected_word_away(live: Release) -> None:
    champion()
    with refused(Forbidden, "not_a_mover"):
        services.delete_alias(
            actor=limited("wang", "read", "register_version"), name=NAME, alias="champion"
        )


# Races.


def test_the_word_goes_to_the_version_that_was_checked(live: Release) -> None:
    other = experiment("other")
    checked = RegisteredVersion.objects.get(registered__name=NAME)
    with ledger.act(person("li")) as act:
        assert Grant(act, {}, checked).check(checked) == checked
        with pytest.raises(Conflict, match="meanwhile|其间"):
            Grant(act, {}, checked).check(other)


# A stop, and copies.


def test_a_stop_is_not_escaped_by_a_copy_or_another_name(live: Release) -> None:
    before = copy("sandbox.before")
    suspensions.order(
        actor=person("luo"), kind="stop", target_type="release", target_id=live.pk,
        reason="误拒率异常",
    )  # fmt: skip
    for name in ("sandbox.x", NAME):
        with pytest.raises(Forbidden) as caught:
            copy(name)
        assert caught.value.code == "not_to_be_loaded"
    assert before.version is None
    experiment("sandbox.same-place")
    for name in ("sandbox.before", "sandbox.same-place"):
        with refused(Forbidden, "not_to_be_loaded"):
            services.load(actor=person("li"), name=name, number=1)


@pytest.mark.parametrize(
    "spelled",
    [f"{APPROVED}/", "s3://bucket//model", "s3://bucket/./model", "S3://Bucket/model/.",
     f" {APPROVED}", f"{APPROVED}?", f"models:/{NAME}/0000000001"],
)  # fmt: skip
def test_nor_by_another_spelling_of_the_place(live: Release, spelled: str) -> None:
    before = "sandbox.before"
    copy(before, spelled)
    assert services.load(actor=person("li"), name=before, number=1)
    suspensions.order(
        actor=person("luo"), kind="stop", target_type="release", target_id=live.pk,
        reason="误拒率异常",
    )  # fmt: skip
    with refused(Forbidden, "not_to_be_loaded"):
        services.load(actor=person("li"), name=before, number=1)


def test_another_place_is_another_place(live: Release) -> None:
    suspensions.order(
        actor=person("luo"), kind="stop", target_type="release", target_id=live.pk,
        reason="误拒率异常",
    )  # fmt: skip
    for source in (
        "s3://bucket/models",
        "s3://other/model",
        "s3://bucket/Model",
        "gs://bucket/model",
    ):
        name = f"sandbox.{abs(hash(source))}"
        copy(name, source)
        assert services.load(actor=person("li"), name=name, number=1) == source


def test_a_version_comes_back_into_a_protected_name(live: Release) -> None:
    services.register_model(actor=person("li"), name="prod.credit", tags={})
    first = copy("prod.credit", by="wang")
    second = copy("prod.credit", by="li")
    assert (first.version, second.version) == (live.version, live.version)
    assert services.load(actor=person("li"), name="prod.credit", number=2) == APPROVED


def test_nobody_claims_a_protected_name_by_a_copy(live: Release) -> None:
    services.register_model(actor=person("li"), name="prod.credit", tags={})
    for who in ("pipeline", "li"):
        with refused(Forbidden, "not_permitted" if who == "pipeline" else "not_yours"):
            copy("prod.credit", by=who)


@pytest.mark.django_db
def test_a_confidential_models_version_is_not_copied_out() -> None:
    made = story.register(is_confidential=True)
    row = experiment(by="wang")
    services.claim_name(
        actor=person("wang"), registered_id=row.registered_id, model=made.registered.model
    )
    services.register_model(actor=person("wang"), name="sandbox.x", tags={})
    with refused(Forbidden, "confidential"):
        copy("sandbox.x", by="wang")
    assert not queries.visible_versions(person("li")).exists()


# Who built it.


@pytest.mark.django_db
def test_whoever_brought_the_files_stays_their_developer() -> None:
    made, li = story.register(), person("li")
    experiment("a")
    row = copy("b", "models:/a/1", by="wang")
    assignment = RoleAssignment.objects.get(user=li)
    yesterday = clock.today() - dt.timedelta(days=1)
    people.end_role(actor=person("admin"), assignment_id=assignment.pk, valid_to=yesterday)
    services.claim_name(
        actor=person("wang"), registered_id=row.registered_id, model=made.registered.model
    )
    told = services.claim_version(
        actor=person("wang"), version_id=row.pk, label="2", digest="f" * 64
    )
    assert told.version is not None
    assert {one.user.username for one in told.version.developers.all()} == {"li", "wang"}


@pytest.mark.django_db
def test_a_known_version_gains_the_builder_who_brought_it_again() -> None:
    made = story.register()
    wang = person("wang")
    known = catalogue.register_version(
        actor=wang, model=made.registered.model,
        version=catalogue.NewVersion("7", "artifact", "7" * 64, source=APPROVED),
    )  # fmt: skip
    row = experiment()
    services.claim_name(actor=wang, registered_id=row.registered_id, model=known.model)
    services.claim_version(actor=wang, version_id=row.pk, label="7", digest="7" * 64)
    assert {one.user.username for one in known.developers.all()} == {"li", "wang"}


# Reach.


@pytest.mark.django_db
def test_experiments_of_another_entity_are_not_claimed() -> None:
    made, row = story.register(), experiment("branch", by="hai")
    with refused(Conflict, "other_entity"):
        services.claim_name(
            actor=person("wang"), registered_id=row.registered_id, model=made.registered.model
        )


@pytest.mark.django_db
def test_a_prompt_is_no_model() -> None:
    made = story.register()
    tags = {"mlflow.prompt.is_prompt": "true"}
    row = services.register_model(actor=person("li"), name="p", tags=tags)
    with refused(Conflict, "prompt"):
        services.claim_name(actor=person("wang"), registered_id=row.pk, model=made.registered.model)


@pytest.mark.django_db
def test_only_the_registrant_and_the_second_line_delete_a_version() -> None:
    experiment()
    with refused(Forbidden, "not_yours"):
        services.delete_version(actor=person("other"), name=NAME, number=1)
