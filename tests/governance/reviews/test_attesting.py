"""Attestation campaigns: called for, confirmed, signed, closed; exceptions become findings."""

from __future__ import annotations

import datetime as dt
import uuid

import pytest
from django.test import Client

from governance.findings.models import Finding
from governance.reviews import services
from governance.reviews.models import Campaign, Review
from governance.reviews.queries import attesting
from registry.core import clock
from registry.core.dispatch import services as dispatch
from registry.core.errors import Conflict, DomainError, Forbidden, SegregationRefused
from registry.core.jobs import services as jobs
from registry.core.jobs.models import Job
from registry.core.ledger.models import Entry
from registry.core.people.models import LegalEntity, User
from registry.core.people.queries import system
from registry.core.people.rules import Role
from registry.releases.models import Release
from tests.governance.reviews.doing import also, carry_out, on, report
from tests.refusals import changes, footprint, refused
from tests.world import head_office, person


def opened(by: str = "chen", days: int = 20) -> Campaign:
    row = services.open_campaign(
        actor=person(by), entity=head_office(), title="2026年第一季度台账确认",
        due_on=clock.today() + dt.timedelta(days=days),
    )  # fmt: skip
    jobs.run(Job.objects.get(kind="reviews.attest", state="queued").pk)
    return row


def row_of(campaign: Campaign) -> Review:
    return Review.objects.select_related("package", "pack", "release").get(campaign=campaign)


def confirm(campaign: Campaign, by: str = "wang") -> Review:
    (row,) = services.confirm(
        actor=person(by), campaign_id=campaign.pk, review_ids=[row_of(campaign).pk], note=""
    )
    return row


def test_every_live_release_waits_for_its_owners_word(live: Release) -> None:
    campaign = opened()
    row = row_of(campaign)
    assert (row.kind, row.trigger, row.state) == ("PR-15", "campaign", "planned")
    assert row.package.due_on == campaign.due_on
    assert list(attesting.to_confirm(person("wang"))) == [row]
    assert not attesting.to_confirm(person("other")).exists()
    calendar = Review.objects.filter(release=live, kind="PR-15", trigger="calendar")
    assert set(calendar.values_list("state", flat=True)) == {"cancelled"}


def test_calling_again_calls_for_nothing(live: Release) -> None:
    campaign = opened()
    stands = footprint()
    assert services.call_rows(actor=system(), campaign_id=campaign.pk) == 0
    assert services.call_missing_rows(actor=system()) == 0
    assert changes(stands) == {}


def test_a_lost_job_is_made_good_by_the_sweep(live: Release) -> None:
    campaign = services.open_campaign(
        actor=person("chen"), entity=head_office(), title="台账确认",
        due_on=clock.today() + dt.timedelta(days=20),
    )  # fmt: skip
    assert services.call_missing_rows(actor=system()) == 1
    assert row_of(campaign).state == "planned"


def test_what_was_called_for_already_joins_and_keeps_its_day(live: Release) -> None:
    called = services.call_for(
        actor=person("chen"), release_id=live.pk, kind="PR-15", trigger="owner_changed",
        reason="负责人变更。",
    )  # fmt: skip
    row = row_of(opened())
    assert (row.pk, row.trigger) == (called.pk, "owner_changed")


def test_confirmed_and_signed_by_another_the_next_follows_from_that_day(live: Release) -> None:
    campaign = opened()
    confirm(campaign)
    signer = person("chen")
    assert list(attesting.to_sign_together(campaign, signer)) == [row_of(campaign)]
    (row,) = services.sign_off_many(
        actor=signer, campaign_id=campaign.pk, review_ids=[row_of(campaign).pk]
    )
    assert (row.state, row.outcome) == ("signed_off", "in_order")
    following = Review.objects.get(release=live, kind="PR-15", state="planned")
    assert following.package.due_on == dt.date(2026, 4, 12)
    (told,) = attesting.progress(campaign, signer)
    assert (told.total, told.confirmed, told.excepted, told.waiting) == (1, 1, 0, 0)


