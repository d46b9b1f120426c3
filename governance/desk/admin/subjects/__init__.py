"""What a verb is about, in words: the breadcrumb and the facts beside its form."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db.models import Model

from governance.desk.admin.subjects import (
    cases,
    discovery,
    experiments,
    institution,
    permits,
    watching,
)
from governance.desk.admin.subjects.base import About, of_model, of_release, of_version
from governance.desk.admin.words import name_of
from registry.core.people.models import User


def about(user: User, subject: Model) -> About:
    """The subject in words: at most a few statements, whatever it is."""
    tell = _TOLD.get(subject._meta.label_lower)
    return tell(user, subject) if tell else About(name_of(subject))


_TOLD: dict[str, Callable[[User, Any], About]] = {
    "registry.aimodel": of_model,
    "registry.modelversion": of_version,
    "registry.release": of_release,
    "registry.modeluse": cases.of_use,
    "registry.usecase": cases.of_card,
    "registry.grade": cases.of_grade,
    "registry.needtoknow": cases.of_initiation,
    "registry.user": institution.of_person,
    "registry.roleassignment": institution.of_holder,
    "registry.postholding": institution.of_holder,
    "registry.token": institution.of_holder,
    "registry.delegation": institution.of_delegation,
    "registry.legalentity": institution.of_place,
    "registry.department": institution.of_place,
    "registry.post": institution.of_place,
    "registry.packrelease": institution.of_pack,
    "registry.arrangement": institution.of_arrangement,
    "registry.channel": institution.of_channel,
    "registry.source": discovery.of_source,
    "registry.sighting": discovery.of_sighting,
    "governance.registeredmodel": experiments.of_name,
    "governance.registeredversion": experiments.of_version,
    "governance.case": cases.of_case,
    "governance.plan": cases.of_plan,
    "governance.competence": cases.of_competence,
    "governance.clock": cases.of_clock,
    "governance.campaign": cases.of_campaign,
    "governance.exemption": cases.of_exemption,
    "governance.waiver": cases.of_waiver,
    "governance.finding": cases.of_finding,
    "governance.validation": cases.of_validation,
    "governance.approval": cases.of_approval,
    "governance.condition": cases.of_condition,
    "governance.package": cases.of_package,
    "governance.review": cases.of_review,
    "governance.order": cases.of_order,
    "governance.consumer": institution.of_consumer,
    "governance.drillreport": cases.of_drill_report,
    "governance.permit": permits.of_permit,
    "governance.breakglass": permits.of_break_glass,
    "governance.subscription": institution.of_webhook,
    "governance.metric": watching.of_metric,
    "governance.metricquery": watching.of_query,
    "governance.breach": watching.of_breach,
    "governance.committee": institution.of_place,
    "governance.seat": institution.of_seat,
}
