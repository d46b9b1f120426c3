"""Breaking glass: asked by one, given by another, told afterwards; what is not told is a task."""

from __future__ import annotations

import datetime as dt
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from governance.permits import queries, services
from governance.permits.models import BreakGlass, Permit, PermitUse
from governance.permits.services import Reported
from registry.core import clock
from registry.core.dispatch import services as dispatch
from registry.core.errors import Conflict, DomainError, Forbidden, SegregationRefused
from registry.core.ledger import services as ledger
from registry.core.ledger.models import Entry
from registry.core.notices.models import Notice
from registry.core.people import services as people
from registry.core.people.models import User
from registry.core.people.queries import system
from registry.core.people.rules import Role
from registry.releases import services as releases
from registry.releases.models import Release
from tests.governance.permits.asking import issue, payload, revoked
from tests.governance.permits.conftest import NOON
from tests.governance.permits.test_issuing import order
from tests.refusals import changes, footprint, refused, refused_by_database
from tests.rest.calling import caller, machine, problem
from tests.world import PASSWORD, head_office, person

WHY = "登记系统停机时须能修复生产故障"
HOUR = dt.timedelta(hours=1)


def ask(live: Release, by: str = "chen", days: int = 3, **told: Any) -> BreakGlass:
    given: dict[str, Any] = {"environment": "production", "reason": WHY} | told
    return services.ask_break_glass(actor=person(by), use_id=live.model_use_id, days=days, **given)


def proof(username: str, row: BreakGlass) -> Any:
    user = person(username)
    return people.step_up(user=user, password=PASSWORD, subjects=[row.subject]).pk


def give(row: BreakGlass, by: str = "gao") -> Permit:
    done = services.give_break_glass(actor=person(by), request_id=row.pk, step_up_id=proof(by, row))
    assert done.permit is not None
    return done.permit


def told(digest: str, **more: Any) -> Reported:
    given: dict[str, Any] = {
        "deployed_at": clock.now(), "deployed_by": "罗运维", "reason": "评分服务崩溃，紧急回退",
        "incident": "INC-2026-77",
    } | more  # fmt: skip
    return Reported(digest=digest, **given)


def report(permit: Permit, digest: str, by: str = "luo", **more: Any) -> PermitUse:
    return services.report_use(actor=person(by), permit_id=permit.pk, told=told(digest, **more))


def tasks(kind: str) -> dict[str, int]:
    """Who has how many open tasks of the kind."""
    found: dict[str, int] = {}
    for name in Notice.objects.filter(kind=kind, is_task=True, settled_at=None).values_list(
        "user__username", flat=True
    ):
        found[name] = found.get(name, 0) + 1
    return found


def test_two_people_give_one_signed_permit_for_a_use(live: Release) -> None:
    before = footprint()
    row = ask(live)
    assert changes(before)["governance_breakglass"] == (1, 1)
    assert tasks("break_glass.asked") == {"sun": 1, "gao": 1}
    permit = give(row)
    row.refresh_from_db()
    assert (row.state, row.answered_by, row.permit) == ("given", person("gao"), permit)
    assert tasks("break_glass.asked") == {}
    assert (permit.kind, permit.release, permit.version, permit.digest) == (
        "break_glass", None, None, "",
    )  # fmt: skip
    assert permit.expires_at == NOON + dt.timedelta(days=3)
    assert permit.svr_envelope is None
    said = payload(permit.envelope)
    assert said["subject"] == [
        {
            "name": f"models.bank.example/models/{live.model_use.model.code}"
            f"/uses/{live.model_use.code}",
            "digest": {"mingceUse": str(live.model_use_id)},
        }
    ]
    predicate = said["predicate"]
    assert (predicate["breakGlass"], predicate["use"], predicate["reference"]) == (
        True, str(live.model_use_id), row.code,
    )  # fmt: skip
    assert (predicate["requestedBy"], predicate["confirmedBy"]) == (
        str(person("chen").pk), str(person("gao").pk),
    )  # fmt: skip
    kinds = list(Entry.objects.order_by("-seq").values_list("kind", flat=True)[:3])
    assert kinds == ["break_glass.given", "permit.issued", "break_glass.asked"]


