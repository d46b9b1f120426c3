"""What a verb is about, in words: the breadcrumb and the facts beside its form."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db.models import Model
from django.utils.translation import gettext as _

from governance.clocks import queries as clock_queries
from governance.committees.models import Committee
from governance.desk.admin import orders
from governance.desk.admin.pages import said
from governance.desk.admin.words import (
    clock_in_words,
    kind_in_words,
    local_minute,
    name_of,
    outcome_in_words,
    requirement_labels,
)
from governance.desk.queries import tasks_of
from governance.lifecycle import queries as lifecycle
from governance.reviews import queries as review_queries
from governance.reviews.models import Explanation
from governance.suspensions import queries as suspensions
from registry.core.people.models import User
from registry.core.people.queries import visible_users
from registry.core.policy import queries as policy
from registry.evidence import queries as evidence
from registry.releases import queries as releases


@dataclass(frozen=True)
class Fact:
    """A label and its value, with the page that tells more."""

    label: str
    value: Any  # Any: whatever a template prints
    url: str = ""


@dataclass(frozen=True)
class About:
    """The subject's name, and what somebody needs to know of it before they press the button."""

    name: str
    facts: tuple[Fact, ...] = ()


def about(user: User, subject: Model) -> About:
    """The subject in words: at most a few statements, whatever it is."""
    tell = _TOLD.get(subject._meta.label_lower)
    return tell(user, subject) if tell else About(name_of(subject))


def _of_release(user: User, row: Any) -> About:
    whole = releases.whole(releases.visible_to(user)).filter(pk=row.pk).first()
    return _released(whole) if whole else About(row.code)


def _released(row: Any) -> About:
    model, use = row.model_use.model, row.model_use
    return About(
        name_of(model),
        (
            Fact(_("model"), f"{name_of(model)} · {model.code}", model.get_absolute_url()),
            Fact(_("release"), row.code, row.get_absolute_url()),
            Fact(_("version"), row.version.label if row.version else _("chosen later")),
            Fact(_("stage"), row.get_stage_display()),
            Fact(_("tier"), use.get_tier_display() if use.tier else _("not graded")),
            Fact(_("use case"), name_of(use.use_case)),
            Fact(_("using entity"), name_of(use.entity)),
        ),
    )


def _with_release(user: User, row: Any, *more: Fact) -> About:
    told = _of_release(user, row.release)
    return About(told.name, (*more, *told.facts))


def _of_model(user: User, row: Any) -> About:
    return About(
        name_of(row),
        (
            Fact(_("model"), f"{name_of(row)} · {row.code}", row.get_absolute_url()),
            Fact(_("model owner"), name_of(row.owner), row.owner.get_absolute_url()),
            Fact(_("tier"), row.get_tier_display() if row.tier else _("not graded")),
        ),
    )


def _of_use(user: User, row: Any) -> About:
    told = _of_model(user, row.model)
    return About(
        told.name,
        (
            *told.facts[:1],
            Fact(_("use case"), name_of(row.use_case)),
            Fact(_("using entity"), name_of(row.entity)),
            Fact(_("tier"), row.get_tier_display() if row.tier else _("not graded")),
        ),
    )


def _of_grade(user: User, row: Any) -> About:
    told = _of_use(user, row.model_use)
    return About(
        told.name,
        (
            *told.facts[:-1],
            Fact(_("tier"), row.get_tier_display()),
            Fact(_("points"), row.score),
            Fact(_("graded by"), name_of(row.graded_by)),
        ),
    )


def _of_card(user: User, row: Any) -> About:
    return About(name_of(row), (Fact(_("use case"), f"{name_of(row)} · {row.code}"),))


def _of_exemption(user: User, row: Any) -> About:
    label = requirement_labels().get(row.requirement, row.requirement)
    return _with_release(
        user, row,
        Fact(_("requirement"), label),
        Fact(_("kind"), row.get_kind_display()),
        Fact(_("asked for by"), name_of(row.asked_by)),
        Fact(_("reason"), row.reason),
        *_shown_by(user, row),
    )  # fmt: skip


def _shown_by(user: User, row: Any) -> list[Fact]:
    """The documents that the alternative needs: those handed in, and the kinds still missing."""
    section = lifecycle.section_of(policy.active_pack())
    found = next((one for one in section.requirements if one.key == row.requirement), None)
    if row.kind != "alternative" or found is None or found.alternative is None:
        return []
    needed, kinds = found.alternative.documents, evidence.kinds()
    there = evidence.current(releases.subjects_of(row.release)).filter(kind__in=needed)
    facts = [Fact(_("to be shown by"), one.title, f"/documents/{one.pk}/file/") for one in there]
    labels = [said(kinds[key].label.model_dump()) for key in needed if key in kinds]
    missing = _("%(document)s: not handed in yet")
    return facts or [Fact(_("to be shown by"), missing % {"document": one}) for one in labels]


