"""Permits of a confidential model: nobody learns of them who may not know of the model."""

from __future__ import annotations

import json

import pytest

from governance.permits import services
from governance.trail import queries as trail
from registry.catalogue import services as catalogue
from registry.core import clock
from registry.core.ledger import services as ledger
from registry.core.ledger.models import Entry
from registry.core.people import services as people
from registry.releases import queries as release_queries
from registry.releases import services as releases
from registry.releases.models import Release
from tests import story
from tests.governance.permits.asking import issue
from tests.governance.permits.test_breaking import ask, report
from tests.rest.calling import caller
from tests.story import Story
from tests.world import PASSWORD, person

pytestmark = pytest.mark.django_db


@pytest.fixture
def secret() -> Story:
    """A confidential model; chen, gao and luo are initiated."""
    from_story = story.register(name="反洗钱可疑交易模型", is_confidential=True)
    for username in ("chen", "gao", "luo", "pipeline"):
        catalogue.initiate(
            actor=person("wang"), model=from_story.registered.model, user=person(username),
            reason="需要知悉",
        )  # fmt: skip
    return from_story


def approve(release: Release) -> None:
    with ledger.act(person("sun")) as act:
        locked = releases.lock(release.pk)
        digest = release_queries.material_digest(locked)
        until = clock.local_day(clock.now())
        given = act.note(locked, "approval.granted", facts={"until": until}, digest=digest)
        releases.record_approval(
            actor=person("sun"), release=locked, digest=digest, warrant=given, until=until
        )


def test_a_permit_is_absent_from_lists_and_trail(secret: Story) -> None:
    row = issue(secret.release, "test")
    approve(secret.release)
    asked = ask(secret.release, environment="test")
    gao = person("gao")
    proof = people.step_up(user=gao, password=PASSWORD, subjects=[asked.subject])
    given = services.give_break_glass(actor=gao, request_id=asked.pk, step_up_id=proof.pk).permit
    assert given is not None
    used = report(given, "c" * 64)
    subjects = {row.pk, asked.pk, given.pk, used.pk}
    assert Entry.objects.filter(subject_id__in=subjects).count() == 5
    for username, seen in (("chen", 5), ("qian", 0)):
        entries = trail.visible_to(person(username)).filter(subject_id__in=subjects)
        assert entries.count() == seen
        who = caller(username)
        found = [
            who.get(path).json()["results"]
            for path in ("/permits/", "/permits/break-glass/", "/permits/uses/")
        ]
        assert [len(rows) for rows in found] == ([2, 1, 1] if seen else [0, 0, 0])
        assert who.get(f"/permits/{given.pk}/").status_code == (200 if seen else 404)


def test_the_statement_names_its_model_by_code_alone(secret: Story) -> None:
    row = issue(secret.release, "test")
    assert secret.registered.model.name_zh not in json.dumps(row.envelope, ensure_ascii=False)


def test_a_young_release_of_it_is_absent_from_the_trail_too() -> None:
    """Without a version, a release hangs on its model by its use alone."""
    told = story.register(name="保密模型", is_confidential=True)
    with_version = Entry.objects.filter(subject_id=told.release.pk, kind="release.opened")
    opened = releases.open_release(actor=person("wang"), use=told.registered.use)
    without = Entry.objects.filter(subject_id=opened.pk)
    assert (with_version.count(), without.count()) == (1, 1)
    shown = trail.visible_to(person("qian"))
    assert shown.filter(subject_id__in=[told.release.pk, opened.pk]).count() == 0