def test_nobody_gives_what_they_asked_for_and_none_without_a_proof(live: Release) -> None:
    row = ask(live, by="sun")
    with refused(SegregationRefused, "own_break_glass"):
        services.give_break_glass(actor=person("sun"), request_id=row.pk, step_up_id=None)
    for username in ("chen", "luo", "li"):
        with refused(Forbidden, "not_permitted"):
            services.give_break_glass(actor=person(username), request_id=row.pk, step_up_id=None)
    with refused(Forbidden, "step_up_needed"):
        services.give_break_glass(actor=person("gao"), request_id=row.pk, step_up_id=None)
    of_another = proof("qian", row)
    with refused(Forbidden, "step_up_needed"):
        services.give_break_glass(actor=person("gao"), request_id=row.pk, step_up_id=of_another)
    give(row)
    with refused(Conflict, "answered_already"):
        services.give_break_glass(actor=person("gao"), request_id=row.pk, step_up_id=None)


def test_a_superuser_gives_nothing(live: Release) -> None:
    row = ask(live)
    with ledger.act(person("admin")) as act:
        root = act.create(
            User(username="root", name="技术管理员", is_superuser=True, password="!"),
            "person.enrolled",
        )
    with refused(SegregationRefused, "own_break_glass"):
        services.give_break_glass(actor=root, request_id=row.pk, step_up_id=None)


def test_the_second_person_can_refuse(live: Release) -> None:
    row = ask(live)
    with refused(DomainError, "text_needed"):
        services.refuse_break_glass(actor=person("gao"), request_id=row.pk, reason="不")
    done = services.refuse_break_glass(
        actor=person("gao"), request_id=row.pk, reason="登记系统已恢复，无需应急"
    )
    assert (done.state, done.permit, Permit.objects.count()) == ("refused", None, 0)
    with refused(Conflict, "answered_already"):
        services.give_break_glass(actor=person("gao"), request_id=row.pk, step_up_id=None)


@pytest.mark.parametrize(
    ("name", "more", "code"),
    [
        ("no day", {"days": 0}, "days_out_of_range"),
        ("too long", {"days": 8}, "days_out_of_range"),
        ("no reason", {"reason": "  "}, "text_needed"),
        ("nowhere", {"environment": "moon"}, "unknown_environment"),
    ],
)
def test_what_is_asked_lies_within_the_policy(
    name: str, more: dict[str, Any], code: str, live: Release
) -> None:
    with refused(DomainError, code):
        ask(live, **more)


def test_only_model_risk_asks(live: Release) -> None:
    for username in ("gao", "luo", "li", "wang", "qian"):
        with refused(Forbidden, "not_permitted"):
            ask(live, by=username)


def test_an_entity_has_no_more_at_once_than_the_policy_says(live: Release) -> None:
    first = give(ask(live))
    give(ask(live, environment="pilot"))
    third = ask(live, environment="test")
    with pytest.raises(Conflict) as caught:
        give(third)
    assert caught.value.code == "most_live"
    services.revoke(actor=person("chen"), permit_id=first.pk, reason="不再需要")
    give(third)


def test_a_stop_of_the_whole_use_ends_it_and_a_narrower_one_does_not(live: Release) -> None:
    permit = give(ask(live))
    narrow = order(live)
    assert revoked() == []
    dispatch.run()
    assert Permit.objects.get().revoked_at is None
    order(live, target_type="model_use", target_id=live.model_use_id)
    assert revoked() == [permit.code]
    dispatch.run()
    assert Permit.objects.get().revoked_because == "stopped"
    assert narrow.state == "in_force"
    waiting = ask(live)
    with pytest.raises(Conflict) as caught:
        give(waiting)
    assert caught.value.code == "stopped"


def test_the_database_takes_no_break_glass_permit_that_nobody_gave(live: Release) -> None:
    permit = give(ask(live))
    with refused_by_database("MC025"), ledger.act(person("gao")) as act:
        permit.pk, permit.code = head_office().pk, "PMT-X"
        act.create(permit, "permit.issued")
    row = ask(live)
    with refused_by_database("23514"), ledger.act(person("chen")) as act:
        act.update(row, "break_glass.given", {"state": "given", "answered_by": person("chen")})


