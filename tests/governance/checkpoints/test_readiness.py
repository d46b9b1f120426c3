"""What a plan must have before it is in force, and clauses that never hold."""

from __future__ import annotations

from typing import Any

import pytest

from governance.checkpoints import queries, services
from governance.checkpoints.models import Plan
from governance.checkpoints.queries import trials
from registry.core.errors import Conflict
from registry.core.jobs import services as jobs
from registry.core.ledger.models import Entry
from registry.releases.models import Release
from registry.usecases.models import ModelUse
from tests.governance.checkpoints.asking import nothing_left
from tests.governance.checkpoints.world import PLAN, decision
from tests.governance.desk.test_what_is_shown import browser
from tests.refusals import refused
from tests.rest.calling import caller, problem
from tests.world import person

HEAD, FIRST, SECOND, LAST = (
    PLAN.split("  - key: ")[0], *(f"  - key: {one}" for one in PLAN.split("  - key: ")[1:])
)  # fmt: skip


def passed(live: Release, content: str, **told: Any) -> Plan:
    row = services.draft(actor=person("wang"), release_id=live.pk, content=content)
    services.test(actor=person("gateway"), plan_id=row.pk, samples=[decision(live, **told)])
    row.refresh_from_db()
    return row


def graded(monkeypatch: pytest.MonkeyPatch, tier: str) -> None:
    monkeypatch.setattr(ModelUse, "tier", property(lambda _use: tier, lambda _use, _tier: None))


@pytest.mark.parametrize(
    ("tier", "content", "missing"),
    [
        ("I", HEAD + FIRST + SECOND + LAST, []),
        ("I", HEAD + FIRST + LAST, ["RI-02"]),
        ("I", HEAD + SECOND, ["RI-01", "RI-04"]),
        ("II", HEAD + FIRST + LAST, []),
        ("II", HEAD + FIRST + SECOND, ["RI-04"]),
        ("III", HEAD + LAST, []),
        ("III", HEAD + FIRST, ["RI-04"]),
        ("IV", HEAD + SECOND, []),
        ("", HEAD + FIRST + LAST, ["RI-02"]),  # nobody has graded it: as if it were the strictest
    ],
)
def test_a_tier_needs_its_points(
    live: Release, monkeypatch: pytest.MonkeyPatch, tier: str, content: str, missing: list[str]
) -> None:
    graded(monkeypatch, tier)
    row = passed(live, content)  # a draft may be without them
    if not missing:
        assert services.activate(actor=person("chen"), plan_id=row.pk).state == "in_force"
        return
    with refused(Conflict, "points_missing") as seen:
        services.activate(actor=person("chen"), plan_id=row.pk)
    assert seen.value.details == {"points": missing}
    assert all(point in seen.value.message for point in missing)
    assert (seen.value.field, bool(seen.value.hint)) == ("content", True)


def test_a_plan_without_any_checkpoint_is_never_in_force(
    live: Release, monkeypatch: pytest.MonkeyPatch
) -> None:
    graded(monkeypatch, "IV")
    row = passed(live, HEAD.replace("checkpoints:", "checkpoints: []"))
    with refused(Conflict, "plan_empty"):
        services.activate(actor=person("chen"), plan_id=row.pk)


def test_the_door_names_the_points(live: Release) -> None:
    row, chen = passed(live, HEAD + FIRST), caller("chen")
    with nothing_left():
        answer = chen.post(f"/intervention-plans/{row.pk}/activations/")
    told = problem(answer, 409, "points_missing")
    assert (told["field"], told["points"]) == ("content", ["RI-04"])


def fired(row: Plan) -> list[set[str]]:
    return [set(trials.idle(row)), trials.fired_by_samples(row)]


def test_a_trigger_that_has_never_fired_is_named(live: Release) -> None:
    row = passed(live, PLAN)
    assert fired(row) == [{"grey_zone", "refusal"}, set()]
    services.test(
        actor=person("gateway"), plan_id=row.pk, samples=[decision(live, fields={"score": 0.5})]
    )
    assert fired(row) == [{"refusal"}, {"grey_zone"}]
    with nothing_left():  # nothing new: nothing noted
        services.test(
            actor=person("wang"), plan_id=row.pk, samples=[decision(live, fields={"score": 0.5})]
        )
    assert Entry.objects.filter(subject_id=row.pk, kind="plan.tested").count() == 2


def test_what_has_a_case_has_fired(live: Release) -> None:
    row = Plan.objects.get(state="in_force")
    assert trials.idle(row) == ["grey_zone", "refusal"]
    services.take(gateway=person("gateway"), told=[decision(live, fields={"score": 0.5})])
    assert trials.idle(row) == ["refusal"]


def test_of_an_untested_draft_there_is_nothing_to_say(live: Release) -> None:
    row = services.draft(actor=person("wang"), release_id=live.pk, content=PLAN)
    assert trials.idle(row) == []


@pytest.mark.parametrize(
    ("language", "words"), [("zh-hans", "从未触发"), ("en", "No decision has set off")]
)
def test_the_page_warns_until_a_trial_has_found_one(
    live: Release, language: str, words: str
) -> None:
    told = [decision(live, 1, output="refuse", fields={"score": 0.5})]
    services.take(gateway=person("gateway"), told=told)
    row = passed(live, PLAN.replace('"score >= 0.48"', '"score >= 0.51"'))
    page = f"/plans/{row.pk}/"
    html = browser("chen", language).get(page).content.decode()
    assert words in html
    job = services.request_trial(actor=person("wang"), plan_id=row.pk)
    jobs.run(job.pk)
    job.refresh_from_db()
    assert job.result is not None
    assert (job.result["never"], job.result["by_checkpoint"]) == (["grey_zone"], {"refusal": 1})
    assert words in browser("chen", language).get(page).content.decode()
    other = passed(live, PLAN)
    jobs.run(services.request_trial(actor=person("wang"), plan_id=other.pk).pk)
    assert words not in browser("chen", language).get(f"/plans/{other.pk}/").content.decode()


def test_the_shipped_pack_says_which_points_a_tier_needs(live: Release) -> None:
    section = queries.active_section()
    assert [one.key for one in section.needed("I")] == ["RI-01", "RI-02", "RI-04"]
