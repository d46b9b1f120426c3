"""The card of a version or a release, from what the register and governance hold of it.

A constant number of statements. The doors have made sure that the reader may see the model.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from typing import Any

from django.db.models import Count, QuerySet
from django.utils import translation

from governance.approvals import queries as approvals
from governance.cards.rules import (
    Card,
    Dataset,
    Governance,
    Owner,
    Pair,
    Restriction,
    Watched,
    manifest,
)
from governance.findings import queries as findings
from governance.monitoring import queries as monitoring
from governance.monitoring.models import Reading
from governance.suspensions import queries as suspensions
from governance.validations import queries as validations
from registry.catalogue.models import AIModel, ModelVersion
from registry.classification import queries as classification
from registry.classification.models import Grade
from registry.core import clock
from registry.lineage import queries as lineage
from registry.releases.models import Release


def whole(queryset: QuerySet[ModelVersion]) -> QuerySet[ModelVersion]:
    """The versions with what their cards need, in one statement."""
    return queryset.select_related("model__owner", "model__entity")


def of_release(release: Release, language: str) -> Card:
    """The release's card (of `releases.whole`), its texts in the language where there are two."""
    with translation.override(language):
        use = release.model_use
        grade = classification.in_force(use)
        if release.version is not None:
            release.version.model = use.model  # the same row, read once
        card = _base(use.model, release.version)
        own = use.use_case
        owners = [Owner(use.model.owner.name, "owner")]
        if own.owner_id != use.model.owner_id:
            owners.append(Owner(own.owner.name, "use_case_owner"))
        validation = validations.signed_off(release)
        limits = validation.limitations if validation is not None else ""
        return dataclasses.replace(
            card,
            owners=tuple(owners),
            use_cases=_with(card.use_cases, _titled(own), own.purpose),
            prohibited_uses=_with(card.prohibited_uses, own.prohibited_uses),
            affected=_with(card.affected, own.affected_people),
            limitations=_with(card.limitations, limits),
            techniques=_labels(grade, "technique"),
            explainability=release.explainability_level,
            governance=_governance(release, grade, validation),
        )


def of_version(version: ModelVersion, language: str) -> Card:
    """The version's card (with its model, owner and entity), whatever it is used for."""
    with translation.override(language):
        card = _base(version.model, version)
        owners = (Owner(version.model.owner.name, "owner"),)
        governance = Governance(tier=version.model.tier)
        return dataclasses.replace(card, owners=owners, governance=governance)


def _base(model: AIModel, version: ModelVersion | None) -> Card:
    """What the model and the version say."""
    told = manifest.read(version.manifest, version.metrics) if version is not None else Card()
    source = version.source if version is not None and manifest.is_link(version.source) else ""
    return dataclasses.replace(
        told,
        name=_named(model),
        made_on=clock.today().isoformat(),
        language=translation.get_language(),
        code=model.code,
        version=version.label if version else "",
        digest=version.digest if version else "",
        identity=version.identity_kind if version else "",
        released_on=_day(version.registered_at) if version else "",
        overview=model.description or told.overview,
        institution=_named(model.entity),
        links=_with(told.links, source),
        datasets=_datasets(told.datasets, version) if version else (),
    )


def _datasets(told: tuple[Dataset, ...], version: ModelVersion) -> tuple[Dataset, ...]:
    """What the pipeline told, and what its runs were seen to read."""
    read = [
        Dataset(one.name, one.version, role="training", description=one.namespace)
        for one in lineage.inputs_of(lineage.of_version(version))
    ]
    known = {(one.name, one.version) for one in told}
    return told + tuple(one for one in read if (one.name, one.version) not in known)


def _named(row: Any) -> str:  # Any: whatever has two names
    chinese = translation.get_language().startswith("zh")
    return str(row.name_zh if chinese else row.name_en or row.name_zh)


def _titled(use_case: Any) -> str:  # Any: a use case
    node = f" ({use_case.process_node})" if use_case.process_node else ""
    return f"{_named(use_case)}{node}"


def _with(known: tuple[str, ...], *more: str) -> tuple[str, ...]:
    """The register's own words first, each line of them by itself."""
    lines = [line.strip() for text in more for line in text.splitlines() if line.strip()]
    return tuple(dict.fromkeys((*lines, *known)))


def _day(moment: dt.datetime | None) -> str:
    return clock.local_day(moment).isoformat() if moment else ""


def _codes(grade: Grade | None, key: str) -> tuple[str, ...]:
    told = grade.vector.get(key) if grade is not None else None
    if told is None:
        return ()
    return tuple(str(one) for one in told) if isinstance(told, list) else (str(told),)


def _labels(grade: Grade | None, key: str) -> tuple[str, ...]:
    """The codes in words, by the policy under which the grade was given."""
    if grade is None:
        return ()
    section = classification.section_of(grade.pack).classification
    known = next((one.codes for one in section.dimensions if one.key == key), {})
    chinese = translation.get_language().startswith("zh")
    labels = {code: one.zh if chinese else one.en for code, one in known.items()}
    return tuple(labels.get(code, code) for code in _codes(grade, key))


def _governance(release: Release, grade: Grade | None, validation: Any) -> Governance:
    use = release.model_use  # validation: Any: the one that is signed off, or None
    decided = approvals.last_decided(release)
    return Governance(
        use=use.code,
        release=release.code,
        stage=release.stage,
        tier=use.tier,
        provisional="yes" if use.is_provisional else "no",
        flags=tuple(Pair(key, _plain(value)) for key, value in sorted(use.flags.items())),
        autonomy=next(iter(_codes(grade, "autonomy")), ""),
        decision_role=next(iter(_codes(grade, "decision_role")), ""),
        data_level=next(iter(_codes(grade, "data_level")), ""),
        personal_data=_codes(grade, "pi_flag"),
        validation=release.validation_conclusion,
        validated_on=_day(validation.signed_off_at) if validation is not None else "",
        approval=decided.state if decided is not None else "",
        approved_on=_day(decided.decided_at) if decided is not None else "",
        approved_until=release.approved_until.isoformat() if release.approved_until else "",
        monitoring=monitoring.status_of([release])[release.pk].value,
        watched=_watched(release),
        findings=_findings(release),
        restrictions=tuple(
            Restriction(str(one.kind), _day(one.ordered_at), one.limits)
            for one in suspensions.in_force(release)
            if not one.is_drill
        ),
    )


def _plain(value: Any) -> str:  # Any: a flag's value
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)


def _watched(release: Release) -> tuple[Watched, ...]:
    rows = Reading.objects.filter(metric__release=release, metric__state="open", at__isnull=False)
    section = monitoring.active_section()
    found = []
    for row in rows.select_related("metric").order_by("metric__key", "segment"):
        spec = None if row.metric.name_zh else section.metric(row.metric.key)
        zh, en = monitoring.metric_named(row.metric, spec)
        name = zh if translation.get_language().startswith("zh") else en
        found.append(Watched(name, row.segment, str(row.value), row.level, _day(row.at)))
    return tuple(found)


def _findings(release: Release) -> tuple[Pair, ...]:
    rows = findings.not_closed(release).order_by("severity").values_list("severity")
    return tuple(Pair(one, str(many)) for one, many in rows.annotate(many=Count("pk")))
