"""Model cards on the desk: the page of a release's card, the block on its story, foreign cards."""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass
from typing import Any

from django.http import Http404, HttpResponse
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from governance.cards import queries
from governance.cards.rules import Proposal
from governance.desk.admin.pages import PersonRequest, page, show
from governance.desk.admin.verbs import offered
from registry.catalogue.models import ModelVersion
from registry.catalogue.queries import visible_versions
from registry.core.adminkit import named
from registry.core.errors import DomainError
from registry.core.people.models import User
from registry.core.people.queries import get_or_refuse
from registry.core.web.wording import whole_text
from registry.evidence import queries as evidence
from registry.evidence.models import Document
from registry.lineage import queries as lineage
from registry.lineage.models import TrainingEvent
from registry.lineage.rules import DatasetRead
from registry.releases import queries as releases
from registry.releases.models import Release


@page
def card(request: PersonRequest, pk: uuid.UUID) -> HttpResponse:
    """The release's model card, to be read and printed."""
    row = get_or_refuse(releases.whole(releases.visible_to(request.user)), pk)
    found = queries.of_release(row, _language())
    context = {
        "release": row,
        "card": found,
        "sections": queries.sections(found),
        **_formats(f"/api/v1/releases/{row.pk}/card/"),
    }
    title = _("Model card")
    return show(request, "card", f"{title} · {named(row.model_use.model)}", context)


@page
def foreign(request: PersonRequest, pk: uuid.UUID) -> HttpResponse:
    """A foreign card that was handed in: what it says beside what the register holds."""
    document = get_or_refuse(evidence.visible_to(request.user).select_related("handed_in_by"), pk)
    version = queries.whole(visible_versions(request.user)).filter(pk=document.subject_id).first()
    if version is None or document.kind != queries.KIND:
        raise Http404
    context = {
        "document": document,
        "version": version,
        "back": f"/models/{version.model_id}/",
        **_read(version, document),
    }
    return show(request, "foreign_card", str(document.title), context)


def _read(version: ModelVersion, document: Document) -> dict[str, Any]:
    """What the file says; a model card handed in as another document may be none that is read."""
    try:
        read = queries.read_document(version, document)
    except DomainError as error:
        return {"fault": whole_text(error)}
    return {
        "label": queries.FORMATS[read.told.kind.value][0],
        "is_other_version": read.is_other_version,
        "digest": read.told.card.digest,
        "proposals": [_shown(one) for one in read.proposals],
    }


def of_release(user: User, release: Release) -> dict[str, Any]:
    """What the release's story shows of its card."""
    if release.version_id is None:
        return _formats(f"/api/v1/releases/{release.pk}/card/")
    assert release.version is not None  # noqa: S101 (it has a key)
    release.version.model = release.model_use.model  # the same row, read once
    handed_in = evidence.current([release.version_id]).filter(kind=queries.KIND)
    return {
        "foreign_cards": handed_in.select_related("handed_in_by").order_by("-handed_in_at"),
        "card_verbs": offered(user, "hand-in-card"),
        "training": _runs(lineage.of_version(release.version)),
        **_formats(f"/api/v1/releases/{release.pk}/card/"),
    }


@dataclass(frozen=True)
class Run:
    """A training run: its last event, when it began, what it read."""

    last: TrainingEvent
    state: str
    began_at: dt.datetime
    inputs: list[DatasetRead]
    keys: list[uuid.UUID]


def _runs(events: list[TrainingEvent]) -> list[Run]:
    """The runs of the events (the newest first), each once."""
    by_run: dict[uuid.UUID, list[TrainingEvent]] = {}
    for event in events:
        by_run.setdefault(event.run_id, []).append(event)
    words = {
        "START": _("begun"), "COMPLETE": _("completed"), "ABORT": _("aborted"),
        "FAIL": _("failed"), "OTHER": _("reported"),
    }  # fmt: skip
    return [
        Run(
            last=told[0],
            state=words[told[0].event_type],
            began_at=told[-1].event_at,
            inputs=lineage.inputs_of(told),
            keys=[one.pk for one in told],
        )
        for told in by_run.values()
    ]


def _formats(path: str) -> dict[str, Any]:
    language = _language()
    rows = [
        (label, f"{path}?format={kind}&language={language}")
        for kind, (label, _media_type, _ending) in queries.FORMATS.items()
    ]
    return {"card_formats": rows}


def _language() -> str:
    return "zh-hans" if (get_language() or "").startswith("zh") else "en"


def _shown(one: Proposal) -> dict[str, Any]:
    return {
        "label": queries.field_in_words(one.field),
        "is_missing": one.is_missing,
        "held": queries.value_in_lines(one.held),
        "told": queries.value_in_lines(one.told),
    }
