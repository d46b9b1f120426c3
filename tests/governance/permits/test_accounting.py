"""Breaking glass: who gives it, who holds the paper, and what accounting for it does not hide."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from governance.permits import queries, services
from registry.catalogue.models import VersionDeveloper
from registry.core import clock
from registry.core.errors import Conflict, Forbidden, SegregationRefused
from registry.core.ledger import services as ledger
from registry.core.people import services as people
from registry.core.people.queries import system
from registry.core.people.rules import Role
from registry.releases import services as releases
from registry.releases.models import Deployment, Release
from tests import story
from tests.governance.permits.conftest import NOON
from tests.governance.permits.test_breaking import HOUR, ask, give, report, tasks
from tests.governance.permits.test_issuing import order
from tests.refusals import refused
from tests.rest.calling import caller, machine
from tests.world import head_office, person


def test_the_paper_is_shown_to_those_who_may_hold_it(live: Release) -> None:
    permit = give(ask(live))
    for username in ("chen", "gao", "sun", "luo"):
        assert caller(username).get(f"/permits/{permit.pk}/").json()["envelope"], username
    for username in ("shen", "li", "wang"):
        shown = caller(username).get(f"/permits/{permit.pk}/").json()
        assert (shown["code"], shown["envelope"]) == (permit.code, None), username
    assert machine("read").get(f"/permits/{permit.pk}/").json()["envelope"] is None


def deploy(live: Release, digest: str) -> Any:
    return releases.record_deployment(
        actor=person("luo"), release=live, environment="production", digest=digest
    )


def test_accounting_silences_nothing_that_is_unexplained(live: Release) -> None:
    permit = give(ask(live))
    with clock.at(NOON + HOUR):
        done = deploy(live, "d" * 64)
    with clock.at(NOON + 2 * HOUR):
        services.revoke(actor=person("chen"), permit_id=permit.pk, reason="不再需要")
        with refused(Conflict, "unexplained"):
            services.account(actor=person("li"), permit_id=permit.pk)
        with refused(Forbidden, "person_needed"):
            services.account(actor=person("pipeline"), permit_id=permit.pk)
        report(permit, "d" * 64, deployed_at=done.deployed_at)
        with refused(SegregationRefused, "own_report"):
            services.account(actor=person("luo"), permit_id=permit.pk)
        services.account(actor=person("li"), permit_id=permit.pk)
    with clock.at(NOON + 3 * HOUR):  # after the revocation and the account, by the paper
        late = deploy(live, "d" * 64)
    permit.refresh_from_db()
    assert queries.unexplained(permit) == [late]
    with clock.at(NOON + dt.timedelta(days=3)):
        assert services.sweep(actor=system()) == 1


def test_one_report_explains_one_deployment_the_nearest(live: Release) -> None:
    permit = give(ask(live))
    rows = []
    for hours in (1, 2, 3):
        with clock.at(NOON + hours * HOUR):
            rows.append(deploy(live, "d" * 64))
    with clock.at(NOON + 4 * HOUR):
        report(permit, "d" * 64, deployed_at=NOON + dt.timedelta(minutes=125))
        assert queries.unexplained(permit) == [rows[0], rows[2]]
        report(permit, "d" * 64, deployed_at=NOON + dt.timedelta(minutes=130))
        assert queries.unexplained(permit) == [rows[0]]


def test_whoever_built_it_or_decides_nothing_gives_nothing(live: Release) -> None:
    row = ask(live)
    people.assign_role(
        actor=person("admin"), user=person("gao"), role=Role.AUDIT, entity=head_office(),
        valid_from=dt.date(2020, 1, 1),
    )  # fmt: skip
    with refused(Forbidden, "never_deciding"):
        services.give_break_glass(actor=person("gao"), request_id=row.pk, step_up_id=None)
    with ledger.act(person("li")) as act:
        act.create(
            VersionDeveloper(version=live.version, user=person("sun")), "version.developer_named"
        )
    with refused(SegregationRefused, "own_model"):
        services.give_break_glass(actor=person("sun"), request_id=row.pk, step_up_id=None)


def test_no_glass_is_broken_for_a_use_without_an_approved_release(live: Release) -> None:
    new = ask(story.register(name="未批准的模型").release)
    stopped = ask(live)
    order(live)
    for row in (new, stopped):
        with pytest.raises(Conflict) as caught:
            give(row)
        assert caught.value.code == "nothing_approved"


def test_a_known_version_that_is_stopped_is_a_task_of_model_risk(live: Release) -> None:
    assert live.version is not None
    permit = give(ask(live))
    order(live)
    assert report(permit, live.version.digest).is_known
    assert tasks("permit.to_reconcile") == {"chen": 1, "sun": 1}


def test_what_was_told_covers_nothing_after_the_permit_has_ended(live: Release) -> None:
    permit = give(ask(live))
    with clock.at(NOON + HOUR):
        done = deploy(live, "d" * 64)
        assert list(queries.uncovered(Deployment.objects.filter(pk=done.pk))) == [done]
        report(permit, "d" * 64, deployed_at=done.deployed_at)
        assert list(queries.uncovered(Deployment.objects.filter(pk=done.pk))) == []
    with clock.at(NOON + dt.timedelta(days=300)):
        late = deploy(live, "d" * 64)
    assert list(queries.uncovered(Deployment.objects.filter(pk=late.pk))) == [late]
