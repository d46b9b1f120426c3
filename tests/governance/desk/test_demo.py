"""The demo story: told once, whole or not at all, in the order in which it happened."""

from __future__ import annotations

import csv
import json
import math
import stat
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.conf import settings as django_settings
from django.core.management import CommandError, call_command
from django.test import override_settings

from governance.approvals import queries as approvals
from governance.approvals.models import Approval, Condition, Vote
from governance.desk.demo import accounts, schema
from governance.desk.demo import services as demo
from governance.desk.demo.services import Outcome
from governance.findings.models import Finding, Waiver
from governance.lifecycle.models import Exemption
from governance.mlflow_compat.models import RegisteredAlias, RegisteredModel
from governance.reviews.models import Explanation, Package, Review
from governance.suspensions.models import Order
from registry.catalogue import queries as catalogue
from registry.classification.models import Grade
from registry.core import clock
from registry.core.dispatch import services as dispatch
from registry.core.dispatch.models import Held
from registry.core.errors import DomainError
from registry.core.ledger import queries as ledger_queries
from registry.core.ledger import services as ledger
from registry.core.ledger.models import Entry
from registry.core.people.models import User
from registry.core.people.rules import MACHINE_ROLES, Role
from registry.discovery.models import Sighting
from registry.evidence import queries as evidence
from registry.evidence.models import Document
from registry.releases.models import Release
from tests import conftest
from tests.refusals import changes, footprint
from tests.world import person

PROJECT = Path(__file__).resolve().parents[3]
SCORECARD = PROJECT / "seeds" / "demo" / "scorecard"


class Interrupted(Exception):
    """Somebody has pressed Ctrl-C."""


def interrupt_in_the_second_month(stage: str, done: int, total: int) -> None:
    months.append(stage)
    if len(set(months)) > 1:
        raise Interrupted


months: list[str] = []


