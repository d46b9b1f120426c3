"""Who or what a key in the ledger stands for: its name and its page, if the reader may see it."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from django.db.models import QuerySet

from governance.approvals import queries as approvals
from governance.approvals.models import BallotSeat, Step, Vote
from governance.clocks import queries as clocks
from governance.committees import queries as committees
from governance.desk.admin.words import name_of
from governance.findings import queries as findings
from governance.lifecycle import queries as lifecycle
from governance.monitoring import queries as monitoring
from governance.permits import queries as permits
from governance.reviews import queries as reviews
from governance.reviews.queries import attesting
from governance.suspensions import queries as suspensions
from governance.validations import queries as validations
from governance.validations.models import ValidationTest
from governance.webhooks import queries as webhooks
from registry.catalogue import queries as catalogue
from registry.catalogue.models import VersionDeveloper
from registry.classification.models import GradeConfirmation, TierOverride
from registry.classification.queries import visible_grades
from registry.core.people import queries as people
from registry.core.people.models import User
from registry.core.policy import queries as policy
from registry.discovery import queries as discovery
from registry.evidence import queries as evidence
from registry.releases import queries as releases
from registry.systems import queries as systems
from registry.usecases import queries as usecases


class Named(NamedTuple):
    """A thing in words, and its page."""

    text: str
    url: str = ""


class Kind(NamedTuple):
    """How rows of a model are found and named."""

    find: Callable[[User], QuerySet[Any]]
    related: tuple[str, ...]
    name: Callable[[Any], Named]


def names_of(user: User, keys: Iterable[tuple[str, uuid.UUID]]) -> dict[uuid.UUID, Named]:
    """The names of the (model's label, key) pairs: one statement for each model that occurs.

    What the reader may not see has no name here.
    """
    wanted: dict[str, set[uuid.UUID]] = {}
    for label, key in keys:
        wanted.setdefault(label, set()).add(key)
    found: dict[uuid.UUID, Named] = {}
    for label, ids in sorted(wanted.items()):
        kind = ROWS.get(label)
        if kind is None:
            continue
        rows = kind.find(user).filter(pk__in=ids).order_by().select_related(*kind.related)
        told = suspensions.with_targets(rows) if label == "governance.order" else rows
        found |= {row.pk: kind.name(row) for row in told}
    return found


def _release(row: Any) -> Named:
    return Named(f"{name_of(row.model_use.model)} · {row.code}", row.get_absolute_url())


def _metric(row: Any) -> Named:
    return Named(f"{row.release.code} · {row.key}", row.get_absolute_url())


def _use(row: Any) -> Named:
    text = f"{name_of(row.model)} · {name_of(row.use_case)}"
    return Named(text, row.model.get_absolute_url())


def _version(row: Any) -> Named:
    return Named(f"{name_of(row.model)} · {row.label}", row.model.get_absolute_url())


def _own(row: Any) -> Named:
    return Named(name_of(row), row.get_absolute_url())


def _approval(row: Any) -> Named:
    text = f"{name_of(row.release.model_use.model)} · {row.code}"
    return Named(text, row.get_absolute_url())


def _validation(row: Any) -> Named:
    text = f"{name_of(row.release.model_use.model)} · {row.code}"
    return Named(text, row.get_absolute_url())


def _package(row: Any, release: Any = None) -> Named:
    release = release or row.release
    about = release.model_use.model if release else row.entity
    return Named(f"{name_of(about)} · {row.code}", f"/reviews/{row.pk}/")


def _clock(row: Any) -> Named:
    about = row.release.model_use.model if row.release else row.entity
    return Named(f"{name_of(about)} · {row.code}", f"/clocks/{row.pk}/")


def _at(path: str) -> Callable[[Any], Named]:
    return lambda row: Named(name_of(row), path)


_IN_RELEASE = ("release__model_use__model",)
_IN_USE = ("model_use__model", "model_use__use_case")
_OF_RELEASE = (_IN_RELEASE, lambda row: _release(row.release))
_OF_USE = (_IN_USE, lambda row: _use(row.model_use))
_OF_USER = (("user",), lambda row: _own(row.user))


def _steps(user: User) -> QuerySet[Step]:
    return Step.objects.filter(approval__in=approvals.visible_to(user).values("pk"))


ROWS: dict[str, Kind] = {
    "registry.user": Kind(people.visible_users, (), _own),
    "registry.roleassignment": Kind(people.visible_roles, *_OF_USER),
    "registry.postholding": Kind(people.visible_holdings, *_OF_USER),
    "registry.token": Kind(people.visible_tokens, *_OF_USER),
    "registry.delegation": Kind(
        people.visible_delegations, ("principal",), lambda row: _own(row.principal)
    ),
    "registry.legalentity": Kind(people.visible_entities, (), _at("/institution/")),
    "registry.department": Kind(people.visible_departments, (), _at("/institution/")),
    "registry.post": Kind(people.visible_posts, (), _at("/institution/")),
    "registry.system": Kind(systems.visible_to, (), lambda row: Named(name_of(row))),
    "registry.packrelease": Kind(
        policy.visible_to, (), lambda row: Named(f"{row.key} {row.version}", "/policy/")
    ),
    "registry.source": Kind(discovery.visible_sources, (), lambda row: Named(row.name)),
    "registry.sighting": Kind(
        discovery.visible_to, (), lambda row: Named(str(row), row.get_absolute_url())
    ),
    "registry.knownname": Kind(
        discovery.visible_names, ("model",), lambda row: _own(row.model)
    ),
    "registry.aimodel": Kind(catalogue.visible_to, (), _own),
    "registry.modelversion": Kind(catalogue.visible_versions, ("model",), _version),
    "registry.versiondeveloper": Kind(
        lambda user: VersionDeveloper.objects.filter(
            version__in=catalogue.visible_versions(user).values("pk")
        ),
        ("version__model",),
        lambda row: _version(row.version),
    ),
    "registry.needtoknow": Kind(
        catalogue.visible_initiations, ("model",), lambda row: _own(row.model)
    ),
    "registry.usecase": Kind(usecases.visible_use_cases, (), lambda row: Named(name_of(row))),
    "registry.modeluse": Kind(usecases.visible_uses, ("model", "use_case"), _use),
    "registry.grade": Kind(visible_grades, *_OF_USE),
    "registry.gradeconfirmation": Kind(
        lambda user: GradeConfirmation.objects.filter(grade__in=visible_grades(user).values("pk")),
        ("grade__model_use__model", "grade__model_use__use_case"),
        lambda row: _use(row.grade.model_use),
    ),
    "registry.tieroverride": Kind(
        lambda user: TierOverride.objects.filter(
            model_use__in=usecases.visible_uses(user).values("pk")
        ),
        *_OF_USE,
    ),
    "registry.release": Kind(releases.visible_to, ("model_use__model",), _release),
    "registry.deployment": Kind(releases.visible_deployments, *_OF_RELEASE),
    "registry.document": Kind(
        evidence.visible_to, (), lambda row: Named(row.title, row.get_absolute_url())
    ),
    "governance.validation": Kind(validations.visible_to, _IN_RELEASE, _validation),
    "governance.validationtest": Kind(
        lambda user: ValidationTest.objects.filter(
            validation__in=validations.visible_to(user).values("pk")
        ),
        ("validation__release__model_use__model",),
        lambda row: _validation(row.validation),
    ),
    "governance.approval": Kind(approvals.visible_to, _IN_RELEASE, _approval),
    "governance.step": Kind(
        _steps, ("approval__release__model_use__model",), lambda row: _approval(row.approval)
    ),
    "governance.ballotseat": Kind(
        lambda user: BallotSeat.objects.filter(step__in=_steps(user).values("pk")),
        ("step__approval__release__model_use__model",),
        lambda row: _approval(row.step.approval),
    ),
    "governance.vote": Kind(
        lambda user: Vote.objects.filter(step__in=_steps(user).values("pk")),
        ("step__approval__release__model_use__model",),
        lambda row: _approval(row.step.approval),
    ),
    "governance.condition": Kind(
        approvals.visible_conditions,
        ("approval__release__model_use__model",),
        lambda row: _approval(row.approval),
    ),
    "governance.finding": Kind(findings.visible_to, *_OF_RELEASE),
    "governance.waiver": Kind(findings.visible_waivers, *_OF_RELEASE),
    "governance.exemption": Kind(lifecycle.visible_exemptions, *_OF_RELEASE),
    "governance.campaign": Kind(
        attesting.visible_campaigns, (), lambda row: Named(row.title, f"/attestations/{row.pk}/")
    ),
    "governance.permit": Kind(
        permits.visible_to, _IN_USE, lambda row: Named(row.code, row.get_absolute_url())
    ),
    "governance.breakglass": Kind(
        permits.visible_break_glass, _IN_USE, lambda row: Named(row.code, "/permits/")
    ),
    "governance.permituse": Kind(
        permits.visible_uses, ("permit",), lambda row: Named(row.permit.code, "/permits/")
    ),
    "governance.metric": Kind(monitoring.visible_to, ("release",), _metric),
    "governance.threshold": Kind(
        monitoring.visible_thresholds, ("metric__release",), lambda row: _metric(row.metric)
    ),
    "governance.metricquery": Kind(
        monitoring.visible_queries, ("metric__release",), lambda row: _metric(row.metric)
    ),
    "governance.breach": Kind(
        monitoring.visible_breaches, (), lambda row: Named(row.code, row.get_absolute_url())
    ),
    "governance.clock": Kind(clocks.visible_to, ("release__model_use__model", "entity"), _clock),
    "governance.package": Kind(
        lambda user: reviews.whole(reviews.visible_to(user)), (), _package
    ),
    "governance.review": Kind(
        reviews.visible_reviews,
        ("package__entity", "release__model_use__model"),
        lambda row: _package(row.package, row.release),
    ),
    "governance.explanation": Kind(
        reviews.visible_explanations,
        ("review__package__entity", "review__release__model_use__model"),
        lambda row: _package(row.review.package, row.review.release),
    ),
    "governance.order": Kind(
        suspensions.visible_to, (), lambda row: Named(*suspensions.target_of(row))
    ),
    "governance.acknowledgement": Kind(
        suspensions.visible_acknowledgements, ("consumer",),
        lambda row: Named(row.consumer.name, f"/orders/{row.order_id}/"),
    ),
    "governance.subscription": Kind(webhooks.visible_to, (), _own),
    "governance.consumer": Kind(
        suspensions.visible_consumers, (), lambda row: Named(row.name, "/orders/")
    ),
    "governance.drillreport": Kind(
        suspensions.visible_drill_reports, (),
        lambda row: Named("R12", f"/orders/{row.order_id}/"),
    ),
    "governance.committee": Kind(committees.visible_to, (), _at("/committees/")),
    "governance.seat": Kind(
        committees.visible_seats, ("committee",),
        lambda row: Named(name_of(row.committee), "/committees/"),
    ),
    "governance.resolution": Kind(
        committees.visible_resolutions, (), lambda row: Named(str(row))
    ),
}  # fmt: skip
