"""Reports of deployments: facts, recorded whether or not anybody has approved them."""

from __future__ import annotations

import datetime as dt
import re
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import IntegrityError
from django.utils.translation import gettext as _

from registry.core import clock
from registry.core.errors import Conflict, DomainError
from registry.core.ledger import services as ledger
from registry.core.ledger.services import Act
from registry.core.people.models import User
from registry.core.people.rules import Capability
from registry.releases import queries
from registry.releases.models import Deployment, DeploymentRole, Environment, Release
from registry.usecases.queries import check_reach

MOST_AT_ONCE = 100
_DIGEST = re.compile(r"[0-9a-f]{64}")
_LATE = dt.timedelta(minutes=5)  # by which clocks differ


@dataclass(frozen=True)
class Deployed:
    """One report. from_digest: what the pipeline says ran there before; permit: what it used;
    has_moved: the same bytes are on record at another place, which they have left.
    """

    release: Release
    environment: str
    digest: str
    endpoint: str = ""
    traffic_percent: int = 100
    role: str = DeploymentRole.CHAMPION
    deployed_at: dt.datetime | None = None
    from_digest: str = ""
    permit: uuid.UUID | None = None
    reference: str = ""
    has_moved: bool = False


def record_deployment(
    *,
    actor: User,
    release: Release,
    environment: str,
    digest: str,
    **more: Any,  # Any: the further fields of Deployed
) -> Deployment:
    """It is on record that this digest runs there, whether or not it is the approved one.

    A reference that the actor has reported already is answered with the report of then.
    """
    told = Deployed(release, environment, digest, **more)
    (row,) = record_deployments(actor=actor, told=[told])
    return row


def record_deployments(*, actor: User, told: Sequence[Deployed]) -> list[Deployment]:
    """All of the reports are on record, in their order, or none; each reference once.

    Raises DomainError (`unknown_environment`, `in_the_future`, `not_off`, `too_many`), Conflict
    (`reference_reused`) for a reference that came with another report.
    """
    if len(told) > MOST_AT_ONCE:
        raise DomainError(
            "too_many", _("At most %(most)s at once.") % {"most": MOST_AT_ONCE}, field="deployments"
        )
    for one in told:
        _check(actor, one)
    try:
        with ledger.act(actor) as act:
            return [_recorded(act, actor, one) for one in told]
    except IntegrityError as error:
        if "a_reference_is_reported_once" not in str(error):
            raise
        raise Conflict(
            "try_again", _("The same is being reported at this moment."), hint=_("Try once more.")
        ) from error


def _recorded(act: Act, actor: User, told: Deployed) -> Deployment:
    before = _reported(actor, told)
    if before is not None:
        return before
    moment = told.deployed_at or clock.now()
    previous = queries.ran_before(told.release, told.environment, told.endpoint, moment)
    row = Deployment(
        release=told.release,
        environment=told.environment,
        digest=told.digest,
        endpoint=told.endpoint,
        traffic_percent=told.traffic_percent,
        role=told.role,
        follows=previous,
        from_digest=told.from_digest or (previous.digest if previous else ""),
        permit=told.permit,
        reference=told.reference,
        deployed_at=moment,
        reported_by=actor,
    )
    if told.role == DeploymentRole.OFF:
        return act.create(row, "deployment.ended")
    version = told.release.version
    matches = bool(version and version.digest == told.digest)
    facts: dict[str, object] = {"matches_version": matches}
    if told.has_moved:
        facts["has_moved"] = True
    if previous and told.from_digest not in ("", previous.digest):
        facts["known_before"] = previous.digest
    return act.create(row, "deployment.recorded", **facts)


def _reported(actor: User, told: Deployed) -> Deployment | None:
    """What the actor has reported under this reference. Raises Conflict for something else."""
    if not told.reference:
        return None
    row = Deployment.objects.filter(reported_by=actor, reference=told.reference).first()
    if row is None:
        return None
    then = [row.release_id, row.environment, row.digest, row.endpoint, row.role,
            row.traffic_percent, row.permit]  # fmt: skip
    now = [told.release.pk, told.environment, told.digest, told.endpoint, told.role,
           told.traffic_percent, told.permit]  # fmt: skip
    if told.from_digest:  # else the register has filled it in
        then.append(row.from_digest)
        now.append(told.from_digest)
    if told.deployed_at is not None:
        then.append(row.deployed_at)
        now.append(told.deployed_at)
    if then != now:
        raise Conflict(
            "reference_reused",
            _("You have reported another deployment under this reference."),
            field="reference",
            hint=_("Each deployment has a reference of its own."),
        )
    return row


def _check(actor: User, told: Deployed) -> None:
    if told.environment not in Environment.values:
        raise DomainError(
            "unknown_environment",
            _("Unknown environment “%(name)s”.") % {"name": told.environment},
            field="environment",
            status=400,
        )
    check_reach(actor, Capability.REPORT_DEPLOYMENT, told.release.model_use)
    for field, digest in (("digest", told.digest), ("from_digest", told.from_digest)):
        if (digest or field == "digest") and not _DIGEST.fullmatch(digest):
            raise DomainError(
                "digest",
                _("A digest has 64 hexadecimal digits in small letters; this one is “%(digest)s”.")
                % {"digest": digest[:80]},
                field=field,
                status=400,
            )
    if told.role == DeploymentRole.OFF and told.traffic_percent:
        raise DomainError(
            "not_off",
            _("What was taken down has no traffic."),
            field="traffic_percent",
            hint=_("Report 0 percent, or another kind of traffic."),
        )
    if (told.deployed_at or clock.now()) > clock.now() + _LATE:
        raise DomainError(
            "in_the_future", _("A deployment can't lie in the future."), field="deployed_at"
        )
