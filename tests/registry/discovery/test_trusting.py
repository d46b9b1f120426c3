"""What a source may bring about by itself, and what needs whom: a source is nobody's word."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

import pytest

from governance.suspensions import services as suspensions
from governance.suspensions.models import Order
from registry.catalogue import services as catalogue
from registry.catalogue.services import NewModel, NewVersion
from registry.core import clock
from registry.core.dispatch import services as dispatch
from registry.core.errors import Forbidden
from registry.core.ledger import services as ledger
from registry.core.people import services as people
from registry.core.people.models import LegalEntity, User
from registry.core.people.rules import Role
from registry.core.people.services import NewPerson
from registry.discovery import queries, services
from registry.discovery.models import KnownName, Scan, Seen, Sighting, Source
from registry.discovery.services import scanning
from registry.releases import queries as release_queries
from registry.releases import services as releases
from registry.releases.models import Deployment, Release
from tests import conftest, states
from tests.refusals import refused, refused_by_database
from tests.registry.discovery.looking import look, opened, sightings, thing
from tests.world import head_office, person

pytestmark = pytest.mark.django_db
X, Y = "f" * 64, "e" * 64
DAY = dt.timedelta(days=1)
REASON = "已经核实的说明"


@pytest.fixture
def live(in_production: str) -> Iterator[Release]:
    """Head office's scorecard in production."""
    with conftest.inside(in_production), clock.at(states.LIVE):
        rows = Release.objects.select_related("version", "model_use__model", "model_use__entity")
        yield rows.get()


def branch() -> LegalEntity:
    return LegalEntity.objects.get(code="SH")


def of_branch(username: str, role: Role) -> User:
    told = NewPerson(username, username, "Correct-Horse-9!")
    found = people.enrol(actor=person("admin"), person=told)
    people.assign_role(
        actor=person("admin"), user=found, role=role, entity=branch(),
        valid_from=dt.date(2020, 1, 1),
    )  # fmt: skip
    return found


def linked(live: Release, **more: Any) -> Source:
    source = opened(**more)
    look(source, thing("1"))
    row = Sighting.objects.get(source=source)
    services.link(actor=person("chen"), sighting_id=row.pk, model=live.model_use.model)
    return source


def facts(live: Release) -> tuple[str, str]:
    assert live.version is not None
    return live.version.label, live.version.digest


def restricted(live: Release) -> int:
    dispatch.run()
    return Order.objects.filter(kind="restrict", reason__startswith="BR-09").count()


def lift() -> None:
    row = Order.objects.get(kind="restrict", state="in_force")
    suspensions.resume(actor=person("chen"), order_id=row.pk, reason=REASON)


def running() -> list[tuple[str, str]]:
    rows = release_queries.running(Deployment.objects.all(), across="release")
    return sorted((one.digest[:2], one.endpoint) for one in rows)


# A digest is nobody's word


@pytest.mark.parametrize("is_given", [False, True])
def test_a_branchs_source_restricts_nothing_of_head_office(live: Release, is_given: bool) -> None:
    source = (linked if is_given else lambda _live, **more: opened(**more))(live, entity=branch())
    before = Deployment.objects.count()
    look(source, thing("1", facts(live)[1]), thing("2", X, "champion"))
    assert (restricted(live), Deployment.objects.count()) == (0, before)


def test_a_source_is_not_told_which_digests_the_register_holds_elsewhere(live: Release) -> None:
    look(
        opened(entity=branch()),
        thing("1", facts(live)[1], name="asked"), thing("1", Y, name="other"),
    )  # fmt: skip
    assert sightings() == [("unknown", "asked", "open"), ("unknown", "other", "open")]


def test_under_a_name_that_only_a_digest_links_a_person_comes_first(live: Release) -> None:
    source = opened()
    look(source, thing("1", facts(live)[1]), thing("2", X, "champion"))
    row = Sighting.objects.get(kind="identity_mismatch")
    assert (restricted(live), row.model) == (0, live.model_use.model)
    services.accept(actor=person("chen"), sighting_id=row.pk, reason=REASON)
    assert restricted(live) == 1
    assert KnownName.objects.get(source=source, version="").model == live.model_use.model
    look(source, thing("1", facts(live)[1]), thing("2", X, "champion"))
    assert restricted(live) == 1


