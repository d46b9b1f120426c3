"""What a policy pack says, in words: gates, rules, committees, grading and kinds of documents."""

from __future__ import annotations

import uuid
from typing import Any

from django.http import HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from governance.approvals.schema import CommitteeVote, Route, Signatures, StepPolicy
from governance.desk.admin.ballots import seat_names
from governance.desk.admin.gates import tag
from governance.desk.admin.pages import PersonRequest, page, said, show
from governance.desk.admin.words import approvals_words, body_label, line_label, role_label
from governance.lifecycle.queries import section_of
from governance.lifecycle.schema import BlockingRule, LifecycleSection, Requirement
from governance.reviews import services as reviews
from governance.reviews.queries import section_of as reviews_of
from governance.reviews.schema import ReviewsSection
from registry.classification import queries as classification
from registry.classification.schema.grading import Floor, GradingFile
from registry.core.people.queries import get_or_refuse, standing
from registry.core.people.rules import Capability
from registry.core.policy import queries as policy
from registry.core.policy.models import PackRelease
from registry.core.policy.rules import PolicyError
from registry.core.policy.schema import Label, Source
from registry.evidence import queries as evidence
from registry.evidence.schema import DocumentKind
from registry.releases.models import Stage

TIERS = ("I", "II", "III", "IV")


@page
def pack(request: PersonRequest, pk: uuid.UUID) -> HttpResponse:
    """The pack's content, read only: the same sections that the rules are made of."""
    row = get_or_refuse(policy.visible_to(request.user), pk)
    try:
        told = _told(row)
    except PolicyError as error:
        raise policy.explain(error) from error
    title = _("Policy pack %(name)s") % {"name": f"{row.key} {row.version}"}
    return show(
        request, "pack", title, told | {"pack": row, "may_forecast": _may_forecast(request)}
    )


@page
@require_POST
def workload(request: PersonRequest, pk: uuid.UUID) -> HttpResponse:
    """What the pack would make of work in the coming year is worked out; its progress is shown."""
    row = get_or_refuse(policy.visible_to(request.user), pk)
    job = reviews.request_forecast(actor=request.user, pack_id=row.pk)
    return HttpResponseRedirect(f"/jobs/{job.pk}/")


def _roles(keys: str) -> str:
    """Roles that carry the same out, in words."""
    return " / ".join(role_label(key) for key in keys.split(","))


def _may_forecast(request: PersonRequest) -> bool:
    return standing(request.user).may_everywhere(Capability.MANAGE_POLICY)


