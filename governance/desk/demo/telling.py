"""One release's way through the stages, as a generator: it yields the moment of its next step."""

from __future__ import annotations

import datetime as dt
import hashlib
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

from django.conf import settings

from governance.approvals import services as approvals
from governance.approvals.models import Approval
from governance.approvals.services import Ballot
from governance.desk.demo import papers
from governance.desk.demo.institution import department, entity, person
from governance.desk.demo.schema import Seeds, StageKey, Story, Test, Version, Vote
from governance.lifecycle import queries as lifecycle_queries
from governance.lifecycle import services as lifecycle
from governance.validations import services as validations
from registry.catalogue import services as catalogue
from registry.catalogue.models import AIModel, ModelVersion
from registry.catalogue.services import NewModel, NewVersion
from registry.classification.queries import Inputs
from registry.core import clock
from registry.core.people import services as people
from registry.registration import services as registration
from registry.releases import services as releases
from registry.releases.models import Release
from registry.systems.models import System
from registry.usecases import services as usecases
from registry.usecases.services import NewUseCase

Steps = Iterator[dt.datetime]
VOLUMES = ("below_1k", "below_10k", "below_100k", "below_1m", "from_1m")
WAY: tuple[StageKey, ...] = ("S1", "S2", "S3", "S4", "S5")
NOT_YET = uuid.UUID(int=0)


@dataclass
class Told:
    """A story as far as it has been told. `others`: the stories told so far, by key."""

    seeds: Seeds
    story: Story
    password: str
    today: dt.date
    others: dict[str, Told]
    model_id: uuid.UUID = NOT_YET
    release_id: uuid.UUID = NOT_YET
    _last: dt.datetime = field(default=dt.datetime.min.replace(tzinfo=dt.UTC))

    def at(self, day: int, time: str) -> dt.datetime:
        """The moment so many days ago, on the working day before a weekend; never backwards."""
        date = self.today - dt.timedelta(days=day)
        date -= dt.timedelta(days=max(0, date.weekday() - 4))
        zone = ZoneInfo(settings.TIME_ZONE)
        moment = dt.datetime.combine(date, dt.time.fromisoformat(time), zone)
        self._last = max(moment, self._last + dt.timedelta(minutes=7))
        return self._last

    def after(self, span: dt.timedelta) -> dt.datetime:
        """So much later than what was told last."""
        self._last += span
        return self._last

    @property
    def model(self) -> AIModel:
        """The model as it now is."""
        return AIModel.objects.get(pk=self.model_id)

    @property
    def release(self) -> Release:
        """The release as it now is."""
        return Release.objects.select_related(
            "version", "model_use__model__owner", "model_use__use_case", "model_use__entity"
        ).get(pk=self.release_id)


def tell(told: Told) -> Steps:
    """The release gets as far as the story says."""
    days = told.story.days
    yield told.at(days["S0"], "09:30")
    _register(told)
    if told.story.version or told.story.of:
        yield told.at(days["S0"], "14:00")
        _attach(told)
    if told.story.confirm:
        yield told.at(max(1, days["S0"] - 1), "11:00")
        _confirm(told)
    for stage in WAY:
        if stage == "S4":
            yield from _approve(told)
        if stage not in days:
            return
        yield told.at(days[stage], "10:00")
        supply(told, stage)
        if stage == "S5":
            _deploy(told, "production")
        yield told.at(days[stage], "15:30")
        actor = "ops" if stage == "S5" else told.story.owner
        lifecycle.promote(actor=person(actor), release_id=told.release.pk, to=stage)
        if stage == "S2":
            yield from _validate(told)
        if stage == "S4":
            _deploy(told, "pilot")