def test_a_machine_gives_no_name_to_a_model(live: Release) -> None:
    look(opened(), thing("1"))
    row = Sighting.objects.get()
    with refused(Forbidden, "not_permitted"):
        services.register(actor=person("pipeline"), sighting_id=row.pk, model=live.model_use.model)


# What runs elsewhere


def test_what_runs_beyond_the_sources_entity_is_not_missing_there(live: Release) -> None:
    label, digest = facts(live)
    source = linked(live, entity=branch())
    look(source, thing(label, digest, "champion"))
    look(source, thing("1"))
    assert not Sighting.objects.filter(kind="missing").exclude(deployment=None).exists()


def test_what_the_source_never_showed_is_not_missing_there(live: Release) -> None:
    label, digest = facts(live)
    source = linked(live, kind="kubeflow")
    releases.record_deployment(
        actor=person("luo"), release=live, environment="production", digest=digest,
        endpoint="k8s://elsewhere",
    )  # fmt: skip
    look(source, thing(label, digest, runs=True, endpoint="k8s://credit"))
    look(source, thing("1"))
    places = Sighting.objects.filter(kind="missing").values_list("endpoint", flat=True)
    assert "k8s://elsewhere" not in places
    look(source, thing(label, digest, runs=True, endpoint="k8s://elsewhere"))
    look(source, thing("1"))
    missing = Sighting.objects.filter(kind="missing", state="open")
    assert {one.endpoint for one in missing} == {"", "k8s://elsewhere"}


def test_model_risk_of_a_branch_ends_no_deployment_of_head_office(live: Release) -> None:
    label, digest = facts(live)
    source = linked(live)
    look(source, thing(label, digest, "champion"))
    look(source, thing("1"))
    row = Sighting.objects.get(kind="missing")
    row.source.entity = branch()  # as it would stand, were the source the branch's
    assert not queries.may_answer(of_branch("shmr", Role.MODEL_RISK), row)
    assert queries.may_answer(person("chen"), row)


# The same bytes


def test_the_same_bytes_elsewhere_restrict_nobody_again_after_people_lifted_it(
    live: Release,
) -> None:
    source, (label, digest) = linked(live), facts(live)
    look(source, thing(label, X, "champion", endpoint="a/x"))
    assert restricted(live) == 1
    row = Sighting.objects.get(kind="identity_mismatch")
    services.accept(actor=person("chen"), sighting_id=row.pk, reason=REASON)
    lift()
    look(source, thing(label, X, "champion", endpoint="a/y"))
    assert restricted(live) == 1
    assert [one for one in running() if one[0] == "ff"] == [("ff", "a/y")]
    look(source, thing(label, Y, "champion", endpoint="a/y"))  # others do
    assert restricted(live) == 2
    assert [one for one in running() if one[1]] == [("ee", "a/y")]
    look(source, thing(label, digest, "champion", endpoint="a/y"))
    assert [one for one in running() if one[1]] == []


def test_what_is_dismissed_and_comes_back_on_its_day_is_recorded_once(live: Release) -> None:
    source, (label, _digest) = linked(live), facts(live)
    look(source, thing(label, X, "champion"))
    row = Sighting.objects.get(kind="identity_mismatch")
    services.dismiss(
        actor=person("chen"), sighting_id=row.pk, reason=REASON, until=clock.today() + DAY
    )
    with clock.at(states.LIVE + 2 * DAY):
        assert look(source, thing(label, X, "champion")).opened == 1
    assert Deployment.objects.filter(digest=X).count() == 1


def test_bytes_that_were_gone_and_run_again_are_a_new_fact(live: Release) -> None:
    source, (label, digest) = linked(live), facts(live)
    look(source, thing(label, X, "champion"))
    assert restricted(live) == 1
    lift()
    look(source, thing(label, digest, "champion"))
    look(source, thing(label, X, "champion"))
    assert restricted(live) == 2


# A list that has shrunk


def test_an_empty_list_ends_nothing_until_it_is_seen_twice(live: Release) -> None:
    source, (label, _digest) = linked(live), facts(live)
    look(source, thing(label, X, "champion"))
    restricted(live)
    before, ran = sightings(), running()
    scan = look(source)
    assert (scan.state, scan.trouble, scan.gone) == ("failed", "shrunk", 0)
    assert (sightings(), running()) == (before, ran)
    assert Seen.objects.filter(source=source, is_there=True).exists()
    scan = look(source)
    assert (scan.state, running() == ran) == ("done", False)


