"""What was deployed by breaking glass is told afterwards; what is not told becomes a task."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from django.conf import settings
from django.utils.translation import gettext as _

from governance.permits import queries
from governance.permits.models import Permit, PermitKind, PermitUse
from governance.permits.services.issuing import check_digest
from registry.catalogue.models import ModelVersion
from registry.core import clock
from registry.core.calendars import queries as calendars
from registry.core.errors import Conflict, DomainError, Forbidden, SegregationRefused
from registry.core.ledger import services as ledger
from registry.core.notices import services as notices
from registry.core.people import queries as people
from registry.core.people.models import User
from registry.core.people.rules import Capability, Role
from registry.usecases.queries import check_reach

LEAST_WORDS = 6


@dataclass(frozen=True)
class Reported:
    """One deployment by a break-glass permit."""

    digest: str
    deployed_at: dt.datetime
    deployed_by: str
    reason: str
    incident: str


def report_use(*, actor: User, permit_id: uuid.UUID, told: Reported) -> PermitUse:
    """It is on record what was deployed; an unknown digest, a version that is not approved or is
    stopped, or a late report, is model risk's task.

    Raises DomainError (`no_digest`, `text_needed`, `deployed_outside`), Conflict
    (`no_break_glass`, `reported_already`).
    """
    _check(told)
    with ledger.act(actor) as act:
        row = _lock(permit_id)
        check_reach(actor, Capability.REPORT_DEPLOYMENT, row.model_use)
        if not row.issued_at <= told.deployed_at <= clock.now():
            raise DomainError(
                "deployed_outside", _("It was deployed after the permit, and not in the future."),
                field="deployed_at",
            )  # fmt: skip
        if row.uses.filter(digest=told.digest, deployed_at=told.deployed_at).exists():
            raise Conflict("reported_already", _("This deployment has been reported already."))
        versions = ModelVersion.objects.filter(model=row.model_use.model_id, digest=told.digest)
        use = PermitUse(
            permit=row, is_known=versions.exists(), is_late=clock.now() >= _deadline(row, told),
            reported_by=actor, reported_at=clock.now(), **vars(told),
        )  # fmt: skip
        act.create(use, "permit.used")
        _tell_of(row, use)
        return use


def _tell_of(row: Permit, use: PermitUse) -> None:
    """Model risk has a task where something about the use is not in order."""
    digest = use.digest[:12]
    if not use.is_known:
        _tell(
            row, f"unknown:{use.pk}",
            f"应急许可 {row.code} 部署的摘要 {digest} 未登记，请核查。",
            f"By {row.code} something unknown was deployed: {digest}.",
        )  # fmt: skip
    elif not queries.may_run(row.model_use_id, use.digest):
        _tell(
            row, f"unapproved:{use.pk}",
            f"应急许可 {row.code} 部署的版本 {digest} 未获批准、已停用或退役。",
            f"By {row.code} a version was deployed that is not approved, stopped or retired:"
            f" {digest}.",
        )  # fmt: skip
    elif use.is_late or use.deployed_at > _end(row):
        _tell(
            row, f"late:{use.pk}",
            f"应急许可 {row.code} 的使用逾期报告或超出有效期，请核查。",
            f"A deployment by {row.code} was told late, or lies after its end.",
        )  # fmt: skip


def account(*, actor: User, permit_id: uuid.UUID) -> Permit:
    """Every use of the break-glass permit has been told, or it was not used: nobody asks any more.

    Once it has ended, by a person, another than whoever told all of its uses. Raises Conflict
    (`permit_holds`, `accounted_already`, `no_break_glass`, `unexplained`), Forbidden
    (`person_needed`), SegregationRefused (`own_report`).
    """
    if people.standing(actor).is_machine:
        raise Forbidden("person_needed", _("A person accounts for a break-glass permit."))
    with ledger.act(actor) as act:
        row = _lock(permit_id)
        check_reach(actor, Capability.REPORT_DEPLOYMENT, row.model_use)
        if queries.is_live(row):
            raise Conflict(
                "permit_holds", _("The permit still holds."),
                hint=_("Revoke it, or wait for its end; then account for it."),
            )  # fmt: skip
        if row.accounted_at is not None:
            raise Conflict("accounted_already", _("This permit has been accounted for already."))
        _check_told(actor, row)
        notices.settle(once_key=_key(row, "unaccounted"))
        changes = {"accounted_at": clock.now()}
        return act.update(row, "permit.accounted", changes, uses=row.uses.count())


def _check_told(actor: User, row: Permit) -> None:
    """Raises Conflict (`unexplained`), SegregationRefused (`own_report`)."""
    left = queries.unexplained(row)
    if left:
        raise Conflict(
            "unexplained",
            _("%(count)s deployments on record are explained by no permit and no report.")
            % {"count": len(left)},
            hint=_("Report each of them; then account for the permit."),
            details={"deployments": [str(one.pk) for one in left]},
        )
    told_by = set(row.uses.values_list("reported_by", flat=True))
    if told_by == {actor.pk}:
        raise SegregationRefused(
            "own_report", _("Whoever told all of its uses does not account for it; another does.")
        )


def sweep(*, actor: User) -> int:
    """What is not told by its deadline is a task of model risk, once; returns how many are open.

    A break-glass permit that has ended and is not accounted for, and a deployment on record until
    the end of one, accounted for or not, that neither a permit nor a report explains.
    """
    count = 0
    for row in _broken():
        if row.accounted_at is None and clock.now() >= after_working_days(row, _end(row)):
            _tell(
                row, "unaccounted",
                f"应急许可 {row.code} 已终止，逾期未报告使用情况。",
                f"{row.code} has ended, and nobody has accounted for its use.",
            )  # fmt: skip
            count += 1
        for deployment in queries.unexplained(row):
            if clock.now() >= after_working_days(row, deployment.deployed_at):
                _tell(
                    row, f"unreported:{deployment.pk}",
                    f"应急许可 {row.code} 有效期内的部署 {deployment.digest[:12]} 逾期未报告。",
                    f"A deployment while {row.code} held was not reported:"
                    f" {deployment.digest[:12]}.",
                )  # fmt: skip
                count += 1
    return count


def after_working_days(row: Permit, moment: dt.datetime) -> dt.datetime:
    """The end of the policy's last working day for telling, counted from the moment."""
    limits = queries.section_of(row.pack).break_glass
    assert limits is not None  # noqa: S101 (it was given by this policy)
    calendar = calendars.working_days(limits.country)
    day = calendar.after(clock.local_day(moment), limits.report_working_days)
    after = day + dt.timedelta(days=1)
    return dt.datetime.combine(after, dt.time(), ZoneInfo(settings.TIME_ZONE))