def supply(told: Told, stage: StageKey) -> None:
    """Everything that papers can supply for the gate stands there."""
    story, owner = told.story, told.story.owner
    exempted = {one.requirement: one for one in story.exemptions}
    for kind in story.documents.get(stage, ()):
        papers.hand_in_demo(told.release, kind, "ops")
    for item in lifecycle_queries.gate_of(told.release, stage).missing:
        about = item.requirement
        asked = exempted.get(about.key)
        if asked is not None:
            row = lifecycle.ask_exemption(
                actor=person(owner),
                release_id=told.release.pk,
                requirement=about.key,
                kind=asked.kind,
                reason=asked.reason,
            )
            lifecycle.answer_exemption(
                actor=person("mrm"),
                exemption_id=row.pk,
                confirm=asked.confirm,
                reason=asked.answer,
            )
        elif about.documents:
            own = {"owner": owner, "developer": story.developer}
            role = about.who[0]
            papers.hand_in_demo(
                told.release, about.documents[0], own.get(role) or told.seeds.hand_of(role)
            )


def _register(told: Told) -> None:
    story = told.story
    owner = person(story.user or story.owner)
    using = entity(story.using or story.entity)
    card = _card(story)
    if story.of:
        told.model_id = told.others[story.of].model_id
        _use, release, _grade = registration.add_use(
            actor=owner,
            model=told.model,
            use_case=usecases.open_use_case(actor=owner, card=card),
            using_entity=using,
            inputs=inputs(told),
            is_uninterruptible=story.uninterruptible,
        )
        told.release_id = release.pk
        return
    model = NewModel(
        name_zh=story.zh,
        name_en=story.en,
        description=story.about,
        entity=entity(story.entity),
        owner=owner,
        department=department(story.department),
        is_confidential=story.confidential,
    )
    registered = registration.register(
        actor=owner,
        model=model,
        card=card,
        using_entity=using,
        inputs=inputs(told),
        is_uninterruptible=story.uninterruptible,
    )
    told.model_id, told.release_id = registered.model.pk, registered.release.pk


def _card(story: Story) -> NewUseCase:
    told = story.use_case
    return NewUseCase(
        name_zh=told.zh,
        name_en=told.en,
        purpose=told.purpose,
        entity=entity(story.using or story.entity),
        owner=person(story.user or story.owner),
        process_node=told.node,
        prohibited_uses=told.prohibited,
        benefit=told.benefit,
        affected_people=told.people,
        department=department(story.department),
        system=System.objects.get(code=told.system) if told.system else None,
    )


def inputs(told: Told) -> Inputs:
    """The worked example with the story's departures; every fact is answered, or named as not."""
    story = told.story
    example = told.seeds.examples[story.example]
    facts: dict[str, bool | str] = dict.fromkeys(ANSWERED, False)
    facts |= {"annual_volume": VOLUMES[example.factors["F7"]]}
    facts |= example.facts | story.overrides.facts
    reason = f"按政策包示例{story.example}填写（演示） / as in worked example {story.example}"
    return Inputs(
        classification={**example.classification, **story.overrides.classification},
        factors=dict(example.factors),
        facts={key: value for key, value in facts.items() if key not in story.unanswered},
        reasons=dict.fromkeys(example.factors, reason),
    )


# Facts that a worked example leaves at “no”; here somebody has answered them.
ANSWERED = (
    "human_review_channel", "adverse_automatic", "agent_write_funds", "vendor_score_decisive",
    "severity1_open", "prohibited_practice", "contract_effect", "life_health_insurance",
    "biometrics_used", "regulatory_figures",
)  # fmt: skip


def _attach(told: Told) -> None:
    version = told.story.version
    if version is None:
        found = told.others[told.story.of].release.version
        assert found is not None  # noqa: S101 (the other story has registered one)
    else:
        found = _version(told, version)
    actor = person(told.story.user or told.story.owner)
    releases.attach_version(actor=actor, release_id=told.release.pk, version=found)


def _version(told: Told, version: Version) -> ModelVersion:
    story, folder = told.story, told.seeds.folder
    digest = hashlib.sha256(f"demonstration {story.key} {version.label}".encode()).hexdigest()
    manifest, metrics = dict(version.manifest), {}
    if version.real:
        real = papers.manifest_of(folder / version.real)
        files = {file["kind"]: file["sha256"] for file in real["files"]}
        digest, metrics = files["model_artifact"], real["metrics"]
    if version.identity == "vendor":
        manifest["probe_digest"] = digest
    row = catalogue.register_version(
        actor=person(story.developer),
        model=told.model,
        version=NewVersion(
            label=version.label,
            identity_kind=version.identity,
            digest=digest if version.identity == "artifact" else "",
            manifest=manifest,
            metrics=metrics,
            source="demonstration",
            notes=version.notes or "演示版本，摘要由名称计算 / demonstration, digest of its name",
        ),
    )
    if version.real:
        papers.hand_in_real(folder / version.real, row, story.developer)
    return row