def test_a_list_less_than_half_as_long_waits_for_a_second_look() -> None:
    source = opened()
    things = [thing("1", name=f"n{index}") for index in range(7)]
    look(source, *things)
    assert look(source, *things[:4]).state == "done"
    look(source, *things)
    assert look(source, *things[:3]).trouble == "shrunk"
    assert look(source).trouble == "shrunk"  # less than even that
    assert look(source, *things).state == "done"
    assert look(source, *things[:3]).trouble == "shrunk"
    assert look(source, *things[:3]).gone == 4


def test_a_second_look_by_itself_comes_an_hour_later() -> None:
    def nightly(source: Source) -> Scan:
        row = scanning._begin(source, "nightly", None)
        scanning._take(row, [], lambda *_: None)
        return row

    with clock.at(states.LIVE):
        source = opened()
        look(source, thing("1"))
        assert nightly(source).trouble == "shrunk"
    with clock.at(states.LIVE + dt.timedelta(minutes=59)):
        assert nightly(source).trouble == "shrunk"
    with clock.at(states.LIVE + dt.timedelta(minutes=60)):
        assert nightly(source).state == "done"


# Who says what runs


def test_the_owner_notes_no_other_bytes_away(live: Release) -> None:
    source, (label, _digest) = linked(live, environment="pilot"), facts(live)
    look(source, thing(label, X, "champion"))
    row = Sighting.objects.get(kind="identity_mismatch")
    with refused(Forbidden, "needs_model_risk"):
        services.accept(actor=person("wang"), sighting_id=row.pk, reason=REASON)
    assert services.accept(actor=person("chen"), sighting_id=row.pk, reason=REASON).state == (
        "accepted"
    )


def test_the_owner_says_whose_a_name_is_and_not_what_runs(live: Release) -> None:
    source, model = opened(), live.model_use.model
    look(source, thing("77", "", "champion"))
    row = Sighting.objects.get()
    with refused(Forbidden, "needs_model_risk"):
        services.link(actor=person("wang"), sighting_id=row.pk, model=model, version=live.version)
    services.link(actor=person("wang"), sighting_id=row.pk, model=model)
    look(source, thing("77", "", "champion"))
    row = Sighting.objects.get(kind="version_drift")
    with refused(Forbidden, "needs_model_risk"):
        services.link(actor=person("wang"), sighting_id=row.pk, model=model, version=live.version)
    with refused(Forbidden, "needs_model_risk"):
        services.dismiss(actor=person("wang"), sighting_id=row.pk, reason=REASON)
    services.link(actor=person("chen"), sighting_id=row.pk, model=model, version=live.version)


def test_whoever_built_a_version_says_neither(live: Release) -> None:
    source, model = linked(live), live.model_use.model
    people.assign_role(
        actor=person("admin"), user=person("chen"), role=Role.DEVELOPER,
        entity=live.model_use.entity, valid_from=dt.date(2020, 1, 1),
    )  # fmt: skip
    catalogue.register_version(
        actor=person("li"), model=model,
        version=NewVersion("9.0.0", "artifact", Y, developers=(person("chen"),)),
    )  # fmt: skip
    look(source, thing("9.0.0", Y, "champion"))
    row = Sighting.objects.get(kind="version_drift")
    with refused(Forbidden, "needs_model_risk"):
        services.dismiss(actor=person("chen"), sighting_id=row.pk, reason=REASON)
    assert services.dismiss(
        actor=person("sun"), sighting_id=row.pk, reason=REASON
    ).state == "dismissed"  # fmt: skip


def shown(live: Release) -> Source:
    """What runs are other bytes than approved, and a version whose digest nobody tells."""
    source = linked(live)
    look(source, thing("1"), thing("9", X, "champion"), thing("7", "", "champion"))
    assert len(sightings(state="open")) == 2
    return source


@pytest.mark.parametrize("role", [Role.ADMINISTRATOR, Role.AUDIT])
def test_administrators_and_the_third_line_clear_nothing(live: Release, role: Role) -> None:
    shown(live)
    both = people.enrol(
        actor=person("admin"), person=NewPerson("both", "兼任者", "Correct-Horse-9!")
    )
    for one in (Role.MODEL_RISK, role):
        people.assign_role(
            actor=person("admin"), user=both, role=one, entity=live.model_use.entity,
            valid_from=dt.date(2020, 1, 1),
        )  # fmt: skip
    for row in Sighting.objects.filter(state="open"):
        with refused(Forbidden, "needs_model_risk"):
            services.dismiss(actor=both, sighting_id=row.pk, reason=REASON)