def forecast_in_words(result: dict[str, Any]) -> dict[str, Any]:
    """A forecast as a table: who, how many people, twelve months; cells shaded by the most."""
    rows = result["rows"]
    most = max((count for row in rows for count in row["after"]), default=1) or 1
    return {
        "months": result["months"],
        "pack": result["pack"],
        "against": result["against"],
        "rows": [
            {
                "who": row["who"] if row["kind"] == "person" else _roles(row["who"]),
                "people": row["people"],
                "cells": [
                    {"count": now, "was": was, "shade": min(4, -(-4 * now // most))}
                    for was, now in zip(row["before"], row["after"], strict=True)
                ],
                "before": sum(row["before"]),
                "after": sum(row["after"]),
            }
            for row in rows
        ],
        "totals": [
            {"count": sum(row["after"][month] for row in rows),
             "was": sum(row["before"][month] for row in rows)}
            for month in range(len(result["months"]))
        ],
    }  # fmt: skip


def _told(row: PackRelease) -> dict[str, Any]:
    lifecycle, approvals = section_of(row), approvals_words(row)
    kinds = evidence.kinds(row)
    grading = classification.section_of(row).grading
    names = seat_names(approvals)

    def step(one: StepPolicy) -> dict[str, Any]:
        body = body_label(approvals, one.body)
        return _committee(one, body, names) if isinstance(one, CommitteeVote) else _signing(one)

    return {
        "tiers": TIERS,
        "stages": _stages(lifecycle, kinds),
        "blocking": [_blocking(one) for one in lifecycle.blocking_rules],
        "limits": _limits(lifecycle),
        "routes": [_route(one) | {"steps": [step(own) for own in one.steps]}
                   for one in approvals.routes],
        "grading": _grading(grading),
        "floors": [_floor(one) for one in grading.floors],
        "kinds": [_kind(one) for one in kinds.values()],
        **_reviews(reviews_of(row)),
    }  # fmt: skip


def _words(label: Label) -> str:
    return said(label.model_dump())


def _cited(sources: tuple[Source, ...]) -> str:
    return _("; ").join(f"{one.ref} [{tag(one.tag)}]" for one in sources)


def _listed(texts: Any) -> str:
    return str(_(", ").join(texts))


def _stages(
    section: LifecycleSection, kinds: dict[str, DocumentKind]
) -> list[tuple[str, list[dict[str, Any]]]]:
    """The exit criteria, stage by stage."""
    labels = dict(Stage.choices)
    return [
        (
            str(labels[stage]),
            [_requirement(one, kinds) for one in section.requirements if one.exit == stage],
        )
        for stage in labels
        if any(one.exit == stage for one in section.requirements)
    ]


def _requirement(one: Requirement, kinds: dict[str, DocumentKind]) -> dict[str, Any]:
    strength = {"M": _("mandatory"), "R": _("recommended"), "-": "–"}
    exceptions = [
        *([_words(one.alternative.label)] if one.alternative else []),
        *([_("may be not applicable")] if one.not_applicable else []),
        *([_("may be waived")] if one.waivable else []),
    ]
    return {
        "label": _words(one.label),
        "tiers": [strength[one.tiers.of(tier)] for tier in TIERS],
        "documents": _listed(_words(kinds[key].label) for key in one.documents if key in kinds),
        "is_conditional": one.when is not None,
        "who": _listed(role_label(role) for role in one.who),
        "exceptions": _("; ").join(exceptions),
        "sources": _cited(one.sources),
    }


def _blocking(one: BlockingRule) -> dict[str, Any]:
    return {
        "id": one.id,
        "label": _words(one.label),
        "blocks": _listed(one.blocks),
        "way_out": _words(one.way_out),
        "sources": _cited(one.sources),
    }


def _limits(section: LifecycleSection) -> list[dict[str, Any]]:
    """Days and months by tier."""
    return [
        {"label": _("pilot at least (days)"), "tiers": _by_tier(section.pilot.days)},
        {
            "label": _("validated anew after (months)"),
            "tiers": _by_tier(section.revalidation_months),
        },
        {"label": _("grace (days)"), "tiers": _by_tier(section.revalidation_grace_days)},
        {"label": _("a waiver lasts at most (days)"), "tiers": [section.waiver_days] * len(TIERS)},
    ]


def _reviews(section: ReviewsSection) -> dict[str, Any]:
    """The kinds of review with their months, and the ladder with its days."""
    return {
        "reviews": [
            {
                "key": one.key,
                "label": _words(one.label),
                "tiers": _by_tier(one.months)
                if one.scope == "release"
                else [one.months.get("institution", "–")] * len(TIERS),
                "lead": _listed(role_label(role) for role in one.lead),
                "signs": _listed(role_label(role) for role in one.signs),
                "sources": _cited(one.sources),
            }
            for one in section.kinds
        ],
        "ladder": [
            {
                "label": _words(one.label),
                "tiers": [f"T{one.days[tier]:+d}" if tier in one.days else "–" for tier in TIERS],
                "tell": _listed(
                    {"owner": _("model owner"), "lead": _("who carries it out")}.get(
                        who, role_label(who)
                    )
                    for who in one.tell
                ),
            }
            for one in section.ladder
        ],
    }


def _by_tier(figures: Any) -> list[int | str]:
    return [figures.get(tier, "–") for tier in TIERS]


def _route(one: Route) -> dict[str, Any]:
    return {
        "label": _words(one.label),
        "months": one.valid_months,
        "sources": _cited(one.sources),
    }


def _committee(one: CommitteeVote, body: str, names: dict[str, str]) -> dict[str, str]:
    """A committee's quorum, majority and veto in one line each."""
    quorum = [
        _("%(share)s of the members") % {"share": one.quorum.share},
        *([_listed(names[name] for name in one.quorum.named_seats)]
          if one.quorum.named_seats else []),
        *(
            _("%(least)s of the %(line)s") % {"least": least, "line": line_label(line)}
            for line, least in one.quorum.per_line.items()
        ),
    ]  # fmt: skip
    bound = _("more than %(share)s") if one.strict else _("at least %(share)s")
    of = _("of those present") if one.of == "present" else _("of the votes cast")
    return {
        "body": body,
        "quorum": _("; ").join(quorum),
        "majority": _("%(bound)s %(of)s") % {"bound": bound % {"share": one.majority}, "of": of},
        "veto": _listed(names[name] for name in one.veto_seats) or "–",
    }


def _signing(one: Signatures) -> dict[str, str]:
    named = (
        _("%(seat)s (%(roles)s)")
        % {"seat": _words(own.label), "roles": _listed(role_label(role) for role in own.roles)}
        for own in one.signatures
    )
    return {"body": _("signatures"), "quorum": _listed(named), "majority": _("all"), "veto": "–"}


def _grading(section: GradingFile) -> dict[str, Any]:
    return {
        "factors": [
            {
                "key": one.key,
                "label": _words(one.label),
                "weight": one.weight,
                "levels": [_words(level) for level in one.levels],
            }
            for one in section.factors
        ],
        "tiers": [
            {"label": _words(one.label), "threshold": "–" if one.threshold is None else
             one.threshold}
            for one in section.tiers
        ],
        "near": section.near_band,
    }  # fmt: skip


def _floor(one: Floor) -> dict[str, Any]:
    return {
        "id": one.id,
        "label": _words(one.label),
        "minimum": "+1" if one.effect.value != "minimum" else f"≥ {one.minimum.value}",
        "profiles": _listed({"strict": _("strict"), "literal": _("literal")}[key]
                            for key in one.profiles),
        "sources": _cited(one.sources),
    }  # fmt: skip


def _kind(one: DocumentKind) -> dict[str, Any]:
    return {
        "label": _words(one.label),
        "by": _listed(role_label(role.value) for role in one.by) or "–",
        "months": one.valid_months or "–",
        "attested": one.attested,
        "material": one.material,
    }