def _of_waiver(user: User, row: Any) -> About:
    label = requirement_labels().get(row.requirement, row.requirement)
    return _with_release(
        user, row,
        Fact(_("requirement"), label),
        Fact(_("kind"), _("waiver")),
        Fact(_("asked for by"), name_of(row.requested_by)),
        Fact(_("reason"), row.reason),
        Fact(_("compensating measures"), row.compensating_measures),
        Fact(_("expires on"), row.expires_on.isoformat()),
    )  # fmt: skip


def _of_finding(user: User, row: Any) -> About:
    return _with_release(
        user, row,
        Fact(_("finding"), row.title),
        Fact(_("severity"), row.get_severity_display()),
        Fact(_("detail"), row.detail),
        Fact(_("plan"), row.plan),
        Fact(_("due on"), row.due_on.isoformat() if row.due_on else ""),
    )  # fmt: skip


def _of_validation(user: User, row: Any) -> About:
    level = row.get_explainability_level_display() if row.explainability_level else ""
    tests = [
        _(": ").join([one.name, f"{one.measure} · {one.get_outcome_display()}"])
        for one in row.tests.all()
    ]
    concluded = (
        Fact(_("explainability level"), level),
        Fact(_("limitations"), row.limitations),
        Fact(_("the owner's response"), row.owner_response),
        Fact(_("tests"), "\n".join(tests)),
    )
    return _with_release(
        user, row,
        Fact(_("validation"), row.code, row.get_absolute_url()),
        Fact(_("validator"), name_of(row.validator)),
        Fact(_("state"), row.get_state_display()),
        Fact(_("conclusion"), row.get_conclusion_display() if row.conclusion else ""),
        Fact(_("summary"), row.summary),
        *(one for one in concluded if one.value),
    )  # fmt: skip


def _of_approval(user: User, row: Any) -> About:
    return _with_release(
        user, row,
        Fact(_("approval"), row.code, row.get_absolute_url()),
        Fact(_("state"), row.get_state_display()),
    )  # fmt: skip


def _of_condition(user: User, row: Any) -> About:
    told = _of_approval(user, row.approval)
    more = (
        Fact(_("condition"), row.text),
        Fact(_("owner"), name_of(row.owner)),
        Fact(_("due on"), row.due_on.isoformat()),
    )
    return About(told.name, (*more, *told.facts))


def _of_package(user: User, row: Any) -> About:
    waiting = review_queries.pending([row.pk]).order_by("kind").values_list("kind", flat=True)
    section = review_queries.active_section()
    labels = [kind_in_words(section, key) for key in waiting]
    facts = (
        Fact(_("review package"), row.code, row.get_absolute_url()),
        Fact(_("due on"), row.due_on.isoformat()),
        Fact(_("waiting reviews"), _("; ").join(labels) or "–"),
    )
    if row.release is None:
        return About(name_of(row.entity), facts)
    told = _of_release(user, row.release)
    return About(told.name, (*facts, *told.facts))


def _of_review(user: User, row: Any) -> About:
    row.package.release = row.release
    told = _of_package(user, row.package)
    section = review_queries.section_of(row.pack)
    kind, outcome = section.kind(row.kind), section.outcome(row.outcome)
    more = [Fact(_("kind of review"), kind_in_words(section, row.kind))]
    if outcome is not None:
        answers = [
            _(": ").join([said(one.label.model_dump()), row.checklist.get(one.key, "–")])
            for one in (kind.checklist if kind is not None else ())
        ]
        more += [
            Fact(_("outcome"), outcome_in_words(outcome)),
            Fact(_("summary"), row.summary),
            Fact(_("carried out by"), name_of(row.submitted_by)),
            Fact(_("checklist"), "\n".join(answers)),
        ]
    found = Explanation.objects.filter(review=row).first()
    if found is not None and row.release is not None:
        level = row.release.get_explainability_level_display() or "–"
        shown = f"{level} → {found.get_level_display()}"
        more.append(Fact(_("explainability level"), shown))
    return About(told.name, (*more, *told.facts))


def _of_order(user: User, row: Any) -> About:
    (order,) = suspensions.with_targets([row])
    text, url = suspensions.target_of(order)
    return About(
        text,
        (
            Fact(_("order"), row.get_kind_display()),
            Fact(_("about"), text, url),
            Fact(_("reason"), row.reason),
            Fact(_("ordered by"), name_of(row.ordered_by)),
            *([Fact(_("state"), orders.waits(row))] if orders.waits(row) else []),
            *([Fact(_("reason for lifting"), row.lift_reason)] if row.lift_reason else []),
        ),
    )