def test_a_superuser_clears_nothing(live: Release) -> None:
    shown(live)
    chen = person("chen")
    with ledger.act(person("admin")) as act:
        act.update(chen, "user.changed", {"is_superuser": True})
    row = Sighting.objects.get(kind="identity_mismatch")
    with refused(Forbidden, "needs_model_risk"):
        services.dismiss(actor=person("chen"), sighting_id=row.pk, reason=REASON)


def test_a_former_owner_does_not_say_what_runs(live: Release) -> None:
    look(opened(), thing("7", "", "champion"))
    row, model = Sighting.objects.get(), live.model_use.model
    wang = person("wang")
    people.assign_role(
        actor=person("admin"), user=wang, role=Role.MODEL_RISK, entity=live.model_use.entity,
        valid_from=dt.date(2020, 1, 1),
    )  # fmt: skip
    catalogue.hand_over(actor=wang, model_id=model.pk, owner=person("other"), reason=REASON)
    model.refresh_from_db()
    with refused(Forbidden, "needs_model_risk"):
        services.link(actor=person("wang"), sighting_id=row.pk, model=model, version=live.version)
    services.link(actor=person("chen"), sighting_id=row.pk, model=model, version=live.version)


def test_nor_does_the_database_let_them(live: Release) -> None:
    shown(live)
    row = Sighting.objects.get(kind="identity_mismatch")
    for who in ("wang", "li", "pipeline"):
        with refused_by_database("MC029"), ledger.act(person(who)) as act:
            told = {"state": "dismissed", "decided_by": person(who), "reason": REASON}
            act.update(row, "sighting.dismissed", told | {"state_since": clock.now()})
        row.refresh_from_db()


def test_the_database_links_a_name_for_people_and_versions_to_their_model(live: Release) -> None:
    source, model = shown(live), live.model_use.model
    with ledger.act(person("other")):
        other = catalogue.register_model(
            actor=person("other"), model=NewModel("别的模型", head_office(), person("other"))
        )
    cases: list[tuple[str, dict[str, Any]]] = [
        ("pipeline", {"model": model}),
        ("chen", {"model": other, "known_version": live.version}),
        ("wang", {"model": model, "known_version": live.version}),
    ]
    for who, told in cases:
        by = {"linked_by": person(who), "linked_at": clock.now()}
        with refused_by_database("MC029"), ledger.act(person(who)) as act:
            row = KnownName(source=source, name="credit", version="9", **told, **by)
            act.create(row, "known_name.linked")


def test_where_nothing_needs_approval_the_owner_answers(live: Release) -> None:
    source, (label, _digest) = linked(live, environment="test"), facts(live)
    look(source, thing(label, X, "champion"))
    row = Sighting.objects.get(kind="identity_mismatch")
    done = services.dismiss(actor=person("wang"), sighting_id=row.pk, reason=REASON)
    assert done.state == "dismissed"


# What is kept


def test_a_closed_source_forgets_its_credentials() -> None:
    source = opened()
    services.close_source(actor=person("admin"), source_id=source.pk)
    assert Source.objects.get().sealed == ""


def test_a_source_is_renewed_although_its_key_is_lost(settings: Any) -> None:
    source = opened()
    settings.VAULT_KEYS = ["MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="]
    services.renew_source(
        actor=person("luo"), source_id=source.pk, address="https://qyapi.weixin.qq.com/m", token="t"
    )
    assert services.scan(source=Source.objects.get(), reason="nightly").trouble != "sealed"


def test_what_has_been_gone_for_long_is_kept_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    with clock.at(states.LIVE):
        source = opened()
        look(source, *[thing(str(index)) for index in range(4)])
        look(source, thing("0"), thing("1"), thing("3"))
    monkeypatch.setattr("registry.discovery.services.pruning.CHUNK", 1)
    with clock.at(states.LIVE + 179 * DAY):
        assert services.prune() == 0
        look(source, thing("3"), thing("4"))
    with clock.at(states.LIVE + 181 * DAY):
        services.prune()
    kept = Seen.objects.order_by("version").values_list("version", flat=True)
    shown = Sighting.objects.get().seen
    assert "2" not in set(kept) - {shown.version if shown else ""}
    assert {"3", "4"} <= set(kept)
