"""The facts that gates look at, gathered from every slice below."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable, Mapping
from typing import Any

from django.db import models

from governance.approvals.models import Approval
from governance.approvals.queries import last_decided, overdue_conditions
from governance.committees.models import Resolution
from governance.findings import queries as findings
from governance.lifecycle.models import Exemption
from governance.lifecycle.rules import Facts, FactValue
from governance.lifecycle.schema import LifecycleSection
from governance.monitoring import queries as monitoring
from governance.reviews import queries as reviews
from governance.reviews.queries.owing import drill_months
from governance.suspensions import queries as suspensions
from governance.suspensions.models import OrderKind
from governance.validations import queries as validations
from governance.validations.models import Validation
from registry.catalogue.queries import may_be_seen
from registry.classification import queries as classification
from registry.classification.models import Grade
from registry.core import clock
from registry.core.calendars.rules import add_months
from registry.core.people import queries as people
from registry.core.people.models import User
from registry.core.people.rules import Role
from registry.evidence import queries as evidence
from registry.evidence.models import Document
from registry.releases import queries as releases
from registry.releases.models import Environment, Release

# What clauses of lifecycle.yaml and approvals.yaml may read besides classification and flags.
COMPUTED = (
    "tier", "explainability", "has_training_data_declaration", "has_cac_filing",
    "has_stop_switch_test", "has_fallback_test", "has_stop_operators", "has_pia", "has_fria",
    "rmc_resolved", "duties_not_segregated", "production_digest_differs", "revalidation_overdue",
    "review_overdue", "review_blocks_new_use", "something_expired", "stop_operator_in_office",
    "stop_switch_armed", "fallback_tested",
)  # fmt: skip
NAMED = (
    "use_case_card", "grading_confirmed", "screened", "grading_complete", "version_registered",
    "validated", "explainability_level", "findings_in_order", "approved", "pilot_lasted",
    "deployed_digest", "monitored",
)  # fmt: skip
STOPPING = (Role.DUTY_OFFICER, Role.IT_OPERATIONS)
_EXPIRING = frozenset({"due_diligence", "cac_filing", "pia", "data_security_assessment"})


def visible_exemptions(user: User) -> models.QuerySet[Exemption]:
    """Exemptions for the releases the person may see."""
    return Exemption.objects.filter(may_be_seen(user, "release__model_use__model__"))


def gather(release: Release, section: LifecycleSection) -> Facts:
    """Everything that a gate looks at, as it is now."""
    grade = classification.in_force(release.model_use)
    documents = frozenset(
        evidence.current(releases.subjects_of(release)).values_list("kind", flat=True)
    )
    validation = validations.signed_off(release)
    exemptions = Exemption.objects.filter(release=release, state="confirmed")
    by_kind: dict[str, set[str]] = {"alternative": set(), "not_applicable": set()}
    for kind, requirement in exemptions.values_list("kind", "requirement"):
        by_kind[kind].add(requirement)
    return Facts(
        tier=release.model_use.tier,
        stage=release.stage,
        readings=readings_of(release, grade, documents, validation, section),
        named=_named(release, grade, validation, section),
        documents=documents,
        alternatives=frozenset(by_kind["alternative"]),
        not_applicable=frozenset(by_kind["not_applicable"]),
        waived=frozenset(findings.waived(release)),
        stopped=tuple(
            str(order.pk) for order in suspensions.in_force(release) if order.kind == OrderKind.STOP
        ),
    )


def readings_of(
    release: Release,
    grade: Grade | None,
    documents: frozenset[str],
    validation: Validation | None,
    section: LifecycleSection,
) -> dict[str, object]:
    """The values that clauses may read; what is not known is not there."""
    found = classification.readings(release.model_use, grade)
    late = reviews.overdue(release)
    found |= {
        "explainability": release.explainability_level,
        "rmc_resolved": _rmc_resolved(release),
        "duties_not_segregated": _duties_not_segregated(release, validation),
        "production_digest_differs": _production_digest_differs(release),
        "revalidation_overdue": _revalidation_overdue(release, validation, section),
        "review_overdue": late.beyond_grace,
        "review_blocks_new_use": late.blocks_new_use,
        "something_expired": _something_expired(release, documents),
        "stop_operator_in_office": _stop_operator_in_office(release),
        "stop_switch_armed": suspensions.is_armed(release),
        "fallback_tested": _fallback_tested(release),
    }
    for kind in ("training_data_declaration", "cac_filing", "stop_switch_test", "fallback_test",
                 "stop_operators", "pia", "fria"):  # fmt: skip
        found[f"has_{kind}"] = kind in documents
    return found


def _named(
    release: Release, grade: Grade | None, validation: Validation | None, section: LifecycleSection
) -> Mapping[str, FactValue]:
    return {
        "use_case_card": _use_case_card(release),
        "grading_confirmed": _grading_confirmed(grade),
        "screened": _screened(grade),
        "grading_complete": _grading_complete(grade),
        "version_registered": FactValue(release.version_id is not None),
        "validated": _validated(validation),
        "explainability_level": FactValue(bool(release.explainability_level)),
        "findings_in_order": _findings_in_order(release),
        "approved": _approved(release),
        "pilot_lasted": _pilot_lasted(release, section),
        "deployed_digest": _deployed_digest(release),
        "monitored": monitored([release])[release.pk],
    }


def _stop_operator_in_office(release: Release) -> bool:
    """RI-08: whether somebody can stop the release today without asking anybody (BR-07)."""
    path = release.model_use.entity.path
    return any(people.holders_of(role, path).exists() for role in STOPPING)


def _fallback_tested(release: Release) -> bool:
    """RI-10, RI-15: whether a drill has shown the fallback, and the next one is not overdue."""
    drill = suspensions.drill_that_tested(release)
    if drill is None:
        return False
    months = drill_months(release)
    day = clock.local_day(drill.ordered_at)
    return months is None or add_months(day, months) >= clock.today()


_NO_VALUE = "尚未上报任何监测值", "No value has been reported yet"


def monitored(rows: Iterable[Release]) -> dict[uuid.UUID, FactValue]:
    """Whether values come of what is to be watched, and in time; few statements for all."""
    found = {}
    for key, told in monitoring.reporting(row.pk for row in rows).items():
        lacking = [(one.zh, one.en) for one in told.lacking]
        if told.lacking:
            zh, en = "、".join(zh for zh, _en in lacking), ", ".join(en for _zh, en in lacking)
            found[key] = FactValue(False, f"尚无（或逾期未报）：{zh}", f"No value in time: {en}")
        else:
            zh, en = ("", "") if told.has_values else _NO_VALUE
            found[key] = FactValue(told.has_values, zh, en)
    return found


def _use_case_card(release: Release) -> FactValue:
    card = release.model_use.use_case
    missing = [
        (zh, en)
        for value, zh, en in (
            (card.purpose, "目的", "purpose"),
            (card.process_node, "流程节点", "process node"),
            (card.benefit, "收益", "benefit"),
            (card.affected_people, "影响人群", "affected people"),
            (card.prohibited_uses, "禁止用途", "prohibited uses"),
        )
        if not value.strip()
    ]
    return FactValue(
        not missing,
        "缺少：" + "、".join(zh for zh, _en in missing) if missing else "",
        "Missing: " + ", ".join(en for _zh, en in missing) if missing else "",
    )


def _grading_confirmed(grade: Grade | None) -> FactValue:
    if grade is None:
        return FactValue(False, "尚未分级", "Not graded yet")
    if classification.is_stale(grade):
        return FactValue(False, "政策包已更新，请重新分级", "Policy has changed: grade again")
    confirmed = hasattr(grade, "confirmation") or not classification.needs_confirmation(grade)
    return FactValue(
        confirmed,
        "" if confirmed else "等待第二人确认",
        "" if confirmed else "A second person has not confirmed yet",
    )


def _screened(grade: Grade | None) -> FactValue:
    vector: dict[str, Any] = grade.vector if grade else {}  # Any: JSON
    facts: dict[str, Any] = grade.facts if grade else {}  # Any: JSON
    missing = [
        key
        for key, there in (
            ("prohibited_practice", "prohibited_practice" in facts),
            ("model_determination", bool(vector.get("model_determination"))),
            ("jurisdiction", bool(vector.get("jurisdiction"))),
        )
        if not there
    ]
    zh, en = _in_words(grade, missing)
    return FactValue(not missing, f"未回答：{zh}", f"Not answered: {en}")


def _grading_complete(grade: Grade | None) -> FactValue:
    if grade is None:
        return FactValue(False, "尚未分级", "Not graded yet")
    unknown = [*grade.result["unknown"], *grade.result["assumed"]]
    zh, en = _in_words(grade, unknown)
    return FactValue(not unknown, f"尚未评估：{zh}", f"Not yet assessed: {en}")


def _in_words(grade: Grade | None, keys: list[str]) -> tuple[str, str]:
    """The keys' labels in Chinese and in English."""
    if grade is None:
        return ", ".join(keys), ", ".join(keys)
    section = classification.section_of(grade.pack)
    labels = [classification.label_of(section, key) for key in keys]
    return "、".join(one["zh"] for one in labels), ", ".join(one["en"] for one in labels)