def _broken() -> Iterator[Permit]:
    rows = Permit.objects.filter(kind=PermitKind.BREAK_GLASS)
    return queries.whole(rows).select_related("pack").order_by("issued_at", "pk").iterator()


def _deadline(row: Permit, told: Reported) -> dt.datetime:
    return after_working_days(row, told.deployed_at)


def _end(row: Permit) -> dt.datetime:
    return min(row.expires_at, row.revoked_at or row.expires_at)


def _lock(permit_id: uuid.UUID) -> Permit:
    row = ledger.lock(queries.whole(Permit.objects.all()), permit_id)
    if row.kind != PermitKind.BREAK_GLASS:
        raise Conflict(
            "no_break_glass", _("Only what was deployed by breaking glass is reported here."),
            hint=_("Record an ordinary deployment at the release."),
        )  # fmt: skip
    return row


def _key(row: Permit, about: str) -> str:
    return f"permit:{row.pk}:{about}"


def _tell(row: Permit, about: str, text_zh: str, text_en: str) -> None:
    found, path = people.holders(), row.model_use.entity.path
    notices.tell(
        user_ids=found.of(Role.MODEL_RISK, path) | found.of(Role.MODEL_RISK_HEAD, path),
        kind="permit.to_reconcile",
        text_zh=text_zh,
        text_en=text_en,
        once_key=_key(row, about),
        link="/permits/",
        is_task=True,
        stays_inside=row.model_use.model.is_confidential,
    )


def _check(told: Reported) -> None:
    check_digest(told.digest)
    if len(told.reason.strip()) < LEAST_WORDS:
        raise DomainError("text_needed", _("Say why, in a sentence or two."), field="reason")
    for name in ("deployed_by", "incident"):
        if len(getattr(told, name).strip()) < 2:
            raise DomainError("text_needed", _("Say this in a few words."), field=name)