def test_nobody_confirms_for_another_or_signs_their_own(live: Release) -> None:
    campaign = opened()
    for by in ("other", "chen", "li"):
        with refused(Forbidden, "not_yours_to_review"):
            confirm(campaign, by)
    confirm(campaign)
    also("wang", Role.MODEL_RISK)
    with refused(SegregationRefused, "own_signature"):
        services.sign_off_many(
            actor=person("wang"), campaign_id=campaign.pk, review_ids=[row_of(campaign).pk]
        )


def test_an_exception_is_signed_by_itself_and_becomes_a_finding(live: Release) -> None:
    campaign = opened()
    row = row_of(campaign)
    services.submit(actor=person("wang"), review_id=row.pk, report=report(row, "with_findings"))
    with refused(DomainError, "not_plain"):
        services.sign_off_many(actor=person("chen"), campaign_id=campaign.pk, review_ids=[row.pk])
    services.sign_off(actor=person("chen"), review_id=row.pk)
    dispatch.run()
    assert Finding.objects.filter(release=live, title__contains="PR-15").count() == 1
    (told,) = attesting.progress(campaign, person("chen"))
    assert (told.confirmed, told.excepted, told.waiting) == (0, 1, 0)


def test_what_nobody_confirms_becomes_a_finding_when_it_is_closed(live: Release) -> None:
    campaign = opened()
    with refused(Conflict, "campaign_runs"):
        services.close_campaign(actor=person("chen"), campaign_id=campaign.pk)
    with on(campaign.due_on + dt.timedelta(days=1)):
        services.close_campaign(actor=person("chen"), campaign_id=campaign.pk)
        dispatch.run()
        dispatch.run()
        assert Finding.objects.filter(release=live, title__contains=campaign.code).count() == 1
        with refused(Conflict, "campaign_closed"):
            services.close_campaign(actor=person("chen"), campaign_id=campaign.pk)
        confirm(campaign)  # the review itself still waits, on the ladder


def test_a_finished_campaign_closes_before_its_day_and_raises_nothing(live: Release) -> None:
    campaign = opened()
    confirm(campaign)
    services.close_campaign(actor=person("chen"), campaign_id=campaign.pk)
    dispatch.run()
    assert not Finding.objects.filter(release=live, title__contains=campaign.code).exists()


@pytest.mark.parametrize(
    ("by", "changed", "kind", "code"),
    [
        ("wang", {}, Forbidden, "not_permitted"),
        ("chen", {"title": " "}, DomainError, "title_missing"),
        ("chen", {"due_on": dt.date(2026, 1, 12)}, DomainError, "due_on_out_of_range"),
        ("chen", {"due_on": dt.date(2026, 6, 1)}, DomainError, "due_on_out_of_range"),
    ],
)
def test_what_opens_no_campaign(
    live: Release, by: str, changed: dict[str, object], kind: type[DomainError], code: str
) -> None:
    given: dict[str, object] = {
        "title": "台账确认", "due_on": dt.date(2026, 2, 1), "entity": head_office(),
    }  # fmt: skip
    with refused(kind, code):
        services.open_campaign(actor=person(by), **(given | changed))  # type: ignore[arg-type]  # a table's values


def test_one_campaign_at_a_time_in_one_place(live: Release) -> None:
    opened()
    with refused(Conflict, "campaign_open"):
        services.open_campaign(
            actor=person("chen"), entity=head_office(), title="又一次",
            due_on=clock.today() + dt.timedelta(days=9),
        )  # fmt: skip
    branch = LegalEntity.objects.get(code="SH")
    with refused(Conflict, "campaign_open"):  # below: a row belongs to one at a time
        services.open_campaign(
            actor=person("chen"), entity=branch, title="分行",
            due_on=clock.today() + dt.timedelta(days=9),
        )  # fmt: skip


