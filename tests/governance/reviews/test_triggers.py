"""What calls for a review besides the calendar, by itself: each event, each kind, once."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as project

from governance.approvals import services as approvals
from governance.reactions import reviewing
from governance.reviews import services
from governance.reviews.models import Review
from governance.suspensions import services as suspensions
from registry.core.dispatch import services as dispatch
from registry.core.dispatch.services import Event
from registry.core.ledger import services as ledger
from registry.core.ledger.models import Entry
from registry.core.people import services as people
from registry.core.people.queries import system
from registry.core.policy.models import PackRelease
from registry.releases.models import Release
from registry.usecases import services as usecases
from tests.refusals import changes, footprint
from tests.world import head_office, person


def called(release: Release, trigger: str) -> list[str]:
    rows = Review.objects.filter(release=release, trigger=trigger, state="planned")
    return sorted(rows.values_list("kind", flat=True))


def test_an_owner_who_has_left_calls_for_recertification_and_attestation(live: Release) -> None:
    people.deactivate(actor=person("admin"), user_id=person("wang").pk, reason="已经离职。")
    dispatch.run()
    assert called(live, "owner_changed") == ["PR-14", "PR-15"]


def test_somebody_else_s_leaving_calls_for_nothing(live: Release) -> None:
    people.deactivate(actor=person("admin"), user_id=person("other").pk, reason="已经离职。")
    dispatch.run()
    assert called(live, "owner_changed") == []


def test_a_corrected_use_case_calls_for_re_tiering(live: Release) -> None:
    usecases.correct_use_case(
        actor=person("wang"), use_case_id=live.model_use.use_case_id,
        changes={"purpose": "在更高限额内自动审批零售贷款申请"}, reason="限额已经提高。",
    )  # fmt: skip
    dispatch.run()
    assert called(live, "grade_stale") == ["PR-10"]


def test_a_corrected_name_calls_for_nothing(live: Release) -> None:
    usecases.correct_use_case(
        actor=person("wang"), use_case_id=live.model_use.use_case_id,
        changes={"name_en": "Retail lending"}, reason="英文名称补充。",
    )  # fmt: skip
    dispatch.run()
    assert called(live, "grade_stale") == []


@pytest.mark.parametrize(("is_drill", "calls"), [(False, True), (True, False)])
def test_a_stop_of_anything_that_reaches_it_calls_for_reviews_a_drill_for_none(
    live: Release, is_drill: bool, calls: bool
) -> None:
    suspensions.order(
        actor=person("luo"), kind="stop", target_type="entity", target_id=head_office().pk,
        reason="误拒率异常", is_drill=is_drill,
    )  # fmt: skip
    dispatch.run()
    assert bool(called(live, "stop_ordered")) is calls


@pytest.mark.parametrize(("flag", "expected"), [("yes", ["PR-08"]), ("no", [])])
def test_a_new_generative_release_is_tested_by_red_team(
    live: Release, flag: str, expected: list[str]
) -> None:
    use = live.model_use
    with ledger.act(person("chen")) as act:
        act.update(use, "use.grade_shown", {"flags": use.flags | {"generative": flag}})
    entry = Entry.objects.filter(kind="release.moved", subject_id=live.pk).latest("seq")
    reviewing.call_for_reviews(Event.of(entry))
    reviewing.call_for_reviews(Event.of(entry))
    assert called(live, "new_version") == expected


# Another policy


@pytest.fixture
def activate(live: Release, settings: Any, tmp_path: Path) -> Any:
    """Puts the shipped pack in force under a higher version, with one file changed."""

    def change(file: str, old: str, new: str) -> PackRelease:
        folder = tmp_path / "cn-nfra"
        shutil.copytree(Path(project.POLICY_PACKS_DIR) / "cn-nfra", folder)
        for name, was, becomes in (("pack.yaml", 'version: "1.7"', 'version: "9.0"'),
                                   (file, old, new)):  # fmt: skip
            text = (folder / name).read_text()
            assert was in text
            (folder / name).write_text(text.replace(was, becomes, 1))
        settings.POLICY_PACKS_DIR = tmp_path
        approvals.load_packs()
        row = PackRelease.objects.get(version="9.0")
        for username in ("sun", "qian"):
            approvals.sign_activation(actor=person(username), release_id=row.pk, profile="strict")
        return row

    return change


def test_other_rules_of_grading_call_for_re_tiering_once(live: Release, activate: Any) -> None:
    activate("grading.yaml", "label: {zh: ", "label: {zh: 新")
    assert services.call_for_regrading(actor=system()) == 1
    assert called(live, "pack_changed") == ["PR-10"]
    stands = footprint()
    assert services.call_for_regrading(actor=system()) == 0
    assert changes(stands) == {}


def test_a_policy_that_grades_alike_calls_for_nothing(live: Release, activate: Any) -> None:
    activate("reviews.yaml", "package_days: 31", "package_days: 30")
    assert services.call_for_regrading(actor=system()) == 0
    assert called(live, "pack_changed") == []