def _of_person(user: User, row: Any) -> About:
    return About(
        row.name,
        (
            Fact(_("person"), f"{row.name} · {row.username}", row.get_absolute_url()),
            Fact(_("kind"), row.get_kind_display()),
            *_left_behind(user, row),
        ),
    )


def _left_behind(user: User, row: Any) -> list[Fact]:
    """What somebody answers for: whoever deactivates an account should see it first."""
    tasks = tasks_of(user, row)
    counts = len(tasks.models), len(tasks.packages), tasks.conditions
    told = _("%d models, %d review packages, %d conditions") % counts
    return [] if tasks.is_empty else [Fact(_("open tasks"), told, row.get_absolute_url())]


def _of_holder(user: User, row: Any) -> About:
    """A role, a post or a token: whose it is, and what it is."""
    told = _of_person(user, visible_users(user).get(pk=row.user_id))
    if hasattr(row, "role"):
        what = Fact(_("role"), f"{row.get_role_display()} · {name_of(row.entity)}")
    elif hasattr(row, "post"):
        what = Fact(_("post"), name_of(row.post))
    else:
        what = Fact(_("token"), row.name)
    return About(told.name, (what, *told.facts))


def _of_delegation(user: User, row: Any) -> About:
    days = f"{row.valid_from.isoformat()} – {row.valid_to.isoformat()}"
    body = Committee.objects.filter(code=row.body_code).first() if row.body_code else None
    facts = (
        Fact(_("stood in for"), name_of(row.principal), row.principal.get_absolute_url()),
        Fact(_("deputy"), name_of(row.delegate), row.delegate.get_absolute_url()),
        Fact(_("committee"), name_of(body) if body else _("all of them")),
        Fact(_("days"), days),
        Fact(_("reason"), row.reason),
    )
    return About(name_of(row.principal), facts)


def _of_place(user: User, row: Any) -> About:
    """An entity, a department, a post or a committee."""
    return About(name_of(row), (Fact(str(row._meta.verbose_name), f"{name_of(row)} · {row.code}"),))


def _of_seat(user: User, row: Any) -> About:
    holder = name_of(row.user or row.post)
    facts = (Fact(_("committee"), name_of(row.committee)), Fact(_("holder"), holder))
    return About(name_of(row.committee), facts)


def _of_pack(user: User, row: Any) -> About:
    facts = (
        Fact(_("policy pack"), f"{row.key} {row.version}"),
        Fact(_("state"), row.get_state_display()),
        Fact("SHA-256", row.sha256),
    )
    return About(f"{row.key} {row.version}", facts)


def _of_clock(user: User, row: Any) -> About:
    section = clock_queries.section_of(row.pack)
    facts = (
        Fact(_("legal clock"), clock_in_words(section, row.kind), row.get_absolute_url()),
        Fact(_("what happened"), row.reason),
        Fact(_("due at"), local_minute(row.due_at)),
        Fact(_("started by"), name_of(row.started_by)),
    )
    if row.release is None:
        return About(row.code, facts)
    told = _of_release(user, row.release)
    return About(row.code, (*facts, *told.facts))


def _of_campaign(user: User, row: Any) -> About:
    facts = (
        Fact(_("attestation campaign"), f"{row.title} · {row.code}", row.get_absolute_url()),
        Fact(_("due on"), row.due_on.isoformat()),
    )
    return About(row.title, facts)


def _of_channel(user: User, row: Any) -> About:
    facts = (Fact(_("way"), row.get_way_display()), Fact(_("host"), row.host))
    return About(row.name, facts)


def _of_initiation(user: User, row: Any) -> About:
    told = _of_model(user, row.model)
    return About(told.name, (Fact(_("person"), name_of(row.user)), *told.facts))


_TOLD: dict[str, Callable[[User, Any], About]] = {
    "registry.aimodel": _of_model,
    "registry.release": _of_release,
    "registry.modeluse": _of_use,
    "registry.usecase": _of_card,
    "registry.grade": _of_grade,
    "registry.needtoknow": _of_initiation,
    "registry.user": _of_person,
    "registry.roleassignment": _of_holder,
    "registry.postholding": _of_holder,
    "registry.token": _of_holder,
    "registry.delegation": _of_delegation,
    "registry.legalentity": _of_place,
    "registry.department": _of_place,
    "registry.post": _of_place,
    "registry.packrelease": _of_pack,
    "registry.channel": _of_channel,
    "governance.clock": _of_clock,
    "governance.campaign": _of_campaign,
    "governance.exemption": _of_exemption,
    "governance.waiver": _of_waiver,
    "governance.finding": _of_finding,
    "governance.validation": _of_validation,
    "governance.approval": _of_approval,
    "governance.condition": _of_condition,
    "governance.package": _of_package,
    "governance.review": _of_review,
    "governance.order": _of_order,
    "governance.committee": _of_place,
    "governance.seat": _of_seat,
}
