"""A warrant permits what it was granted for: what the database refuses to the application's role.

Every case goes past the services with acts of its own, as whoever holds the role could.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.db import connection

from registry.classification import services as classification
from registry.core import clock
from registry.core.ledger import services as ledger
from registry.core.ledger.models import Entry
from registry.core.ledger.services import Warrant
from registry.core.policy.models import PackRelease
from registry.releases import services as releases
from registry.releases import staging
from registry.releases.models import Release
from registry.usecases.models import ModelUse
from tests import story
from tests.refusals import changes, footprint, refused_by_database
from tests.world import person

pytestmark = pytest.mark.django_db
D1, D2 = "a" * 64, "b" * 64
DAY, FOR_EVER = dt.date(2027, 6, 30), dt.date(2099, 12, 31)


@pytest.fixture
def release() -> Release:
    """At S0, nothing approved; whatever made it is committed as far as the triggers know."""
    made = story.register().release
    connection.check_constraints()
    return made


def grant(row: Any, kind: str, digest: str, **facts: object) -> Warrant:  # Any: any governed row
    with ledger.act(person("wang")) as act:
        return act.note(row, kind, facts=facts, digest=digest)


def change(row: Any, warrant: Warrant | None, **values: object) -> None:  # Any: as above
    """The row holds the values, with an entry, and the warrant is spent on that."""
    with ledger.act(person("wang")) as act:
        act.update(row, "row.changed", values)
        if warrant is not None:
            act.spend(warrant, row)


def approved(release: Release) -> Release:
    """Approved in the state D1 until the day, by a grant of just that."""
    warrant = grant(release, "approval.granted", D1, until=DAY)
    releases.record_approval(
        actor=person("gao"), release=release, digest=D1, until=DAY, warrant=warrant
    )
    connection.check_constraints()
    return release


# --- approvals


@pytest.mark.parametrize(
    ("name", "granted", "written"),
    [
        ("another state", (D1, DAY), (D2, DAY)),
        ("a longer time", (D1, DAY), (D1, FOR_EVER)),
        ("no end", (D1, DAY), (D1, None)),
        ("no state", (D1, DAY), ("", DAY)),
        ("a day that was not granted", (D1, None), (D1, DAY)),
        ("no day, granted without one", (D1, None), (D1, None)),
    ],
)
def test_an_approval_is_written_as_it_was_granted(
    name: str, granted: tuple[str, Any], written: tuple[str, Any], release: Release
) -> None:
    digest, until = granted
    warrant = grant(release, "approval.granted", digest, **({"until": until} if until else {}))
    connection.check_constraints()
    with refused_by_database("MC017"):
        change(release, warrant, approved_digest=written[0], approved_until=written[1])


def test_an_approval_is_not_prolonged_without_a_warrant(release: Release) -> None:
    approved(release)
    with refused_by_database("MC008"):
        change(release, None, approved_until=FOR_EVER)


def test_an_approval_is_prolonged_by_a_grant_of_the_day(release: Release) -> None:
    approved(release)
    warrant = grant(release, "approval.granted", D1, until=FOR_EVER)
    change(release, warrant, approved_until=FOR_EVER)
    connection.check_constraints()
    assert Release.objects.get().approved_until == FOR_EVER


@pytest.mark.parametrize(
    "born", [{"approved_digest": D1}, {"approved_until": DAY}], ids=["with a state", "with a day"]
)
def test_no_release_is_born_approved(born: dict[str, Any], release: Release) -> None:
    use = release.model_use
    with refused_by_database("MC008"), ledger.act(person("wang")) as act:
        row = Release(code="REL-X", model_use=use, stage_since=clock.now(), **born)
        act.create(row, "release.opened")


def test_an_approval_ends_with_its_warrant(release: Release) -> None:
    approved(release)
    warrant = grant(release, "approval.grant_ended", D1)
    before = footprint()
    releases.end_approval(actor=person("gao"), release=release, warrant=warrant)
    connection.check_constraints()
    assert changes(before) == {
        "registry_entry": (1, 0), "registry_release": (0, 1), "registry_warrantuse": (1, 0),
    }  # fmt: skip
    ended = Release.objects.get()
    assert (ended.approved_digest, ended.approved_until) == ("", None)
    assert Entry.objects.order_by("-seq")[0].kind == "release.approval_ended"


def test_an_approval_does_not_end_without_a_warrant(release: Release) -> None:
    approved(release)
    with refused_by_database("MC008"):
        change(release, None, approved_digest="", approved_until=None)


@pytest.mark.parametrize(
    ("name", "kind", "digest", "written"),
    [
        ("the end of another state", "approval.grant_ended", D2, ("", None)),
        ("an end that keeps the day", "approval.grant_ended", D1, ("", DAY)),
        ("an end that approves another state", "approval.grant_ended", D1, (D2, None)),
        ("a grant of the same state", "approval.granted", D1, ("", None)),
    ],
)
def test_an_approval_ends_only_by_the_end_of_just_it(
    name: str, kind: str, digest: str, written: tuple[str, Any], release: Release
) -> None:
    approved(release)
    warrant = grant(release, kind, digest)
    connection.check_constraints()
    with refused_by_database("MC017"):
        change(release, warrant, approved_digest=written[0], approved_until=written[1])


@pytest.mark.parametrize("name", ["of another state", "where nothing is approved"])
def test_the_service_ends_no_approval_with_a_warrant(name: str, release: Release) -> None:
    if name == "of another state":
        approved(release)
    warrant = grant(release, "approval.grant_ended", D2)
    before = footprint()
    with pytest.raises(ValueError, match="The warrant is about another state."):
        releases.end_approval(actor=person("gao"), release=release, warrant=warrant)
    assert changes(before) == {}


def test_a_grant_about_an_earlier_version_grants_nothing(release: Release) -> None:
    kept = grant(release, "approval.granted", D1, until=DAY)
    change(release, None, explainability_level="E1")
    connection.check_constraints()
    with refused_by_database("MC009"):
        change(release, kept, approved_digest=D1, approved_until=DAY)


# --- stages, tiers, flags, packs


def test_a_grant_of_one_move_does_not_make_another(release: Release) -> None:
    warrant = grant(
        release, "lifecycle.move_granted", staging.move_digest(release, "S1"), to="S8"
    )  # fmt: skip
    connection.check_constraints()
    with refused_by_database("MC017"):
        change(release, warrant, stage="S8")


def test_a_grant_of_one_tier_does_not_give_a_lower_one(release: Release) -> None:
    use = release.model_use
    digest = classification.lowering_digest(use, "III")
    warrant = grant(use, "grading.lowering_granted", digest)
    connection.check_constraints()
    with refused_by_database("MC017"):
        change(use, warrant, tier="IV")
    use.refresh_from_db()
    change(use, warrant, tier="III")
    connection.check_constraints()
    assert ModelUse.objects.get().tier == "III"


@pytest.mark.parametrize(
    ("name", "flags"),
    [
        ("a flag put down", {"nfra_high_risk": "no"}),
        ("a flag left out", {}),
    ],
)
def test_a_use_shows_no_flags_but_those_of_a_grade(
    name: str, flags: dict[str, str], release: Release
) -> None:
    use = release.model_use
    changed = {key: value for key, value in use.flags.items() if key != "nfra_high_risk"} | flags
    assert changed != use.flags
    with refused_by_database("MC021"):
        change(use, None, flags=changed)


def test_a_use_is_not_born_with_a_tier_that_no_grade_gave(release: Release) -> None:
    used = release.model_use
    with refused_by_database("MC021"), ledger.act(person("wang")) as act:
        row = ModelUse(
            code="USE-X", model=story.register(name="另一个模型").registered.model,
            use_case=used.use_case, entity=used.entity, tier="IV", flags=used.flags,
        )  # fmt: skip
        act.create(row, "use.registered")


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("the profile", {"profile": "literal"}),
        ("the day it came in force", {"effective_from": None}),
    ],
)
def test_a_pack_in_force_stays_as_it_was_put_in_force(name: str, values: dict[str, Any]) -> None:
    pack = PackRelease.objects.get(state="active")
    with refused_by_database("MC008"):
        change(pack, None, **values)


@pytest.mark.parametrize(
    ("name", "facts", "values"),
    [
        ("another profile", {"profile": "strict"}, {"state": "active", "profile": "literal"}),
        ("a profile where none was granted", {}, {"state": "active", "profile": "strict"}),
    ],
)
def test_a_pack_comes_in_force_with_the_profile_that_was_granted(
    name: str, facts: dict[str, str], values: dict[str, Any]
) -> None:
    with ledger.act(person("gao")) as act:
        pack = act.create(
            PackRelease(key="other", version="1", sha256="c" * 64, content="{}"), "pack.loaded"
        )
    warrant = grant(pack, "pack.activation_granted", "c" * 64, **facts)
    connection.check_constraints()
    with refused_by_database("MC017"):
        change(pack, warrant, effective_from=clock.now(), **values)


def test_a_grant_to_put_a_pack_in_force_does_not_put_it_out() -> None:
    pack = PackRelease.objects.get(state="active")
    warrant = grant(pack, "pack.activation_granted", pack.sha256, profile=pack.profile)
    connection.check_constraints()
    with refused_by_database("MC017"):
        change(pack, warrant, state="superseded")
