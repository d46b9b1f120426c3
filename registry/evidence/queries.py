"""Reading documents: those that a person may see, those that count today, their bytes."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, BinaryIO

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext as _

from registry.core import clock
from registry.core.errors import DomainError, Forbidden
from registry.core.ledger.models import Governed
from registry.core.people.models import ROLE_LABELS, LegalEntity, User
from registry.core.people.queries import get_or_refuse, require_at, standing
from registry.core.people.rules import Capability
from registry.core.policy import queries as policy
from registry.core.policy.models import PackRelease
from registry.evidence.models import Document
from registry.evidence.schema import DocumentKind, EvidenceSection

Find = Callable[[User], models.QuerySet[Any]]  # Any: a governed model of a higher floor
Stands = Callable[[Any], tuple[LegalEntity, set[uuid.UUID]]]  # Any: that governed model
_subjects: dict[str, tuple[str, Find]] = {}
_places: dict[str, Stands] = {}


def declare_subject(name: str, model: type[Governed], visible: Find, stands: Stands) -> None:
    """Documents can be about this kind of thing, and are seen by whoever sees the thing.

    name: what the doors call it (`release`); stands: the entity in which the thing stands, and
    its owners.
    """
    label = model._meta.label_lower
    _subjects[name] = (label, visible)
    _places[label] = stands


def check_giver(user: User, about: DocumentKind, subject: Governed) -> None:
    """The person may hand in a document of this kind about the thing.

    Raises Forbidden where no role of theirs reaches it (its owner's do), or none that does is
    one of those that vouch for the kind (`not_yours_to_give`).
    """
    entity, owners = _places[subject._meta.label_lower](subject)
    require_at(user, Capability.HAND_IN_EVIDENCE, entity, own=user.pk in owners)
    if about.by and not standing(user).has_at(entity.path, *about.by):
        raise Forbidden(
            "not_yours_to_give",
            _("A document of this kind is handed in by: %(roles)s.")
            % {"roles": _(", ").join(str(ROLE_LABELS[role]) for role in about.by)},
            field="kind",
        )


def subject_of(user: User, name: str, key: Any) -> Governed:  # Any: whatever was sent
    """The thing that a document is about, if the person may see it. Raises DomainError."""
    if name not in _subjects:
        raise DomainError(
            "unknown_subject",
            _("Documents are about one of: %(names)s.") % {"names": ", ".join(sorted(_subjects))},
            field="subject_type",
            status=400,
        )
    found: Governed = get_or_refuse(_subjects[name][1](user), key)
    return found


def visible_to(user: User) -> models.QuerySet[Document]:
    """The documents of everything that the person may see."""
    condition = Q(pk__in=[])
    for label, visible in _subjects.values():
        condition |= Q(subject_type=label, subject_id__in=visible(user).values("pk"))
    return Document.objects.filter(condition)


def latest(subject_ids: Iterable[uuid.UUID]) -> models.QuerySet[Document]:
    """The documents about these things that are not superseded, lapsed or not."""
    return Document.objects.filter(subject_id__in=list(subject_ids), superseded_by=None)


def current(subject_ids: Iterable[uuid.UUID]) -> models.QuerySet[Document]:
    """The documents about these things that are neither superseded nor lapsed."""
    lasting = Q(valid_until=None) | Q(valid_until__gte=clock.today())
    return latest(subject_ids).filter(lasting)


def kinds(pack: PackRelease | None = None) -> dict[str, DocumentKind]:
    """The kinds of documents of the pack (by default of the one in force)."""
    section = policy.section(pack or policy.active_pack(), "evidence")
    assert isinstance(section, EvidenceSection)  # noqa: S101 (declared so in registry.apps)
    return section.kinds


def kind(key: str) -> DocumentKind:
    """The kind with this key. Raises DomainError (`unknown_document_kind`)."""
    known = kinds()
    if key not in known:
        raise DomainError(
            "unknown_document_kind",
            _("There is no kind of document “%(key)s”.") % {"key": key},
            field="kind",
            status=400,
            hint=_("Possible: %(names)s.") % {"names": ", ".join(sorted(known))},
        )
    return known[key]


def path_of(sha256: str) -> Path:
    """Where the file with this digest lies."""
    return Path(settings.DATA_DIR) / "documents" / sha256[:2] / sha256[2:4] / sha256


def opened(sha256: str) -> BinaryIO:
    """The file with this digest, read once and found to be it, open at its beginning.

    Raises DomainError (`file_missing`, `file_changed`): what is served is what was handed in.
    """
    try:
        file = path_of(sha256).open("rb")
    except OSError as error:
        raise DomainError(
            "file_missing", _("The file is missing from the store; tell an administrator."),
            status=409,
        ) from error  # fmt: skip
    if hashlib.file_digest(file, "sha256").hexdigest() != sha256:
        file.close()
        raise DomainError(
            "file_changed",
            _("The file in the store is not the one that was handed in; tell an administrator."),
            status=409,
            hint=_("A backup of the store may still hold the file with the document's sha256."),
        )
    file.seek(0)
    return file


def file_faults() -> Iterator[str]:
    """For each stored file, what is wrong with it in words; empty where it is what it was."""
    digests = Document.objects.order_by("sha256").values_list("sha256", flat=True).distinct()
    for sha256 in digests.iterator(1_000):
        try:
            opened(sha256).close()
        except DomainError as error:
            document = Document.objects.filter(sha256=sha256).order_by("handed_in_at", "pk")[0]
            lost = "is missing" if error.code == "file_missing" else "was changed"
            yield f"the file of registry.document {document.pk} {lost}: {sha256}"
        else:
            yield ""
