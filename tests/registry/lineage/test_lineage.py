"""Training events over REST: kept once, attached to the version that they are about."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

import pytest

from governance.cards import queries as cards
from governance.cards.rules import Dataset
from governance.mlflow_compat import services as experiments
from registry.catalogue import services as catalogue
from registry.catalogue.models import ModelVersion
from registry.catalogue.services import NewVersion
from registry.core.errors import DomainError
from registry.core.ledger import services as ledger
from registry.core.ledger.models import Entry
from registry.core.people import services as people
from registry.core.people.rules import Role
from registry.core.people.services import NewPerson
from registry.lineage import queries, rules, services
from registry.lineage.models import TrainingEvent
from tests import story
from tests.refusals import changes, footprint, refused, refused_by_database
from tests.registry.lineage.events import AT, RUN, event
from tests.rest.calling import Caller, caller, machine, problem, secret_of
from tests.story import Story
from tests.world import PASSWORD, person

pytestmark = pytest.mark.django_db
SECOND = dt.timedelta(seconds=1)
WHY = "建模团队需要知悉"


@pytest.fixture
def made() -> Story:
    """A release with its version 1.0.0."""
    return story.register()


def about(made: Story) -> dict[str, Any]:
    model = made.registered.model
    return event(name=f"models/{model.code}", version="1.0.0")


def post(who: Caller, told: Any) -> dict[str, Any]:
    answer = who.post("/lineage/", told)
    assert answer.status_code in (200, 201), answer.content
    found: dict[str, Any] = answer.json()
    assert found["is_new"] is (answer.status_code == 201)
    return found


def events_of(version: ModelVersion) -> list[str]:
    whole = ModelVersion.objects.select_related("model__entity").get(pk=version.pk)
    return [row.event_type for row in queries.of_version(whole)]


def test_an_event_is_read_as_the_client_writes_it() -> None:
    told = rules.read(event(name="models/fraud/3", mlflow_run="r1"), AT)
    assert (str(told.run_id), told.event_type, told.event_at) == (RUN, "COMPLETE", AT)
    assert (told.model_name, told.model_version, told.mlflow_run) == ("fraud", "3", "r1")
    assert told.inputs == (
        rules.DatasetRead("postgres://dwh", "loans.applications", "42"),
        rules.DatasetRead("s3://lake", "bureau"),
    )
    digest = rules.read(event(name="models/fraud", version="sha256:" + "a" * 64), AT)
    assert (digest.model_version, digest.model_digest) == ("", "a" * 64)


def test_a_run_is_told_and_attached_to_its_version(made: Story) -> None:
    start = event("START", training=True)
    found = post(machine(), start), post(machine(), about(made))
    assert [one["is_new"] for one in found] == [True, True]
    assert Entry.objects.filter(kind="training.reported").count() == 2
    assert set(events_of(made.version)) == {"START", "COMPLETE"}
    listed = caller("shen").get("/lineage/", {"version": str(made.version.pk)}).json()["results"]
    (complete,) = [row for row in listed if row["event_type"] == "COMPLETE"]
    assert complete["inputs"][0] == {
        "namespace": "postgres://dwh", "name": "loans.applications", "version": "42",
    }  # fmt: skip


def test_an_event_is_told_once(made: Story) -> None:
    who = machine()
    first = post(who, about(made))
    before = footprint()
    assert post(who, about(made)) == first | {"is_new": False}
    assert changes(before) == {}
    other = about(made) | {"producer": "https://other.example"}
    problem(who.post("/lineage/", other), 409, "event_differs")
    assert changes(before) == {}


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("a heartbeat", event("RUNNING", name="models/a")),
        ("no model's", event(training=False)),
        ("a data set's", {"eventTime": AT.isoformat(), "producer": "p", "dataset": {}}),
    ],
)
def test_what_is_not_about_a_training_run_is_passed_over(name: str, told: Any) -> None:
    before = footprint()
    found = services.take_in(actor=person("pipeline"), event=told)
    assert (found.event, found.is_new, bool(found.reason)) == (None, False, True)
    assert changes(before) == {}


@pytest.mark.parametrize(
    ("field", "broken"),
    [
        ("run", {"run": None}),
        ("run.runId", {"run": {"runId": "no"}}),
        ("eventTime", {"eventTime": "2026-01-02T03:04:05"}),
        ("eventType", {"eventType": "DONE"}),
        ("job.name", {"job": {"namespace": "a", "name": ""}}),
        ("inputs[0]", {"inputs": ["a"]}),
        ("inputs", {"inputs": [{"namespace": "a", "name": "b"}] * 201}),
    ],
)
def test_what_cannot_be_read_is_refused_at_its_place(field: str, broken: Any) -> None:
    before = footprint()
    with pytest.raises(DomainError) as refusal:
        services.take_in(actor=person("pipeline"), event=event(name="models/a") | broken)
    assert (refusal.value.code, refusal.value.field) == ("lineage_unreadable", field)
    assert changes(before) == {}


def test_a_version_that_comes_later_has_its_past(made: Story) -> None:
    told = event(name="models/x", version="sha256:" + "d" * 64)
    post(machine(), told)
    model = made.registered.model
    later = NewVersion(label="2", identity_kind="artifact", digest="d" * 64)
    version = catalogue.register_version(actor=person("li"), model=model, version=later)
    assert events_of(version) == ["COMPLETE"]
    assert events_of(made.version) == []


def test_mlflows_run_and_number_lead_to_the_version(made: Story) -> None:
    li = person("li")
    experiments.register_model(actor=li, name="credit", tags={})
    row = experiments.register_version(
        actor=li, name="credit", told=experiments.NewVersion(source="s3://m", run_id="run7")
    )
    post(machine(), event(mlflow_run="run7"))
    numbered = event(name="models:/credit/1", run="0190a3b4-5c6d-7e8f-9a0b-000000000001")
    post(machine(), numbered)
    assert caller("shen").get("/lineage/").json()["results"] == []
    experiments.claim_name(
        actor=person("wang"), registered_id=row.registered_id, model=made.registered.model
    )
    claimed = experiments.claim_version(
        actor=person("wang"), version_id=row.pk, label="7", digest="e" * 64
    )
    assert claimed.version is not None
    assert events_of(claimed.version) == ["COMPLETE", "COMPLETE"]
    assert len(caller("shen").get("/lineage/").json()["results"]) == 2


def of_a_branch(made: Story) -> Caller:
    """Somebody who registers versions in a branch alone."""
    admin = person("admin")
    branch = people.open_entity(
        actor=admin, code="SUB", name_zh="子公司", name_en="", parent=made.registered.model.entity
    )
    stranger = people.enrol(actor=admin, person=NewPerson("stranger", "外人", PASSWORD))
    people.assign_role(actor=admin, user=stranger, role=Role.DEVELOPER, entity=branch)
    return Caller(secret_of(stranger))


def test_another_entitys_pipeline_says_nothing_of_the_version(made: Story) -> None:
    post(of_a_branch(made), about(made))
    assert TrainingEvent.objects.count() == 1
    assert events_of(made.version) == []


def test_another_entitys_event_stands_in_nobodys_way(made: Story) -> None:
    stranger, pipeline = of_a_branch(made), machine()
    post(stranger, about(made))
    assert post(pipeline, about(made))["is_new"]
    post(stranger, about(made) | {"eventTime": (AT + SECOND).isoformat()})
    differing = about(made) | {"eventTime": (AT + SECOND).isoformat(), "producer": "https://other"}
    assert post(pipeline, differing)["is_new"]
    assert events_of(made.version) == ["COMPLETE", "COMPLETE"]


def test_many_events_of_others_crowd_out_none(made: Story, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queries, "MOST", 2)
    stranger, pipeline = of_a_branch(made), machine()
    post(pipeline, about(made))
    for number in range(1, 4):
        post(stranger, about(made) | {"eventTime": (AT + number * SECOND).isoformat()})
    assert events_of(made.version) == ["COMPLETE"]


def test_what_two_tell_alike_is_shown_once(made: Story) -> None:
    post(machine(), about(made))
    assert post(caller("li"), about(made))["is_new"]
    assert TrainingEvent.objects.count() == 2
    assert events_of(made.version) == ["COMPLETE"]


def test_of_a_confidential_model_only_the_initiated_tell() -> None:
    made = story.register(name="反洗钱可疑交易模型", is_confidential=True)
    post(machine(), about(made))
    assert events_of(made.version) == []
    catalogue.initiate(
        actor=person("wang"), model=made.registered.model, user=person("pipeline"), reason=WHY
    )
    assert events_of(made.version) == ["COMPLETE"]


@pytest.mark.parametrize(
    "moment",
    ["9999-12-31T23:00:00+00:00", "9999-12-31T23:59:59-14:00", "2099-01-01T00:00:00Z",
     "1999-01-01T00:00:00Z", "0001-01-01T00:00:00+14:00"],
)  # fmt: skip
def test_an_event_is_of_the_last_years(made: Story, moment: str) -> None:
    with refused(DomainError, "lineage_unreadable") as refusal:
        services.take_in(actor=person("pipeline"), event=about(made) | {"eventTime": moment})
    assert refusal.value.field == "eventTime"


@pytest.mark.parametrize(
    "told",
    [{"event_at": AT + 3650 * 24 * 3600 * SECOND}, {"event_type": "NONSENSE"}, {"sha256": "zz"}],
)
def test_the_database_keeps_no_event_that_is_none(made: Story, told: dict[str, Any]) -> None:
    post(machine(), about(made))
    row = TrainingEvent.objects.get()
    values = {one.attname: getattr(row, one.attname) for one in row._meta.concrete_fields}
    values = {name: value for name, value in values.items() if name not in ("id", "created_at")}
    with refused_by_database("23514"), ledger.act(person("pipeline")) as act:
        other = {"run_id": "0190a3b4-5c6d-7e8f-9a0b-000000000009"}
        act.create(TrainingEvent(**(values | other | told)), "training.reported")


def test_a_long_text_is_searched_for_people_in_its_length_alone() -> None:
    assert rules.personal("a" * 1_000_000 + " li@bank.example") == ["email"]


def test_events_of_a_confidential_model_are_seen_by_nobody_else() -> None:
    made = story.register(name="反洗钱可疑交易模型", is_confidential=True)
    post(machine(), about(made))
    assert caller("shen").get("/lineage/").json()["results"] == []
    assert len(caller("wang").get("/lineage/").json()["results"]) == 1
    answer = caller("shen").get("/lineage/", {"version": str(made.version.pk)})
    problem(answer, 404, "not_found")


def test_personal_data_is_warned_about(made: Story) -> None:
    told = about(made)
    told["run"]["facets"] = {"owner": {"mail": "li.si@bank.example"}}
    found = post(machine(), told)
    assert ["e-mail" in one or "电子邮" in one for one in found["warnings"]] == [True]


def test_many_facets_are_kept_by_name(made: Story) -> None:
    told = about(made)
    told["run"]["facets"] = {"spark": {"plan": "x" * 40_000}}
    post(machine(), told)
    kept = json.loads(TrainingEvent.objects.get().facets)
    assert kept == {"job": ["jobType"], "run": ["spark"]}
    told["eventTime"] = (AT + SECOND).isoformat()
    told["run"]["facets"] = {"x" * 10_000 + str(number): {} for number in range(200)}
    post(machine(), told)
    kept = TrainingEvent.objects.latest("event_at").facets
    assert len(kept) < 32 * 1024


def test_who_registers_no_versions_tells_no_lineage(made: Story) -> None:
    jian, pipeline = caller("jian"), machine()
    before = footprint()
    problem(jian.post("/lineage/", about(made)), 403, "not_permitted")
    problem(pipeline.post("/lineage/", [about(made)]), 400, "lineage_unreadable")
    assert changes(before) == {}


def test_the_card_names_what_was_read(made: Story) -> None:
    post(machine(), about(made))
    whole = cards.whole(ModelVersion.objects.all()).get(pk=made.version.pk)
    assert cards.of_version(whole, "en").datasets == (
        Dataset("loans.applications", "42", role="training", description="postgres://dwh"),
        Dataset("bureau", role="training", description="s3://lake"),
    )
