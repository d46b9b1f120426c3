"""“Not applicable” and “met by the alternative”: asked for by one, confirmed by another."""

from __future__ import annotations

import json

import pytest

from governance.lifecycle import queries
from governance.lifecycle import services as lifecycle
from governance.lifecycle.models import Exemption
from governance.lifecycle.rules import Met
from registry.core.errors import Conflict, DomainError, SegregationRefused
from registry.core.ledger import services as ledger
from registry.core.ledger.models import Entry
from registry.releases.models import Release
from tests import story
from tests.refusals import changes, footprint, refused, refused_by_database
from tests.world import person

pytestmark = pytest.mark.django_db
WHY = "模型不涉及自然人,无差别待遇问题。"


def ask(
    release: Release,
    requirement: str = "fairness_report",
    kind: str = "not_applicable",
    by: str = "wang",
    reason: str = WHY,
) -> Exemption:
    return lifecycle.ask_exemption(
        actor=person(by), release_id=release.pk, requirement=requirement, kind=kind, reason=reason
    )


def answer(row: Exemption, by: str = "chen", *, confirm: bool = True) -> Exemption:
    return lifecycle.answer_exemption(
        actor=person(by), exemption_id=row.pk, confirm=confirm, reason=story.CHECKED
    )


def how(release: Release, key: str) -> Met:
    gate = queries.gate_of(Release.objects.get(pk=release.pk), "S5")
    return next(item.met for item in gate.items if item.requirement.key == key)


@pytest.mark.parametrize(
    ("requirement", "kind", "met"),
    [
        ("fairness_report", "not_applicable", Met.NOT_APPLICABLE),
        ("backtest_report", "alternative", Met.ALTERNATIVE),
        ("pilot_length", "alternative", Met.ALTERNATIVE),
    ],
)
def test_a_confirmed_exemption_meets_its_requirement_and_an_asked_one_does_not(
    requirement: str, kind: str, met: Met
) -> None:
    release = story.register().release
    story.hand_in(release, "parallel_run_report")
    before = footprint()
    row = ask(release, requirement, kind)
    assert changes(before) == {"governance_exemption": (1, 1), "registry_entry": (1, 0)}
    assert how(release, requirement) is Met.MISSING
    answer(row)
    assert changes(before) == {"governance_exemption": (1, 2), "registry_entry": (2, 0)}
    assert how(release, requirement) is met


def test_an_alternative_that_names_documents_counts_only_with_one_of_them() -> None:
    told = story.register()
    answer(ask(told.release, "pilot_length", "alternative"))
    assert how(told.release, "pilot_length") is Met.MISSING
    item = next(
        one for one in queries.gate_of(told.release, "S5").items
        if one.requirement.key == "pilot_length"
    )  # fmt: skip
    assert item.lacks == ("parallel_run_report",)
    story.hand_in(told.release, "parallel_run_report")
    assert how(told.release, "pilot_length") is Met.ALTERNATIVE


def test_a_grant_says_why_and_the_record_keeps_it() -> None:
    row = ask(story.register().release)
    before = footprint()
    with refused(DomainError, "text_needed"):
        lifecycle.answer_exemption(
            actor=person("chen"), exemption_id=row.pk, confirm=True, reason="好"
        )
    assert changes(before) == {}
    answer(row)
    entry = Entry.objects.get(kind="exemption.confirmed")
    assert json.loads(entry.body)["facts"] == {"reason": story.CHECKED}


def test_a_refused_exemption_meets_nothing_and_can_be_asked_for_again() -> None:
    release = story.register().release
    answer(ask(release), confirm=False)
    assert how(release, "fairness_report") is Met.MISSING
    answer(ask(release))
    assert how(release, "fairness_report") is Met.NOT_APPLICABLE


@pytest.mark.parametrize(
    ("name", "requirement", "kind", "reason", "code"),
    [
        ("no such requirement", "fairness", "not_applicable", WHY, "unknown_requirement"),
        ("no such kind", "fairness_report", "whatever", WHY, "unknown_kind"),
        ("a waiver is no exemption", "security_test", "waiver", WHY, "unknown_kind"),
        ("never not applicable", "validation", "not_applicable", WHY, "not_exemptable"),
        ("has no alternative", "fairness_report", "alternative", WHY, "not_exemptable"),
        ("a blocking rule", "BR-05", "not_applicable", WHY, "unknown_requirement"),
        ("no reason", "fairness_report", "not_applicable", "不适用", "text_needed"),
    ],
)
def test_what_the_pack_does_not_exempt_is_refused(
    name: str, requirement: str, kind: str, reason: str, code: str
) -> None:
    release = story.register().release
    with refused(DomainError, code):
        ask(release, requirement, kind, reason=reason)


def test_the_same_is_asked_for_once() -> None:
    release = story.register().release
    row = ask(release)
    with refused(Conflict, "exempted_already"):
        ask(release, by="li")
    answer(row)
    with refused(Conflict, "exempted_already"):
        ask(release)


@pytest.mark.parametrize(
    ("name", "asked_by", "answered_by"),
    [
        ("who asked", "li", "li"),
        ("the model's owner", "li", "wang"),
        ("the owner who asked", "wang", "wang"),
    ],
)
def test_nobody_confirms_for_the_own_request_or_model(
    name: str, asked_by: str, answered_by: str
) -> None:
    row = ask(story.register().release, by=asked_by)
    with refused(SegregationRefused, "own_exemption"):
        answer(row, answered_by)


def test_an_exemption_is_answered_once() -> None:
    row = ask(story.register().release)
    answer(row)
    with refused(Conflict, "answered_already"):
        answer(row, "sun", confirm=False)


def test_the_database_refuses_an_own_confirmation_and_a_second_answer() -> None:
    row = ask(story.register().release)
    with refused_by_database("23514"), ledger.act(person("wang")) as act:
        told = {"state": "confirmed", "answered_by": person("wang")}
        act.update(Exemption.objects.get(), "exemption.confirmed", told)
    answer(row)
    with refused_by_database("MC007"), ledger.act(person("chen")) as act:
        act.update(Exemption.objects.get(), "exemption.refused", {"state": "refused"})
