"""Sources' verbs: open one, renew its address and credentials, close it."""

from __future__ import annotations

import json
import secrets
import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from registry.core import clock
from registry.core.errors import Conflict, DomainError
from registry.core.ledger import services as ledger
from registry.core.notices import rules as vault
from registry.core.notices.services import check_host, vault_keys
from registry.core.people.models import LegalEntity, User
from registry.core.people.queries import require_at
from registry.core.people.rules import Capability
from registry.discovery.models import Scan, ScanState, Source, SourceKind
from registry.releases.models import Environment

# What means `runs there` where nobody says otherwise: stages and aliases that are in wide use.
WORDS: dict[str, tuple[str, ...]] = {
    SourceKind.MLFLOW: ("Production", "champion"),
    SourceKind.SAGEMAKER: ("Production",),
    SourceKind.KUBEFLOW: (),
    SourceKind.HUGGINGFACE: (),
}
MOST_WORDS = 20


@dataclass(frozen=True)
class NewSource:
    """What a source is opened with. token: a bearer token, or for SageMaker `key:secret[:token]`;
    words: None for those in wide use; scope: a filter of MLflow's, the region (and the beginning
    of the groups' names) of SageMaker, the organisation on a hub.
    """

    name: str
    kind: str
    address: str
    entity: LegalEntity
    environment: str
    token: str = ""
    scope: str = ""
    words: Sequence[str] | None = None


def open_source(*, actor: User, told: NewSource) -> tuple[Source, str]:
    """The source is looked at from now on; the secret of its webhooks, where it can send any.

    Raises DomainError for a host that the operators have not allowed, Conflict for a taken name.
    """
    require_at(actor, Capability.MANAGE_SOURCES, told.entity)
    host = _check(told)
    secret = secrets.token_urlsafe(32) if told.kind == SourceKind.MLFLOW else ""
    kept = json.dumps([told.token, secret])
    words = WORDS[told.kind] if told.words is None else told.words
    row = Source(
        name=told.name,
        kind=told.kind,
        entity=told.entity,
        environment=told.environment,
        words=list(dict.fromkeys(one.strip()[:60] for one in words if one.strip()))[:MOST_WORDS],
        scope=told.scope,
        host=host,
        fingerprint=vault.fingerprint(told.address, kept, keys=vault_keys()),
        sealed=vault.seal(told.address, kept, vault_keys()),
        opened_at=clock.now(),
    )
    with ledger.act(actor) as act:
        if Source.objects.filter(name=told.name).exists():
            raise Conflict("name_taken", _("A source has this name already."), field="name")
        return act.create(row, "source.opened"), secret


def renew_source(*, actor: User, source_id: uuid.UUID, address: str, token: str) -> Source:
    """The source is read at this address with this token; its webhooks keep their secret.

    Where the key that sealed it is lost the secret is too: no webhook is believed any more.
    """
    with ledger.act(actor) as act:
        row = _lock(actor, source_id)
        host = check_host(address)
        try:
            _old, (_token, secret) = opened(row)
        except DomainError:
            secret = ""
        kept = json.dumps([token, secret])
        changes = {
            "host": host,
            "fingerprint": vault.fingerprint(address, kept, keys=vault_keys()),
            "sealed": vault.seal(address, kept, vault_keys()),
        }
        return act.update(row, "source.renewed", changes)


def close_source(*, actor: User, source_id: uuid.UUID) -> Source:
    """The source is looked at no more, and its credentials are forgotten; what was found there
    stays to be decided.
    """
    with ledger.act(actor) as act:
        row = _lock(actor, source_id)
        Scan.objects.filter(source=row, state=ScanState.WAITING).update(
            state=ScanState.FAILED, ended_at=clock.now(), trouble="closed"
        )
        return act.update(row, "source.closed", {"is_open": False, "sealed": ""})


def opened(row: Source) -> tuple[str, tuple[str, str]]:
    """The address, and token and webhook secret. Raises DomainError where no key opens them."""
    try:
        address, kept = vault.unseal(row.sealed, vault_keys())
    except ValueError as error:
        raise DomainError(
            "sealed",
            _("The key that sealed the credentials of “%(name)s” is not there any more.")
            % {"name": row.name},
            hint=_("Renew its address and credentials."),
        ) from error
    token, secret = json.loads(kept)
    return address, (str(token), str(secret))


def _lock(actor: User, source_id: uuid.UUID) -> Source:
    row = ledger.lock(Source.objects.select_related("entity"), source_id)
    require_at(actor, Capability.MANAGE_SOURCES, row.entity)
    if not row.is_open:
        raise Conflict("closed_already", _("This source is closed already."))
    return row


def _check(told: NewSource) -> str:
    """The host, as it is shown. Raises DomainError naming the field."""
    if told.kind not in SourceKind.values:
        raise DomainError("unknown_kind", _("Unknown kind of source."), field="kind", status=400)
    if told.environment not in Environment.values:
        raise DomainError(
            "unknown_environment",
            _("Unknown environment “%(name)s”.") % {"name": told.environment},
            field="environment",
            status=400,
        )
    needs = {
        SourceKind.HUGGINGFACE: _("Name the organisation whose repositories are listed."),
        SourceKind.SAGEMAKER: _("Name the region, for example cn-north-1."),
    }
    if told.kind in needs and not told.scope:
        raise DomainError("no_scope", needs[SourceKind(told.kind)], field="scope")
    if told.kind == SourceKind.SAGEMAKER and told.token.count(":") not in (1, 2):
        raise DomainError(
            "no_credential",
            _("SageMaker's credential is written as key:secret, or key:secret:session token."),
            field="token",
        )
    return check_host(told.address)
