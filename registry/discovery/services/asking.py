"""Asking a source: with what it needs to let us in, and what its troubles mean to people."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from urllib.parse import urlsplit

from django.conf import settings
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from registry.connectors import huggingface, kubeflow, mlflow, sagemaker
from registry.connectors.fetching import fetching
from registry.connectors.shapes import Connector, Fetch, Found
from registry.core import clock
from registry.core.errors import DomainError
from registry.discovery import queries
from registry.discovery.models import Source, SourceKind
from registry.discovery.services.sources import opened

SECONDS = 540.0  # for one whole reading; a worker's task ends at ten minutes
READERS: dict[str, Connector] = {
    SourceKind.MLFLOW: mlflow.read,
    SourceKind.KUBEFLOW: kubeflow.read,
    SourceKind.SAGEMAKER: sagemaker.read,
    SourceKind.HUGGINGFACE: huggingface.read,
}
MESSAGES: dict[str, Promise] = {
    "down": _("The source did not answer: its address is wrong, or it is down."),
    "slow": _("The source answered too slowly."),
    "not_let_in": _("The source did not let us in: its token is wrong or has ended."),
    "not_found": _("The source knows no such address: another kind of system may live there."),
    "failed": _("The source answered with an error."),
    "no_json": _("The source answered with a page, not with data: a login may stand before it."),
    "unexpected": _(
        "The source answered with data that hold no list: something else may stand before it."
    ),
    "shrunk": _(
        "The list is empty, or less than half of what was there: nothing was taken for gone."
        " If it is so, look again: when a second look shows the same, it counts."
    ),
    "too_long": _("The source's list does not end."),
    "sealed": _("The key that sealed its credentials is not there any more: renew them."),
    "interrupted": _("The scan was interrupted: its worker died, or something failed inside."),
    "closed": _("The source was closed."),
}


def trouble_in_words(trouble: str, detail: str = "") -> str:
    """What a scan's trouble means, in the reader's language."""
    told = str(MESSAGES.get(trouble, trouble))
    return f"{told} ({detail})" if detail else told


@contextmanager
def reading(source: Source, *, is_whole: bool) -> Iterator[Iterator[Found]]:
    """What the source holds: everything, or what has changed since the last good scan.

    Raises Trouble while it is read, DomainError (`sealed`) where its credentials cannot be opened.
    """
    address, (token, _secret) = opened(source)
    since = None if is_whole else queries.watermark(source)
    with fetching(
        address, _headers(source, token), seconds=SECONDS, proxies=settings.OUTBOUND_PROXIES
    ) as fetch:
        scope, asking = source.scope, fetch
        if source.kind == SourceKind.SAGEMAKER:
            region, _slash, scope = source.scope.partition("/")
            asking = _signing(fetch, address, region, token)
        yield READERS[source.kind](asking, scope, since)


def asked_by_webhook(source: Source, headers: Mapping[str, str], body: bytes) -> bool:
    """Whether the source itself has signed this. Nothing of what it says is taken for true."""
    if source.kind != SourceKind.MLFLOW or not source.is_open:
        return False
    try:
        _address, (_token, secret) = opened(source)
    except DomainError:
        return False
    return mlflow.signs(secret, headers, body, clock.now().timestamp())


def _headers(source: Source, token: str) -> dict[str, str]:
    if not token or source.kind == SourceKind.SAGEMAKER:
        return {}
    return {"Authorization": f"Bearer {token}"}


def _signing(fetch: Fetch, address: str, region: str, credential: str) -> Fetch:
    key, secret, *session = credential.split(":", 2)
    return sagemaker.signing(
        fetch, host=urlsplit(address).netloc, region=region, key=key, secret=secret,
        token=session[0] if session else "", now=clock.now,
    )  # fmt: skip
