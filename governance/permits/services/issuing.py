"""Asking for a permit: signed where nothing stands against it, else refused with the whole list."""

from __future__ import annotations

import datetime as dt
import json
import re
import uuid
from zoneinfo import ZoneInfo

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from governance.approvals.models import Approval, ApprovalState
from governance.committees.models import Resolution
from governance.lifecycle import queries as lifecycle
from governance.permits import queries, rules
from governance.permits.models import Permit, PermitKind
from governance.permits.queries import Considered
from governance.permits.rules import Approved, Permitted, Policy
from governance.permits.schema import EnvironmentPolicy
from governance.permits.services.listing import signer_now
from governance.suspensions import queries as suspensions
from registry.core import clock, signing
from registry.core.errors import Conflict, DomainError
from registry.core.ledger import queries as ledger_queries
from registry.core.ledger import services as ledger
from registry.core.people.models import User
from registry.core.people.rules import Capability
from registry.core.signing import Signer
from registry.releases import queries as release_queries
from registry.releases import services as releases
from registry.releases.models import Environment, Release

MOST_REFERENCE = 300


def issue(
    *,
    actor: User,
    version_id: uuid.UUID,
    digest: str,
    environment: str,
    use_id: uuid.UUID | None = None,
    reference: str = "",
) -> Permit:
    """The permit exists, signed: these bytes may be deployed there until it ends.

    Raises Conflict (`permit_denied`) with every reason and the gate's list; DomainError for a
    digest, an environment or a reference that is none, and where no release or more than one is
    meant; Forbidden where the actor's role does not reach it. No stop can fall between the
    decision and the permit: either it comes before and denies, or after and ends it.
    """
    _check(digest, environment, reference)
    signer = signer_now()
    with ledger.act(actor) as act:
        suspensions.hold_still()
        release = releases.lock(queries.release_of(version_id, use_id).pk)
        if release.version_id != version_id:
            raise Conflict("version_changed", _("The release has another version meanwhile."))
        release_queries.check_reach(actor, Capability.ASK_PERMIT, release)
        found = queries.consider(release, environment, digest)
        if found.reasons or found.policy is None:
            raise _denial(release, environment, found)
        row = _drawn_up(actor, release, found, found.policy, reference)
        row.key_id = signer.id
        _sign(row, release, signer)
        return act.create(row, "permit.issued")


def check_environment(environment: str) -> None:
    """Raises DomainError (`unknown_environment`)."""
    if environment not in Environment.values:
        raise DomainError(
            "unknown_environment",
            _("Unknown environment “%(name)s”.") % {"name": environment},
            field="environment",
            status=400,
        )


def check_digest(digest: str) -> None:
    """Raises DomainError (`no_digest`)."""
    if not re.fullmatch("[0-9a-f]{64}", digest):
        raise DomainError(
            "no_digest", _("A digest has 64 hexadecimal characters, 0–9 and a–f."), field="digest",
            status=400,
        )  # fmt: skip


def _check(digest: str, environment: str, reference: str) -> None:
    check_digest(digest)
    check_environment(environment)
    if len(reference) > MOST_REFERENCE or not reference.isprintable():
        raise DomainError(
            "bad_reference", _("A build reference has at most 300 printable characters."),
            field="reference", status=400,
        )  # fmt: skip


def _denial(release: Release, environment: str, found: Considered) -> Conflict:
    details = {
        "release": release.code,
        "environment": environment,
        "reasons": queries.present_reasons(release, found.reasons),
        "gate": lifecycle.present(found.gate) if found.gate else None,
    }
    return Conflict(
        "permit_denied",
        ngettext(
            "%(count)s thing stands against deploying %(release)s to %(environment)s.",
            "%(count)s things stand against deploying %(release)s to %(environment)s.",
            len(found.reasons),
        )
        % {"count": len(found.reasons), "release": release.code, "environment": environment},
        hint=_("The list says what they are, and what sets each of them right."),
        details=details,
    )


def _drawn_up(
    actor: User, release: Release, found: Considered, policy: EnvironmentPolicy, reference: str
) -> Permit:
    """The permit, yet without signatures."""
    issued_at = clock.now()
    return Permit(
        code=ledger_queries.next_code("PMT"),
        kind=PermitKind.NORMAL,
        model_use=release.model_use,
        release=release,
        version=release.version,
        digest=release.version.digest if release.version else "",
        environment=policy.environment,
        pack=found.pack,
        stage=release.stage,
        least_stage=policy.stage or "",
        gate=policy.gate or "",
        approval=_approval(release) if policy.gate else None,
        material_digest=release.approved_digest if policy.gate else "",
        restriction_revokes=policy.restriction_denies,
        mends=list(policy.mends),
        requested_by=actor,
        reference=reference,
        issued_at=issued_at,
        expires_at=_end(release, policy, issued_at),
    )


def _end(release: Release, policy: EnvironmentPolicy, issued_at: dt.datetime) -> dt.datetime:
    """After the environment's time, at the latest with the approval on which it rests."""
    end = issued_at + dt.timedelta(minutes=policy.validity_minutes)
    if policy.gate is None or release.approved_until is None:
        return end
    day_after = release.approved_until + dt.timedelta(days=1)
    return min(end, dt.datetime.combine(day_after, dt.time(), ZoneInfo(settings.TIME_ZONE)))


def _approval(release: Release) -> Approval | None:
    """The approval by which the release is approved as it is."""
    rows = Approval.objects.filter(
        release=release, state=ApprovalState.APPROVED, material_digest=release.approved_digest
    )
    return rows.order_by("-decided_at", "-code").first()


def _sign(row: Permit, release: Release, signer: Signer) -> None:
    """Both statements, in their envelopes, over the bytes as they are."""
    version, use = release.version, release.model_use
    told = permitted(
        row, subject=rules.of_version(use.model.code, version.label if version else "")
    )
    row.envelope = enveloped(rules.permit_statement(told), signer)
    row.svr_envelope = enveloped(rules.svr_statement(told), signer)


def permitted(row: Permit, *, subject: str, confirmed_by: str = "") -> Permitted:
    """What the statements say of the permit."""
    return Permitted(
        registry=queries.registry_host(),
        verifier=settings.PUBLIC_URL or "urn:mingce:registry",
        subject=subject,
        digest=row.digest,
        code=row.code,
        environment=row.environment,
        use=str(row.model_use_id),
        use_code=row.model_use.code,
        release=row.release.code if row.release else "",
        stage=row.stage,
        tier=row.model_use.tier,
        gate=row.gate,
        policy=Policy(row.pack.key, row.pack.version, row.pack.sha256),
        approval=_approved(row),
        requested_by=str(row.requested_by_id),
        reference=row.reference,
        issued_at=row.issued_at,
        expires_at=row.expires_at,
        confirmed_by=confirmed_by,
    )


def _approved(row: Permit) -> Approved | None:
    if row.approval is None:
        return None
    passed = Resolution.objects.filter(subject_id=row.approval.pk, outcome="approved")
    return Approved(
        row.approval.code, row.approval.decided_at, row.material_digest,
        tuple(str(one) for one in passed.order_by("passed_at", "body_code", "number")),
    )  # fmt: skip


def enveloped(statement: bytes, signer: Signer) -> object:
    """The DSSE envelope, as JSON that has been read."""
    return json.loads(signing.envelope(rules.PAYLOAD_TYPE, statement, signer))
