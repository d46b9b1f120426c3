"""Idempotency-Key: a repeated create is answered again, not done again."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable

from django.db import transaction
from django.utils.translation import gettext as _
from rest_framework.response import Response
from rest_framework.utils.encoders import JSONEncoder

from registry.core import clock
from registry.core.errors import DomainError
from registry.core.web.models import IdempotencyRecord
from registry.core.web.views import CallerRequest

HEADER = "Idempotency-Key"
REPLAYED = "Idempotency-Replayed"


def once(request: CallerRequest, create: Callable[[], Response]) -> Response:
    """What `create` answers; for a key seen before, what it answered then.

    The record and the created rows are committed together, so a crash between them is not
    possible; a second request with the same key waits for the first. Raises 422
    (`idempotency_key_reused`) where the key came with another body or path.
    """
    key = request.headers.get(HEADER, "")
    if not key:
        return create()
    if len(key) > 200 or not key.isprintable():
        raise DomainError(
            "bad_idempotency_key", _("A key has at most 200 printable characters."), field=HEADER,
            status=400,
        )  # fmt: skip
    digest = _request_digest(request)
    with transaction.atomic():
        record, is_new = IdempotencyRecord.objects.get_or_create(
            user_id=request.user.pk,
            key=key,
            defaults={"request_digest": digest, "created_at": clock.now()},
        )
        if not is_new:
            return _again(record, digest)
        response = create()
        record.status = response.status_code
        record.body = json.dumps(response.data, cls=JSONEncoder, ensure_ascii=False)
        record.etag = str(response.headers.get("ETag", ""))
        record.save()
        return response


def _request_digest(request: CallerRequest) -> str:
    told = json.dumps(request.data, cls=JSONEncoder, sort_keys=True, default=_file_digest)
    return hashlib.sha256(f"{request.method} {request.path}\n{told}".encode()).hexdigest()


def _file_digest(value: object) -> str:
    read = getattr(value, "read", None)
    if read is None:
        return str(value)
    content = read()
    value.seek(0)  # type: ignore[attr-defined]  # whatever can be read can be rewound
    return hashlib.sha256(content).hexdigest()


def _again(record: IdempotencyRecord, digest: str) -> Response:
    if record.request_digest != digest:
        raise DomainError(
            "idempotency_key_reused",
            _("This key was used for another request."),
            field=HEADER,
            hint=_("Use a new key for a new request."),
        )
    headers = {REPLAYED: "true"}
    if record.etag:
        headers["ETag"] = record.etag
    return Response(json.loads(record.body), status=record.status, headers=headers)