def _confirm(told: Told) -> None:
    confirm = told.story.confirm
    grade = told.release.model_use.grades.order_by("-number").first()
    assert confirm is not None  # noqa: S101 (asked by the caller)
    assert grade is not None  # noqa: S101 (each use is graded as it is registered)
    approvals.confirm_grade(actor=person(confirm.by), grade_id=grade.pk, reason=confirm.reason)


def _validate(told: Told) -> Steps:
    plan, days = told.story.validation, told.story.days
    if plan is None:
        return
    yield told.at(max(1, days["S2"] - 1), "09:45")
    validator = person(plan.by)
    row = validations.plan(
        actor=validator,
        release_id=told.release.pk,
        plan="独立复算、样本外检验、稳定性与边界测试，核对开发记录与实施。",
        scope="数据、方法、实施、使用限制与监测安排。",
        independence="本人未参与该模型的开发、拥有与使用。",
    )
    demo = Test(
        kind="performance",
        name="演示测试 / demonstration",
        measure="演示，无真实数值 / no real figure",
        outcome=plan.outcome,
    )
    yield told.at(max(1, (days["S2"] + days.get("signed", days["S2"] - 4)) // 2), "16:00")
    for test in plan.tests or (demo,):
        metrics = told.release.version.metrics if told.release.version else {}
        result = test.model_dump() | {"measure": test.measure.format(**metrics)}
        validations.record_test(
            actor=validator, validation_id=row.pk, result=validations.TestResult(**result)
        )
    if "signed" in days:
        yield from _conclude(told, row.pk)


def _conclude(told: Told, validation_id: uuid.UUID) -> Steps:
    plan, day = told.story.validation, told.story.days["signed"]
    assert plan is not None  # noqa: S101 (asked by the caller)
    yield told.at(day, "10:00")
    found = validations.Findings(plan.conclusion, plan.level, plan.summary, plan.limitations)
    validations.conclude(actor=person(plan.by), validation_id=validation_id, findings=found)
    yield told.at(day, "14:00")
    owner = person(told.story.owner)
    validations.answer(actor=owner, validation_id=validation_id, response=plan.answer)
    yield told.at(day, "16:30")
    validations.sign_off(actor=person("mrm_head"), validation_id=validation_id)


def _approve(told: Told) -> Steps:
    story = told.story
    if "vote" not in story.days:
        return
    yield told.at(story.days["vote"], "09:30")
    supply(told, "S4")
    approval = lifecycle.request_approval(actor=person(story.owner), release_id=told.release.pk)
    for vote in story.votes:
        yield told.at(vote.day, "10:30")
        _vote(told, approval, vote)


def _vote(told: Told, approval: Approval, vote: Vote) -> None:
    voter, digest = person(vote.by), approval.dossier_digest
    proof = people.step_up(user=voter, password=told.password, subjects=[digest])
    conditions = [
        {"text": one.text, "due_on": str(clock.today() + dt.timedelta(days=one.days))}
        for one in vote.conditions
    ]
    ballot = Ballot(
        choice=vote.choice,
        dossier_digest=digest,
        reason=vote.reason,
        conditions=tuple(conditions),
        step_up_id=proof.pk,
    )
    approvals.cast(actor=voter, approval_id=approval.pk, ballot=ballot)


def _deploy(told: Told, environment: str) -> None:
    version = told.release.version
    assert version is not None  # noqa: S101 (beyond S1 a release has one)
    releases.record_deployment(
        actor=person("ops"),
        release=told.release,
        environment=environment,
        digest=version.digest,
        endpoint=f"demo://{told.story.key}/{environment}",
        traffic_percent=100 if environment == "production" else 5,
        role="champion" if environment == "production" else "canary",
    )
