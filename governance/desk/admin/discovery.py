"""Other systems beside the register: the page of differences and sources, and one difference."""

from __future__ import annotations

import uuid
from typing import Any

from django.db.models import QuerySet
from django.http import HttpResponse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from governance.desk.admin.chronicle import tell
from governance.desk.admin.pages import PersonRequest, page, show
from governance.desk.admin.verbs import offered
from governance.trail import queries as trail
from registry.core.people.models import User
from registry.core.people.queries import get_or_refuse, root_entity, standing
from registry.core.people.rules import Capability
from registry.core.web.parsing import is_uuid
from registry.discovery import queries
from registry.discovery.models import Sighting, SightingKind, SightingState, Source
from registry.discovery.queries import Health
from registry.discovery.services import trouble_in_words

MOST = 100
LINES = 30
VERBS_OF: dict[str, tuple[str, ...]] = {
    SightingKind.UNKNOWN: ("link-sighting",),
    SightingKind.MISSING: ("accept-sighting",),
    SightingKind.VERSION_DRIFT: ("accept-sighting", "link-sighting"),
    SightingKind.IDENTITY_MISMATCH: ("accept-sighting", "link-sighting"),
}

# What connectors keep of a source's own words.
RAW_LABELS: dict[str, Promise] = {
    "source": gettext_lazy("where its files lie"),
    "uri": gettext_lazy("where its files lie"),
    "user": gettext_lazy("registered there by"),
    "author": gettext_lazy("registered there by"),
    "run_id": gettext_lazy("run"),
    "status": gettext_lazy("state there"),
    "services": gettext_lazy("served by"),
    "licence": gettext_lazy("licence"),
    "task": gettext_lazy("task"),
    "library": gettext_lazy("library"),
    "files": gettext_lazy("files of weights"),
}


@page
def every(request: PersonRequest) -> HttpResponse:
    """The differences that are open, by kind; every source with its last scan and its health."""
    user = request.user
    rows = queries.visible_to(user)
    chosen = _chosen(request)
    shown = list(queries.whole(_narrowed(rows, chosen)).order_by("-state_since", "-pk")[: MOST + 1])
    sources = queries.health(queries.visible_sources(user))
    root = root_entity()
    context = {
        "figures": _figures(queries.counted(rows)),
        "rows": shown[:MOST],
        "is_cut": len(shown) > MOST,
        "most": MOST,
        "chosen": chosen,
        "kinds": SightingKind.choices,
        "states": SightingState.choices,
        "sources": [_told(one) for one in sources],
        "root": root,
        "verbs": offered(user, "open-source"),
        "source_verbs": offered(user, "scan-source", "renew-source", "close-source"),
    }
    return show(request, "discovery", _("Other systems"), context)


def _chosen(request: PersonRequest) -> dict[str, Any]:
    """What the list is narrowed to; by default what is open."""
    told = request.GET
    kind, state, source = told.get("kind", ""), told.get("state", ""), told.get("source", "")
    return {
        "kind": kind if kind in SightingKind.values else "",
        "state": state if state in SightingState.values else "" if "state" in told else "open",
        "source": source if is_uuid(source) else "",
        "is_narrowed": bool(told),
    }


def _narrowed(rows: QuerySet[Sighting], chosen: dict[str, Any]) -> QuerySet[Sighting]:
    told = {key: chosen[key] for key in ("kind", "state", "source") if chosen[key]}
    return rows.filter(**told)


def _figures(counts: dict[str, int]) -> list[dict[str, Any]]:
    """Each kind with its count, and how it stands to the greatest."""
    most = max(counts.values(), default=0)
    labels = dict(SightingKind.choices)
    return [
        {"kind": kind, "label": labels[kind], "count": counts[kind], "most": most or 1,
         "is_bad": kind in (SightingKind.IDENTITY_MISMATCH, SightingKind.UNKNOWN)}
        for kind in SightingKind.values
    ]  # fmt: skip


def _told(one: Health) -> dict[str, Any]:
    """A source with its health in words."""
    trouble = one.last.trouble if one.last else ""
    if not one.source.is_open:
        tone, text = "", _("closed")
    elif one.running is not None:
        tone, text = "", _("being looked at")
    elif one.last is None:
        tone, text = "warn", _("not looked at yet")
    elif trouble:
        tone, text = "bad", trouble_in_words(trouble, one.last.detail)
    else:
        tone, text = "good", _("read")
    words = _(", ").join(str(word) for word in one.source.words)
    return {"health": one, "tone": tone, "text": text, "words": words}


@page
def one(request: PersonRequest, pk: uuid.UUID) -> HttpResponse:
    """What was seen beside what is approved, and what can be done about it."""
    user = request.user
    row = get_or_refuse(queries.whole(queries.visible_to(user)), pk)
    context = {
        "row": row,
        "raw": _raw(row),
        "words": _(", ").join(row.seen.words) if row.seen else "",
        "explanation": _explained(row),
        "address": _address(row.source, row.seen.url if row.seen else ""),
        "verbs": offered(user, *_verbs(user, row)),
        "may_register": _may_register(user, row),
        "trail": tell(user, trail.about([row.pk], limit=LINES)),
    }
    return show(request, "sighting", f"{_('Other systems')} · {row}", context)


def _raw(row: Sighting) -> list[tuple[str, str]]:
    """The further values that the source tells, each with what it is."""
    told = row.seen.raw if row.seen else {}
    return [(str(RAW_LABELS.get(key, key)), value) for key, value in told.items()]


def _verbs(user: User, row: Sighting) -> tuple[str, ...]:
    """What this person can do about it now."""
    if row.state != SightingState.OPEN:
        return ()
    owns = standing(user).may(Capability.REGISTER)
    if not queries.may_answer(user, row):
        # Whoever owns models may say that an unknown name is one of theirs.
        return ("link-sighting",) if row.kind == SightingKind.UNKNOWN and owns else ()
    if not queries.may_dismiss(user, row):  # nor say which version runs: model risk does
        return ("accept-sighting",) if row.kind == SightingKind.VERSION_DRIFT else ()
    return (*VERBS_OF[row.kind], "dismiss-sighting")


def _may_register(user: User, row: Sighting) -> bool:
    is_new = row.kind == SightingKind.UNKNOWN and row.state == SightingState.OPEN
    return is_new and standing(user).may(Capability.REGISTER)


def _address(source: Source, path: str) -> str:
    """Where it can be looked at over there; only for what people can open in a browser."""
    host = source.host if "://" in source.host else f"https://{source.host}"
    return f"{host}{path}" if path.startswith("/") else ""


def _explained(row: Sighting) -> str:
    """Why this is a difference, and what accepting it does."""
    match row.kind:
        case SightingKind.UNKNOWN:
            return _(
                "Nobody has registered this name. Register it as a new model, say which model of"
                " the register it is, or dismiss it with a reason."
            )
        case SightingKind.MISSING if row.deployment_id:
            return _(
                "By the register it runs there; the whole list of the source does not show it."
                " Confirming records that the deployment has ended."
            )
        case SightingKind.MISSING:
            return _(
                "The name belongs to a model, and the source lists it no more. Confirming takes"
                " the name off the model."
            )
        case SightingKind.VERSION_DRIFT:
            return _(
                "Another version runs there than is approved. Confirming records it as deployed,"
                " which in production restricts the use (BR-09); or say which version of the"
                " register it is."
            )
    return _(
        "The bytes are not those of the version with this number. In production that restricts"
        " the use at once (BR-09), where a person has said whose the name is; else when somebody"
        " confirms it. Confirming says that somebody has looked into it."
    )
