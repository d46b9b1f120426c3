"""What releases at their present stage wait for from somebody's office: few statements for all."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from governance.findings import queries as findings
from governance.lifecycle import rules
from governance.lifecycle.models import Exemption
from governance.lifecycle.queries.facts import monitored
from governance.lifecycle.queries.gates import section_of
from governance.lifecycle.rules import Facts
from governance.lifecycle.schema import LifecycleSection, Requirement
from registry.classification import queries as classification
from registry.classification.models import Grade
from registry.core.people.models import User
from registry.core.people.queries import standing
from registry.core.people.rules import Role
from registry.core.policy import queries as policy
from registry.evidence import queries as evidence
from registry.releases import queries as releases
from registry.releases.models import Release

MOST_LOOKED_AT = 60  # releases, those that have waited longest
# Their own releases lie on their desk already, with all that is missing.
_BUILDERS = {Role.OWNER.value, Role.DEVELOPER.value}
_NEXT = {"S0": "S1", "S1": "S2", "S2": "S3", "S3": "S4", "S4": "S5"}


@dataclass(frozen=True)
class Awaited:
    """A release waits for a document that one of the person's roles supplies."""

    release: Release
    requirement: Requirement


def documents_awaited(user: User, most: int) -> list[Awaited]:
    """The documents that releases wait for from the person's roles, where these reach."""
    asked = _asked(user)
    section = section_of(policy.active_pack()).model_copy(
        update={"requirements": tuple(asked), "blocking_rules": ()}
    )
    if not asked:
        return []
    rows = releases.whole(releases.visible_to(user)).filter(stage__in=_NEXT)
    found = list(rows.order_by("stage_since", "pk")[:MOST_LOOKED_AT])
    facts = _facts_of(found)
    waiting = [
        Awaited(release, item.requirement)
        for release in found
        for item in rules.gate(section, facts[release.pk], _NEXT[release.stage]).missing
        if standing(user).roles_at(release.model_use.entity.path) & asked[item.requirement]
    ]
    return waiting[:most]


def _asked(user: User) -> dict[Requirement, frozenset[Role]]:
    """The requirements met by documents, with those of the person's roles that supply them."""
    kinds, held = evidence.kinds(), standing(user).role_set
    found = {}
    for one in section_of(policy.active_pack()).requirements:
        if not one.documents:
            continue
        givers = kinds[one.documents[0]].by if one.documents[0] in kinds else ()
        names = {role.value for role in givers} or {one.who[0]}
        mine = frozenset(role for role in held if role.value in names - _BUILDERS)
        if mine:
            found[one] = mine
    return found


def _facts_of(rows: Iterable[Release]) -> dict[uuid.UUID, Facts]:
    """What the gates of requirements that are met by documents look at."""
    found = list(rows)
    grades, kinds = _grades(found), _kinds(found)
    exemptions: dict[tuple[uuid.UUID, str], set[str]] = defaultdict(set)
    for row in Exemption.objects.filter(release__in=found, state="confirmed"):
        exemptions[row.release_id, row.kind].add(row.requirement)
    waived = findings.waived_of(found)
    watched = monitored(found)
    return {
        one.pk: Facts(
            tier=one.model_use.tier,
            stage=one.stage,
            readings=classification.readings(one.model_use, grades.get(one.model_use_id)),
            named={"monitored": watched[one.pk]},
            documents=frozenset().union(*(kinds[key] for key in releases.subjects_of(one))),
            alternatives=frozenset(exemptions[one.pk, "alternative"]),
            not_applicable=frozenset(exemptions[one.pk, "not_applicable"]),
            waived=frozenset(waived[one.pk]),
        )
        for one in found
    }


def _grades(rows: list[Release]) -> dict[uuid.UUID, Grade]:
    """The grade in force of each release's use."""
    uses = {one.model_use_id: one.model_use for one in rows}
    found: dict[uuid.UUID, Grade] = {}
    grades = Grade.objects.filter(model_use__in=uses).select_related("pack").order_by("-number")
    for grade in grades:
        use = uses[grade.model_use_id]
        if use.pk not in found and classification.is_shown(grade, use):
            found[use.pk] = grade
    return found


def _kinds(rows: list[Release]) -> dict[uuid.UUID, set[str]]:
    """The kinds of current documents about each thing."""
    subjects = {key for one in rows for key in releases.subjects_of(one)}
    found: dict[uuid.UUID, set[str]] = defaultdict(set)
    for about, kind in evidence.current(subjects).values_list("subject_id", "kind"):
        found[about].add(kind)
    return found


def askable(user: User) -> set[str]:
    """The requirements whose exemptions are the person's to answer: model risk's are all of them.

    The others of the second line are asked where the pack names one of their roles.
    """
    section: LifecycleSection = section_of(policy.active_pack())
    held = {role.value for role in standing(user).role_set}
    every = {one.key for one in section.requirements}
    if held & {Role.MODEL_RISK.value, Role.MODEL_RISK_HEAD.value}:
        return every
    return {one.key for one in section.requirements if held & set(one.who)}