def test_a_campaign_below_keeps_one_above_from_opening(live: Release) -> None:
    branch = LegalEntity.objects.get(code="SH")
    services.open_campaign(
        actor=person("chen"), entity=branch, title="分行",
        due_on=clock.today() + dt.timedelta(days=9),
    )  # fmt: skip
    with refused(Conflict, "campaign_open"):
        opened()


def test_a_campaign_whose_rows_are_not_called_for_yet_does_not_close(live: Release) -> None:
    campaign = services.open_campaign(
        actor=person("chen"), entity=head_office(), title="台账确认",
        due_on=clock.today() + dt.timedelta(days=20),
    )  # fmt: skip
    with refused(Conflict, "campaign_runs"):
        services.close_campaign(actor=person("chen"), campaign_id=campaign.pk)


def test_closing_that_was_interrupted_tells_the_rest_once(
    live: Release, monkeypatch: pytest.MonkeyPatch
) -> None:
    campaign = opened()
    told = services.attesting._tell_unconfirmed

    def tell_and_die(actor: User, row: Campaign) -> None:
        told(actor, row)
        raise KeyboardInterrupt

    with on(campaign.due_on + dt.timedelta(days=1)):
        monkeypatch.setattr(services.attesting, "_tell_unconfirmed", tell_and_die)
        with pytest.raises(KeyboardInterrupt):
            services.close_campaign(actor=person("chen"), campaign_id=campaign.pk)
        monkeypatch.undo()
        services.close_campaign(actor=person("chen"), campaign_id=campaign.pk)
        assert Entry.objects.filter(kind="review.unconfirmed").count() == 1
    campaign.refresh_from_db()
    assert campaign.state == "closed"


@pytest.mark.parametrize("count", [0, 51])
def test_so_many_rows_at_a_time(live: Release, count: int) -> None:
    campaign = opened()
    with refused(DomainError, "too_many"):
        services.confirm(
            actor=person("wang"), campaign_id=campaign.pk, note="",
            review_ids=[uuid.uuid4() for _ in range(count)],
        )  # fmt: skip


def test_rows_of_elsewhere_are_not_confirmed_here(live: Release) -> None:
    campaign = opened()
    other = Review.objects.filter(release=live, campaign=None, state="planned").first()
    assert other is not None
    with refused(Conflict, "row_moved_on"):
        services.confirm(
            actor=person("wang"), campaign_id=campaign.pk, review_ids=[other.pk], note=""
        )


def test_a_review_done_before_is_not_asked_for_again_by_the_campaign(live: Release) -> None:
    campaign = opened()
    carry_out(row_of(campaign), "wang", "chen")
    assert services.call_missing_rows(actor=system()) == 0


# In the browser


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_the_pages_open_and_confirm_and_sign(live: Release, language: str) -> None:
    def browser(username: str) -> Client:
        client = Client(headers={"Accept-Language": language})
        client.force_login(person(username))
        return client

    campaign = opened()
    path, key = f"/attestations/{campaign.pk}/", str(row_of(campaign).pk)
    for username in ("wang", "chen", "shen"):
        for page in ("/attestations/", path):
            assert browser(username).get(page).status_code == 200, (username, page)
    assert browser("hai").get(path).status_code == 404
    assert key in browser("wang").get(path).content.decode()
    told = {"verb": "confirm", "reviews": [key], "note": ""}
    refusal = browser("other").post(path, told, follow=True)
    assert refusal.status_code in (200, 404)
    assert row_of(campaign).state == "planned"
    assert browser("wang").post(path, told).status_code == 302
    assert row_of(campaign).state == "submitted"
    assert browser("chen").post(path, {"verb": "sign", "reviews": [key]}).status_code == 302
    assert row_of(campaign).state == "signed_off"
    assert browser("chen").get(path).status_code == 200
    empty = browser("wang").post(path, {"verb": "confirm", "reviews": ["no key"]}, follow=True)
    assert "50" in empty.content.decode()
