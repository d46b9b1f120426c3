"""Handing in evidence."""

from __future__ import annotations

import datetime as dt
import hashlib
import os
import tempfile
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from django.conf import settings
from django.utils.translation import gettext as _

from registry.core import clock
from registry.core.errors import Conflict, DomainError, Forbidden
from registry.core.ledger import services as ledger
from registry.core.ledger.models import Governed
from registry.core.people.models import User, UserKind
from registry.evidence import queries, rules
from registry.evidence.models import Document
from registry.evidence.schema import DocumentKind

_CHUNK = 1024 * 1024


@dataclass(frozen=True)
class Stored:
    """A file in the store."""

    sha256: str
    size_bytes: int
    media_type: str
    file_name: str


def hand_in(
    *,
    actor: User,
    subject: Governed,
    kind: str,
    title: str,
    file_name: str,
    content: BinaryIO,
    statement: str = "",
    valid_until: dt.date | None = None,
    supersedes_id: uuid.UUID | None = None,
) -> Document:
    """The file is stored and stands as evidence of the kind for the subject.

    Raises DomainError on an unknown kind, a file of a wrong type or size, an attested kind
    without a statement, or a document to supersede that is not a current one of the subject.
    """
    about = queries.kind(kind)
    _check_attester(actor, about)
    queries.check_giver(actor, about, subject)
    _check_statement(about, statement)
    valid_until = _lasting(about, valid_until)
    stored = store(file_name, content)
    document = Document(
        kind=kind,
        title=title,
        subject_type=subject._meta.label_lower,
        subject_id=subject.pk,
        sha256=stored.sha256,
        size_bytes=stored.size_bytes,
        media_type=stored.media_type,
        file_name=stored.file_name,
        statement=statement,
        valid_until=valid_until,
        supersedes=_superseded(subject, kind, supersedes_id),
        handed_in_by=actor,
        handed_in_at=clock.now(),
    )
    with ledger.act(actor) as act:
        return act.create(document, "document.handed_in", document_kind=kind)


def _check_attester(actor: User, about: DocumentKind) -> None:
    if about.attested and actor.kind != UserKind.PERSON:
        raise Forbidden(
            "machine_attests", _("Only a person can attest to something."), field="kind"
        )


def _check_statement(about: DocumentKind, statement: str) -> None:
    if about.attested and len(statement.strip()) < 6:
        raise DomainError(
            "statement_needed",
            _("This kind is attested: say in at least 6 characters what you vouch for."),
            field="statement",
        )


def store(file_name: str, content: BinaryIO) -> Stored:
    """The bytes lie under their digest, whole or not at all; the same bytes lie there once."""
    root = Path(settings.DATA_DIR) / "documents"
    root.mkdir(parents=True, exist_ok=True)
    digest, size, beginning = hashlib.sha256(), 0, b""
    with tempfile.NamedTemporaryFile(dir=root, delete=False) as out:
        partial = Path(out.name)
        try:
            while chunk := content.read(_CHUNK):
                beginning = beginning or chunk[:4096]
                size += len(chunk)
                _check_size(size)
                digest.update(chunk)
                out.write(chunk)
            media_type = _checked_type(file_name, beginning, size)
            out.flush()
            os.fsync(out.fileno())
            target = queries.path_of(digest.hexdigest())
            target.parent.mkdir(parents=True, exist_ok=True)
            partial.replace(target)
        finally:
            partial.unlink(missing_ok=True)
    return Stored(digest.hexdigest(), size, media_type, rules.safe_name(file_name))


def _check_size(size: int) -> None:
    if size > settings.DOCUMENT_MAX_BYTES:
        raise DomainError(
            "file_too_large",
            _("A document has at most %(most)s MB.")
            % {"most": settings.DOCUMENT_MAX_BYTES // (1024 * 1024)},
            field="file",
            status=413,
        )


def _checked_type(file_name: str, beginning: bytes, size: int) -> str:
    if size == 0:
        raise DomainError("file_empty", _("The file is empty."), field="file", status=400)
    found = rules.media_type(file_name, beginning)
    if found is None:
        raise DomainError(
            "file_type",
            _("This is not a file of an accepted type, or its content is not what its name says."),
            field="file",
            status=415,
            hint=_("Accepted: %(names)s.") % {"names": ", ".join(sorted(rules.ACCEPTED))},
        )
    return found


def _lasting(about: DocumentKind, valid_until: dt.date | None) -> dt.date | None:
    """The last day that the document counts: at most as long as its kind lasts."""
    if valid_until is not None and valid_until < clock.today():
        raise DomainError("lapsed_already", _("This day has passed."), field="valid_until")
    if not about.valid_months:
        return valid_until
    longest = clock.today() + dt.timedelta(days=30 * about.valid_months)
    if valid_until is not None and valid_until > longest:
        raise DomainError(
            "lasts_too_long",
            _("A document of this kind counts for at most %(months)s months.")
            % {"months": about.valid_months},
            field="valid_until",
        )
    return valid_until or longest


def _superseded(subject: Governed, kind: str, document_id: uuid.UUID | None) -> Document | None:
    if document_id is None:
        return None
    older = queries.latest([subject.pk]).filter(pk=document_id, kind=kind).first()
    if older is None:
        raise Conflict(
            "not_current",
            _("The document to supersede is not one of this kind about the same thing."),
            field="supersedes",
        )
    return older


def verify_files(report: ledger.Report, progress: Callable[[str, int, int], None]) -> int:
    """Every document's file has been read: a changed or missing one is a fault of the report.

    Returns how many files there are.
    """
    files = 0
    for fault in queries.file_faults():
        files += 1
        if fault:
            report.add("stored files", fault)
        progress("files", files, files)
    return files