def test_it_is_verified_offline_only_where_breaking_glass_is_taken(
    live: Release, tmp_path: Path
) -> None:
    permit = give(ask(live))
    (tmp_path / "permit.json").write_text(json.dumps(permit.envelope))
    (tmp_path / "keys.json").write_text(json.dumps(services.jwks()))
    script = Path(settings.BASE_DIR) / "docs" / "verify_permit.py"

    def verify(*more: str) -> tuple[int, str]:
        done = subprocess.run(  # noqa: S603 (our own script)
            [sys.executable, "-I", str(script), str(tmp_path / "permit.json"), "--keys",
             str(tmp_path / "keys.json"), "--environment", "production", "--digest", "a" * 64,
             "--now", "2026-11-24T00:00:00Z", *more],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        said = json.loads(done.stdout)
        return done.returncode, said.get("code", said.get("permit"))

    use = ("--use", str(live.model_use_id))
    assert verify("--without-list") == (1, "break_glass")
    assert verify("--without-list", *use) == (1, "break_glass")
    assert verify("--break-glass") == (1, "use_needed")
    assert verify("--break-glass", "--use", str(permit.pk)) == (1, "other_use")
    assert verify("--break-glass", *use) == (0, permit.code)


def test_a_use_that_is_told_in_time_for_a_known_version_is_nobodys_task(live: Release) -> None:
    assert live.version is not None
    permit = give(ask(live))
    before = footprint()
    use = report(permit, live.version.digest)
    assert changes(before) == {"governance_permituse": (1, 1), "registry_entry": (1, 0)}
    assert (use.is_known, use.is_late) == (True, False)
    assert tasks("permit.to_reconcile") == {}
    with refused(Conflict, "reported_already"):
        report(permit, live.version.digest)


def test_unknown_bytes_and_a_late_report_are_tasks_of_model_risk(live: Release) -> None:
    assert live.version is not None
    permit = give(ask(live))
    assert report(permit, "c" * 64).is_known is False
    assert tasks("permit.to_reconcile") == {"chen": 1, "sun": 1}
    with clock.at(NOON + dt.timedelta(days=3)):
        late = report(permit, live.version.digest, deployed_at=NOON + HOUR)
    assert late.is_late  # told on Thursday, deployed on Monday: two working days
    assert tasks("permit.to_reconcile") == {"chen": 2, "sun": 2}
    assert queries.figures(person("chen")) == queries.Figures(1, 0, 2, 1, 1)


@pytest.mark.parametrize(
    ("name", "more", "code"),
    [
        ("no digest", {"digest": "xyz"}, "no_digest"),
        ("before the permit", {"deployed_at": NOON - HOUR}, "deployed_outside"),
        ("in the future", {"deployed_at": NOON + HOUR}, "deployed_outside"),
        ("no reason", {"reason": " "}, "text_needed"),
        ("nobody", {"deployed_by": ""}, "text_needed"),
        ("no incident", {"incident": "x"}, "text_needed"),
    ],
)
def test_a_report_says_all_of_it(name: str, more: dict[str, Any], code: str, live: Release) -> None:
    permit = give(ask(live))
    given = {"digest": "c" * 64} | more
    with refused(DomainError, code):
        report(permit, **given)


def test_an_ordinary_permit_is_not_reported_here(live: Release) -> None:
    permit = issue(live)
    with refused(Conflict, "no_break_glass"):
        report(permit, "c" * 64)
    with refused(Conflict, "no_break_glass"):
        services.account(actor=person("luo"), permit_id=permit.pk)


def test_a_permit_that_nobody_accounts_for_is_a_task_after_two_working_days(live: Release) -> None:
    permit = give(ask(live, days=1))
    ends = NOON + dt.timedelta(days=1)  # Tuesday
    with refused(Conflict, "permit_holds"):
        services.account(actor=person("luo"), permit_id=permit.pk)
    with clock.at(ends + dt.timedelta(days=2)):
        assert services.sweep(actor=system()) == 0
    with clock.at(ends + dt.timedelta(days=3)):
        assert services.sweep(actor=system()) == 1
        services.sweep(actor=system())
        assert tasks("permit.to_reconcile") == {"chen": 1, "sun": 1}
        done = services.account(actor=person("luo"), permit_id=permit.pk)
        assert done.accounted_at == clock.now()
        assert tasks("permit.to_reconcile") == {}
        assert services.sweep(actor=system()) == 0
        with refused(Conflict, "accounted_already"):
            services.account(actor=person("luo"), permit_id=permit.pk)


def test_a_deployment_that_nothing_explains_is_a_task(live: Release) -> None:
    assert live.version is not None
    permit = give(ask(live, days=7))
    with clock.at(NOON + HOUR):
        issue(live)
        releases.record_deployment(
            actor=person("luo"), release=live, environment="production", digest=live.version.digest
        )
        releases.record_deployment(
            actor=person("luo"), release=live, environment="test", digest="d" * 64
        )
    with clock.at(NOON + 3 * HOUR):
        unexplained = releases.record_deployment(
            actor=person("luo"), release=live, environment="production", digest=live.version.digest
        )
    assert queries.unexplained(permit) == [unexplained]
    with clock.at(NOON + dt.timedelta(days=3)):
        assert services.sweep(actor=system()) == 1
        report(permit, live.version.digest, deployed_at=unexplained.deployed_at)
        assert services.sweep(actor=system()) == 0


def test_the_doors_of_breaking_glass(live: Release) -> None:
    chen, gao, luo = caller("chen"), caller("gao"), caller("luo")
    asked = {
        "use": str(live.model_use_id), "environment": "production", "days": 2, "reason": WHY,
    }  # fmt: skip
    made = chen.post("/permits/break-glass/", asked)
    assert made.status_code == 201
    key, subject = made.json()["id"], made.json()["subject"]
    path = f"/permits/break-glass/{key}/confirmations/"
    problem(gao.post(path, {}), 403, "step_up_needed")
    problem(machine().post(path, {}), 403, "not_permitted")
    proved = gao.post("/step-ups/", {"password": PASSWORD, "subjects": [subject]}).json()["id"]
    given = gao.post(path, {"step_up": proved})
    assert (given.status_code, given.json()["state"]) == (201, "given")
    permit = given.json()["permit"]
    assert chen.get("/permits/break-glass/", {"state": "given"}).json()["results"][0]["id"] == key
    used = {
        "digest": "c" * 64, "deployed_at": NOON.isoformat(), "deployed_by": "罗运维",
        "reason": "评分服务崩溃，紧急回退", "incident": "INC-1",
    }  # fmt: skip
    told_ = luo.post(f"/permits/{permit}/uses/", used)
    assert (told_.status_code, told_.json()["is_known"]) == (201, False)
    assert len(luo.get("/permits/uses/", {"permit": permit}).json()["results"]) == 1
    problem(luo.post(f"/permits/{permit}/accounts/"), 409, "permit_holds")
    again = chen.post("/permits/break-glass/", asked | {"environment": "test"}).json()["id"]
    refused_ = gao.post(
        f"/permits/break-glass/{again}/refusals/", {"reason": "已无必要，登记已恢复"}
    )
    assert refused_.json()["state"] == "refused"


def test_giving_what_one_asked_for_is_recorded(live: Release) -> None:
    row = ask(live, by="sun")
    path = f"/permits/break-glass/{row.pk}/confirmations/"
    problem(caller("sun").post(path, {}), 403, "own_break_glass")
    assert Entry.objects.filter(kind="attempt.refused", subject_id=row.pk).count() == 1


def test_a_head_of_model_risk_who_owns_the_model_gives_nothing(live: Release) -> None:
    people.assign_role(
        actor=person("admin"), user=person("wang"), role=Role.CRO, entity=head_office()
    )
    row = ask(live)
    with refused(SegregationRefused, "own_model"):
        services.give_break_glass(actor=person("wang"), request_id=row.pk, step_up_id=None)