def _validated(validation: Validation | None) -> FactValue:
    if validation is None:
        return FactValue(False, "没有已签署的验证", "No validation is signed off")
    fit = validation.conclusion != "unsatisfactory"
    return FactValue(fit, "" if fit else "验证结论为不满意", "" if fit else "It was unsatisfactory")


def _findings_in_order(release: Release) -> FactValue:
    rows = findings.not_closed(release).values_list("severity", "state", "title")
    bad = [
        title
        for severity, state, title in rows
        if severity == "critical" or (severity == "high" and state != "planned")
    ]
    return FactValue(not bad, f"未处理：{'；'.join(bad)}", f"Open: {'; '.join(bad)}")


def _approved(release: Release) -> FactValue:
    if not release.approved_digest:
        return FactValue(False, "尚未批准", "Not approved yet")
    if release.approved_until is None or release.approved_until < clock.today():
        return FactValue(False, "批准已过期", "The approval has expired")
    last = last_decided(release)
    if last is not None and last.state != "approved":
        return FactValue(
            False,
            f"最近一次审批({last.code})未获批准",
            f"The latest approval ({last.code}) was not granted",
        )
    same = release.approved_digest == releases.material_digest(release)
    return FactValue(
        same,
        "" if same else "批准后发生了重大变更",
        "" if same else "It has changed materially since",
    )


