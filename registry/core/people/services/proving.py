"""Who somebody is: passwords tried, second proofs, tokens."""

from __future__ import annotations

import datetime as dt
import secrets
import uuid
from collections.abc import Sequence

from django.db import transaction
from django.utils.translation import gettext as _

from registry.core import clock
from registry.core.errors import Conflict, DomainError, Forbidden
from registry.core.ledger import services as ledger
from registry.core.people import queries
from registry.core.people.models import (
    FailedProof,
    StepUp,
    StepUpUse,
    Token,
    User,
    UserKind,
)
from registry.core.people.rules import Capability

STEP_UP_MINUTES = 15
MOST_TOKEN_DAYS = 366
MOST_FAILED_PROOFS = 5


def issue_token(
    *,
    actor: User,
    user: User,
    name: str,
    scopes: Sequence[str],
    expires_at: dt.datetime,
) -> tuple[Token, str]:
    """The token exists; the secret is returned this once and kept only as a digest.

    A person issues tokens for themselves; an administrator for machine accounts.
    """
    _checked_token(actor, user, scopes, expires_at)
    secret = f"mc_{secrets.token_urlsafe(32)}"
    row = Token(
        user=user,
        name=name,
        secret_digest=queries.token_digest(secret),
        scopes=sorted(set(scopes)),
        expires_at=expires_at,
    )
    with ledger.act(actor) as act:
        return act.create(row, "token.issued"), secret


def revoke_token(*, actor: User, token_id: uuid.UUID) -> Token:
    """The token opens nothing any more."""
    with ledger.act(actor) as act:
        row = ledger.lock(Token.objects.select_related("user"), token_id)
        if row.user_id != actor.pk:
            queries.require_over(actor, row.user)
        if row.revoked_at:
            raise Conflict("already_revoked", _("This token has been revoked already."))
        return act.update(row, "token.revoked", {"revoked_at": clock.now()})


def proves(*, user: User, password: str, door: str) -> bool:
    """Whether the password is the person's. Raises DomainError (429) after five wrong ones.

    Five wrong passwords within fifteen minutes close the door (the login, or the step-up) until
    the oldest is fifteen minutes old. A stranger who knocks at the login closes no vote.
    """
    with transaction.atomic():
        User.objects.select_for_update().get(pk=user.pk)  # guesses at the same moment queue up
        return _proves(user, password, door)


def _proves(user: User, password: str, door: str) -> bool:
    since = clock.now() - dt.timedelta(minutes=STEP_UP_MINUTES)
    failures = FailedProof.objects.filter(user=user, door=door, failed_at__gte=since)
    if failures.count() >= MOST_FAILED_PROOFS:
        raise DomainError(
            "too_many_attempts",
            _("Too many wrong passwords; try again in a quarter of an hour."),
            field="password",
            status=429,
        )
    if user.kind == UserKind.PERSON and user.is_active and user.check_password(password):
        return True
    FailedProof.objects.create(user=user, door=door, failed_at=clock.now())
    return False


def step_up(*, user: User, password: str, subjects: Sequence[str]) -> StepUp:
    """The person has proved again who they are, for the listed papers, for fifteen minutes.

    Raises Forbidden (`step_up_failed`) on a wrong password, and for machines.
    """
    if not proves(user=user, password=password, door="step_up"):
        raise Forbidden(
            "step_up_failed", _("The password is not right; nothing was decided."), field="password"
        )
    now = clock.now()
    return StepUp.objects.create(
        user=user,
        subjects=sorted(set(subjects)),
        proved_at=now,
        expires_at=now + dt.timedelta(minutes=STEP_UP_MINUTES),
    )


def spend_step_up(*, user: User, step_up_id: uuid.UUID | None, subject: str) -> StepUpUse:
    """The proof is spent on this paper. Raises Forbidden where it does not cover it (any more)."""
    proof = StepUp.objects.filter(pk=step_up_id, user=user).first() if step_up_id else None
    spent = proof is not None and proof.uses.filter(subject=subject).exists()
    covers = proof is not None and subject in proof.subjects and proof.expires_at > clock.now()
    if proof is None or spent or not covers:
        raise Forbidden(
            "step_up_needed",
            _("Prove again who you are: enter your password for these papers."),
            field="step_up",
            hint=_("POST your password to /api/v1/step-ups/ with the papers' digests."),
        )
    return StepUpUse.objects.create(step_up=proof, subject=subject, used_at=clock.now())


def _checked_token(actor: User, user: User, scopes: Sequence[str], expires_at: dt.datetime) -> None:
    if actor.kind != UserKind.PERSON or user.kind != UserKind.MACHINE and user.pk != actor.pk:
        raise Forbidden("not_your_token", _("A token is issued by its own person."), field="user")
    if user.pk != actor.pk:
        queries.require_over(actor, user)
    unknown = sorted(set(scopes) - {capability.value for capability in Capability})
    if unknown or not scopes:
        raise DomainError(
            "unknown_scope",
            _("Unknown or missing scopes: %(scopes)s.") % {"scopes": ", ".join(unknown) or "–"},
            field="scopes",
        )
    held = queries.standing(actor).scopes
    if held is not None and user.pk == actor.pk:
        # It would outlive the revocation of the one that was stolen.
        raise Forbidden(
            "token_by_token", _("A token begets no token; sign in to issue one."), field="scopes"
        )
    if held is not None and not set(scopes) <= held:
        text = _("A token does not beget one with wider scopes: it lacks %(scopes)s itself.")
        raise Forbidden(
            "wider_scope",
            text % {"scopes": ", ".join(sorted(set(scopes) - held))},
            field="scopes",
            hint=_("Issue it on the account's page, or with a token that has these scopes too."),
        )
    now = clock.now()
    if not now < expires_at <= now + dt.timedelta(days=MOST_TOKEN_DAYS):
        raise DomainError(
            "token_lifetime", _("A token lives at most 366 days."), field="expires_at"
        )