@pytest.fixture(scope="module")
def loaded(
    django_db_setup: None, django_db_blocker: Any, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """An empty database in which loading was interrupted once and then succeeded."""

    def tell() -> None:
        with pytest.raises(Interrupted):
            demo.load(interrupt_in_the_second_month)
        assert ledger_queries.head() == (0, "")
        assert demo.load() is Outcome.LOADED

    own = override_settings(ANCHOR_SINK_DIR=tmp_path_factory.mktemp("anchors"))
    with django_db_blocker.unblock(), own, conftest.told(conftest.EMPTY, tell) as name:
        yield name


@pytest.fixture
def story(loaded: str, django_db_blocker: Any) -> Iterator[None]:
    """The database with the story; tests only read it."""
    with django_db_blocker.unblock(), conftest.speaking_to(loaded):
        yield


def release_of(name_en: str, entity: str = "HO") -> Release:
    return Release.objects.get(model_use__model__name_en=name_en, model_use__entity__code=entity)


def test_a_second_loading_does_nothing(story: None) -> None:
    before = footprint()
    assert demo.load() is Outcome.LOADED_BEFORE
    assert changes(before) == {}


def test_every_entry_is_sound_and_stands_in_the_order_of_time(story: None) -> None:
    assert ledger.verify().faults == []
    moments = list(Entry.objects.order_by("seq").values_list("recorded_at", flat=True))
    assert moments == sorted(moments)
    assert 230 <= (moments[-1] - moments[0]).days <= 270


def test_every_reaction_has_run_and_none_has_failed(story: None) -> None:
    assert Held.objects.count() == 0
    assert dispatch.run() == 0


def test_every_role_has_an_account_that_the_file_explains(story: None) -> None:
    path = Path(django_settings.DEMO_ACCOUNTS_FILE)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    text = path.read_text(encoding="utf-8")
    people = User.objects.filter(kind="person")
    assert [one.username for one in people if f"{one.username} " not in text] == []
    held = set(people.values_list("role_assignments__role", flat=True))
    assert held == {role.value for role in Role} - {role.value for role in MACHINE_ROLES}
    password = text.splitlines()[1].rsplit(" ", 1)[1]
    assert all(one.check_password(password) for one in people)


@pytest.mark.parametrize(
    ("model", "stage", "tier"),
    [
        ("Retail loan application scorecard", "S5", "II"),
        ("Online loan approval and pricing model", "S3", "I"),
        ("AML transaction monitoring model", "S4", "II"),
        ("Mobile-bank recommendation model", "S5", "III"),
        ("Internal knowledge assistant", "S0", "IV"),
        ("Customer service language model", "S1", "II"),
        ("Robo-advice rebalancing model", "S1", "I"),
        ("Vendor credit and fraud score", "S2", "I"),
        ("Expected credit loss model", "S2", "II"),
        ("Payment operations agent", "S1", "I"),
        ("Recruitment CV screening", "S8", "II"),
        ("Emotion recognition of call-centre staff", "S0", "P"),
    ],
)
def test_a_model_has_got_as_far_as_its_story_says(
    model: str, stage: str, tier: str, story: None
) -> None:
    release = release_of(model)
    assert (release.stage, release.model_use.tier) == (stage, tier)


def test_the_subsidiary_has_models_of_its_own(story: None) -> None:
    found = Release.objects.filter(model_use__entity__code="INS")
    assert sorted(found.values_list("stage", "model_use__tier")) == [("S1", "II"), ("S2", "II")]


def test_the_scorecard_is_the_real_one(story: None) -> None:
    manifest = json.loads((SCORECARD / "manifest.json").read_text(encoding="utf-8"))
    version = release_of("Retail loan application scorecard").version
    assert version is not None
    assert version.metrics == manifest["metrics"]
    handed_in = Document.objects.filter(subject_id=version.pk).values_list("kind", "sha256")
    assert sorted(handed_in) == sorted((one["kind"], one["sha256"]) for one in manifest["files"])
    assert ("model_artifact", version.digest) in handed_in


def test_the_scorecard_was_approved_with_conditions_of_which_one_is_met(story: None) -> None:
    approval = Approval.objects.get(release=release_of("Retail loan application scorecard"))
    assert (approval.state, [one.body_code for one in approval.steps.all()]) == (
        "approved",
        ["mrc", "rmc"],
    )
    assert Vote.objects.filter(step__approval=approval).count() == 9
    conditions = Condition.objects.filter(approval=approval)
    assert sorted(one.met_at is not None for one in conditions) == [False, True]


def test_an_approval_waits_for_two_members_after_two_have_voted(story: None) -> None:
    approval = Approval.objects.get(
        state="open", release=release_of("Online loan approval and pricing model")
    )
    voted = Vote.objects.filter(step__approval=approval).values_list("voter__username", flat=True)
    assert sorted(voted) == ["line_risk", "mrm"]
    waiting = [
        name
        for name in User.objects.order_by("username").values_list("username", flat=True)
        if approvals.seats_to_vote(person(name)).filter(step__approval=approval).exists()
    ]
    assert waiting == ["compliance", "mrm_head"]


def test_the_branch_sees_the_model_that_it_uses_and_no_other(story: None) -> None:
    seen = catalogue.visible_to(person("branch_owner"))
    assert list(seen.values_list("name_en", flat=True)) == ["Invoice and ID-document OCR"]
    assert release_of("Invoice and ID-document OCR").stage == "S5"
    assert release_of("Invoice and ID-document OCR", "SH").stage == "S3"


@pytest.mark.parametrize(("name", "sees"), [("mrm", True), ("consumer", False), ("audit", True)])
def test_the_confidential_model_is_seen_by_need_to_know(name: str, sees: bool, story: None) -> None:
    seen = catalogue.visible_to(person(name)).filter(name_en="Payment operations agent")
    assert seen.exists() is sees


def test_something_waits_on_every_desk(story: None) -> None:
    assert Order.objects.filter(kind="stop", state="in_force").count() == 1
    assert Waiver.objects.filter(state="requested").count() == 1
    assert Exemption.objects.filter(state="asked").count() == 1
    states = Finding.objects.order_by("severity").values_list("severity", "state")
    assert list(states) == [
        ("critical", "open"), ("high", "open"), ("high", "open"), ("medium", "planned")
    ]  # fmt: skip
    waiting = Grade.objects.filter(is_near_threshold=True, confirmation=None)
    assert [one.tier for one in waiting] == ["IV"]


def test_every_paper_that_is_not_real_says_so(story: None) -> None:
    real = {one["sha256"] for one in json.loads((SCORECARD / "manifest.json").read_text())["files"]}
    real.add(json.loads((SCORECARD / "manifest.json").read_text())["dataset"]["sha256"])
    papers = Document.objects.exclude(sha256__in=real).exclude(kind="explanation_data")
    assert papers.count() > 100
    for sha256 in papers.values_list("sha256", flat=True):
        text = evidence.path_of(sha256).read_text(encoding="utf-8")
        assert "演示文件，不含真实测试结果" in text
        assert "Demonstration document; it holds no real test results" in text


def test_the_scorecards_explainability_review_holds_its_own_figures(story: None) -> None:
    card = json.loads((SCORECARD / "artifact" / "scorecard.json").read_text())
    with (SCORECARD / "german_credit.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    found = Explanation.objects.select_related("review__release", "document").get()
    assert {name: float(share) for name, share in found.importances} == {
        name: pytest.approx(share, abs=1e-6) for name, share in mean_effects(card, rows).items()
    }
    assert (found.level, found.method, found.review.state) == ("E1", "shap", "signed_off")
    assert found.document is not None
    told = json.loads(evidence.path_of(found.document.sha256).read_text())
    assert told["artifact_sha256"] == found.review.release.version.digest  # type: ignore[union-attr]  # it has both
    assert (found.stability, found.fidelity) == (Decimal(str(told["stability"])), 1)


def mean_effects(card: dict[str, Any], rows: list[dict[str, str]]) -> dict[str, float]:
    """Each variable's share of the mean |coefficient × (WoE − mean WoE)|, with numpy."""
    found = {}
    for one in card["variables"]:
        woes = np.array([woe_of(one["bins"], row[one["name"]]) for row in rows])
        effects = one["coefficient"] * (woes - woes.mean())
        found[one["name"]] = float(np.abs(effects).mean())
    return {name: value / sum(found.values()) for name, value in found.items()}


def woe_of(bins: list[dict[str, Any]], value: str) -> float:
    """The weight of evidence of the bin that holds the value."""
    for one in bins:
        end = math.inf if one["below"] is None else one["below"]
        if value in one["values"] or (not one["values"] and float(value) < end):
            return float(one["woe"])
    raise AssertionError(value)


def test_some_reviews_wait_and_some_are_overdue(story: None) -> None:
    states = Counter(Review.objects.values_list("state", flat=True))
    assert states["signed_off"] > 5
    assert states["planned"] > 20
    late = Package.objects.filter(state="open", due_on__lt=clock.today())
    assert late.count() > 0
    assert not Order.objects.filter(reason__startswith="BR-11").exists()


@pytest.mark.django_db
def test_an_institution_that_was_founded_otherwise_is_left_alone() -> None:
    before = footprint()
    assert demo.load() is Outcome.FOUNDED_OTHERWISE
    with pytest.raises(CommandError) as refusal:
        call_command("load_demo")
    assert str(refusal.value) == "An institution is founded here; the demo story is not loaded."
    assert changes(before) == {}


@pytest.mark.django_db
def test_once_is_content_with_what_is_there(capsys: pytest.CaptureFixture[str]) -> None:
    call_command("load_demo", "--once")
    told = "An institution is founded here; the demo story is not loaded.\n"
    assert capsys.readouterr().out == told


@pytest.mark.django_db
def test_it_is_refused_where_the_clock_cannot_be_set(settings: Any) -> None:
    before, settings.CLOCK_CAN_BE_SET = footprint(), False
    with pytest.raises(DomainError) as refusal:
        demo.load()
    assert refusal.value.code == "demo_refused"
    with pytest.raises(CommandError):
        call_command("load_demo", "--once")
    assert changes(before) == {}


def test_the_experiments_pool_holds_a_claimed_champion_and_what_nobody_claimed(story: None) -> None:
    names = RegisteredModel.objects.order_by("name").values_list("name", "model__name_en")
    assert list(names) == [
        ("churn-uplift", None),
        ("dev.chat-router", None),
        ("retail-scorecard", "Retail loan application scorecard"),
    ]
    champion = RegisteredAlias.objects.get(registered__name="retail-scorecard", alias="champion")
    assert champion.version is not None
    assert champion.version.version == release_of("Retail loan application scorecard").version


def test_other_systems_show_a_shadow_model_and_another_version(story: None) -> None:
    rows = Sighting.objects.order_by("name", "kind").values_list("name", "kind", "state")
    assert list(rows) == [
        ("aml-alerts", "unknown", "accepted"),
        ("aml-alerts", "version_drift", "open"),
        ("churn-uplift", "unknown", "open"),
        ("dev.chat-router", "unknown", "dismissed"),
    ]


def test_a_password_is_long_and_new_each_time() -> None:
    made = {accounts.new_password() for _ in range(50)}
    assert (len(made), {len(one) for one in made}) == (50, {19})


def test_the_accounts_file_is_closed_to_others_even_where_an_open_one_was(tmp_path: Path) -> None:
    path = tmp_path / "accounts.txt"
    path.write_text("old")
    path.chmod(0o644)
    accounts.write(path, "secret", ())
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert "secret" in path.read_text(encoding="utf-8")


def test_every_story_names_people_and_places_that_exist() -> None:
    pack = Path(django_settings.POLICY_PACKS_DIR) / django_settings.POLICY_PACK
    seeds = schema.read(PROJECT / "seeds" / "demo", pack)
    users = {one.username for one in seeds.people}
    named = {name for one in seeds.stories for name in (one.owner, one.developer)}
    named |= {vote.by for one in seeds.stories for vote in one.votes}
    named |= {event.by for one in seeds.stories for event in one.events}
    assert named - users == set()
    assert [one.key for one in seeds.stories if one.example not in seeds.examples] == []