def _pilot_lasted(release: Release, section: LifecycleSection) -> FactValue:
    tier = "I" if release.model_use.tier in ("", "P") else release.model_use.tier
    needed = section.pilot.days.get(tier, 0)  # type: ignore[call-overload]  # a Literal's str
    if release.stage != "S4":
        done = 10_000 if release.stage == "S5" else 0
    else:
        done = (clock.now() - release.stage_since).days
    return FactValue(done >= needed, f"{done}/{needed} 天", f"{done} of {needed} days")


def _deployed_digest(release: Release) -> FactValue:
    rows = releases.running_of(release, Environment.PRODUCTION)
    if not rows or release.version is None:
        return FactValue(False, "没有生产部署记录", "No deployment to production is recorded")
    same = all(one.digest == release.version.digest for one in rows)
    return FactValue(same, "" if same else "摘要不一致", "" if same else "The digests differ")


def _rmc_resolved(release: Release) -> bool:
    """An RMC resolution that approves this material state of the release."""
    approvals = Approval.objects.filter(
        release=release, state="approved", material_digest=release.approved_digest
    ).values("pk")
    return Resolution.objects.filter(
        body_code="rmc", outcome="approved", subject_id__in=approvals
    ).exists()


def _duties_not_segregated(release: Release, validation: Validation | None) -> bool:
    """Developer = validator, owner = validator, or an owner or developer among the voters."""
    if release.version is None:
        return False
    developers = set(release.version.developers.values_list("user_id", flat=True))
    interested = developers | {
        release.model_use.model.owner_id,
        release.model_use.use_case.owner_id,
    }
    if validation is not None and validation.validator_id in interested:
        return True
    voters: set[uuid.UUID] = set(
        Approval.objects.filter(release=release, state="approved").values_list(
            "steps__votes__voter_id", flat=True
        )
    )
    return bool(voters & interested)


def _production_digest_differs(release: Release) -> bool:
    rows = releases.running_of(release, Environment.PRODUCTION)
    version = release.version
    return version is not None and any(one.digest != version.digest for one in rows)


def _revalidation_overdue(
    release: Release, validation: Validation | None, section: LifecycleSection
) -> bool:
    tier = release.model_use.tier
    if (
        validation is None
        or validation.signed_off_at is None
        or tier not in ("I", "II", "III", "IV")
    ):
        return False
    months = section.revalidation_months[tier]  # type: ignore[index]  # checked above
    grace = section.revalidation_grace_days[tier]  # type: ignore[index]  # checked above
    due = validation.signed_off_at + dt.timedelta(days=30 * months + grace)
    return clock.now() > due


def _something_expired(release: Release, documents: frozenset[str]) -> bool:
    """An approval, a waiver, a condition's day, or a document of a kind that lapses."""
    today = clock.today()
    if overdue_conditions(release).exists():
        return True
    if release.approved_until is not None and release.approved_until < today:
        return True
    if findings.lapsed(release):
        return True
    lapsed = Document.objects.filter(
        subject_id__in=releases.subjects_of(release),
        valid_until__lt=today,
        superseded_by=None,
        kind__in=_EXPIRING,
    ).values_list("kind", flat=True)
    return bool(set(lapsed) - documents)
