"""The pages about reviews: what is due when, and one package with its ladder."""

from __future__ import annotations

import calendar
import datetime as dt
import uuid
from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from django.contrib import messages
from django.db.models import Q, QuerySet
from django.http import HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from governance.desk.admin.chronicle.kinds import KINDS
from governance.desk.admin.pages import PersonRequest, page, said, show
from governance.desk.admin.verbs import offered
from governance.desk.admin.words import name_of, role_label
from governance.reviews import queries, rules
from governance.reviews import services as reviews
from governance.reviews.models import PENDING, Explanation, Package, Review
from governance.reviews.queries import drilling
from governance.reviews.rules import importances
from governance.reviews.schema import ReviewsSection
from registry.core import clock
from registry.core.people.models import User
from registry.core.people.queries import get_or_refuse, require, standing, visible_departments
from registry.core.people.rules import Capability, Role
from registry.core.web.parsing import is_uuid
from registry.evidence import queries as evidence
from registry.releases.models import Release, Stage

MOST = 200
BARS = 15
NEAR_DAYS = 30  # before the due date


@page
def months(request: PersonRequest) -> HttpResponse:
    """What is due in a month, as a calendar and as a list; what is overdue; what is mine."""
    user, today = request.user, clock.today()
    section = queries.active_section()
    first = _month(request.GET.get("month", ""), today)
    kind = request.GET.get("kind", "")
    last = first + dt.timedelta(days=calendar.monthrange(first.year, first.month)[1] - 1)
    waiting = queries.visible_to(user).filter(state="open")
    if kind:
        waiting = waiting.filter(reviews__kind=kind, reviews__state__in=PENDING).distinct()
    chosen = _narrowed(request)
    waiting = waiting.filter(*chosen["conditions"])
    due = _rows(section, waiting.filter(due_on__range=(first, last)))
    context = {
        "section_is_empty": not section.kinds,
        "kinds": [(one.key, said(one.label.model_dump())) for one in section.kinds],
        "kind": kind,
        "people": _owners(user),
        "departments": visible_departments(user).order_by("code"),
        "person": chosen["person"],
        "department": chosen["department"],
        "unpublished": not queries.working_days(section).is_published(first.year),
        "month": first,
        "before": (first - dt.timedelta(days=1)).strftime("%Y-%m"),
        "after": (last + dt.timedelta(days=1)).strftime("%Y-%m"),
        "weeks": _weeks(first, due, today),
        "due": due,
        "due_only": [row for row in due if row.due_on >= today],
        "may_reassign": standing(user).may(Capability.PLAN_REVIEW),
        "able": queries.able_to_review().order_by("username"),
        "overdue": _rows(section, waiting.filter(due_on__lt=today)),
        "to_do": _mine(queries.to_do(user)),
        "to_sign": _mine(queries.to_sign(user)),
    }
    return show(request, "reviews", _("Reviews"), context)


@page
@require_POST
def reassign(request: PersonRequest) -> HttpResponse:
    """The chosen packages are carried out by somebody else: all of them or none."""
    require(request.user, Capability.PLAN_REVIEW)
    keys = [uuid.UUID(one) for one in request.POST.getlist("packages") if is_uuid(one)]
    asked = request.POST.get("to", "")
    to = get_or_refuse(User.objects.all(), uuid.UUID(asked) if is_uuid(asked) else None)
    rows = reviews.reassign(
        actor=request.user,
        package_ids=list(
            queries.visible_to(request.user).filter(pk__in=keys).values_list("pk", flat=True)
        ),
        to=to,
        reason=request.POST.get("reason", ""),
    )
    messages.success(request, _("%(count)s packages reassigned.") % {"count": len(rows)})
    return HttpResponseRedirect("/reviews/")


def _narrowed(request: PersonRequest) -> dict[str, Any]:
    """The person and the department that were asked for, and what they narrow the packages to."""
    found: dict[str, Any] = {"person": "", "department": "", "conditions": []}
    for name in ("person", "department"):
        try:
            found[name] = str(uuid.UUID(request.GET.get(name, "")))
        except ValueError:
            continue
    if found["person"]:
        own = Q(assignee=None, release__model_use__model__owner=found["person"])
        found["conditions"].append(Q(assignee=found["person"]) | own)
    if found["department"]:
        found["conditions"].append(Q(release__model_use__model__department=found["department"]))
    return found


def _owners(user: User) -> QuerySet[User]:
    """The people who own a live model or are named for a package."""
    waiting = queries.visible_to(user).filter(state="open")
    owners = waiting.values("release__model_use__model__owner")
    named = waiting.exclude(assignee=None).values("assignee")
    return User.objects.filter(Q(pk__in=owners) | Q(pk__in=named)).order_by("username")


def _month(asked: str, today: dt.date) -> dt.date:
    """The first day of the month that was asked for, else of the present one."""
    try:
        found = dt.datetime.strptime(asked, "%Y-%m").date()
    except ValueError:
        return today.replace(day=1)
    return found if 2000 <= found.year <= 2100 else today.replace(day=1)


def _rows(section: ReviewsSection, packages: Any) -> list[Package]:
    """The packages with the labels of what waits in them; two statements."""
    found = list(queries.whole(packages).order_by("due_on", "pk")[:MOST])
    kinds: dict[uuid.UUID, list[str]] = defaultdict(list)
    for package_id, key in (
        queries.pending(row.pk for row in found).order_by("kind").values_list("package_id", "kind")
    ):
        kinds[package_id].append(kind_label(section, key))
    today = clock.today()
    for row in found:
        row.about = about(row)  # type: ignore[attr-defined]  # for the template alone
        row.kinds_shown = _("; ").join(kinds[row.pk])  # type: ignore[attr-defined]  # likewise
        row.days_left = (row.due_on - today).days  # type: ignore[attr-defined]  # likewise
    return found


def _weeks(first: dt.date, due: list[Package], today: dt.date) -> list[list[dict[str, Any]]]:
    """The month's weeks, Monday first, each day with the packages due on it."""
    by_day: dict[dt.date, list[Package]] = defaultdict(list)
    for row in due:
        by_day[row.due_on].append(row)
    return [
        [
            {
                "day": day,
                "is_in": day.month == first.month,
                "is_today": day == today,
                "packages": by_day.get(day, []),
            }
            for day in week
        ]
        for week in calendar.Calendar().monthdatescalendar(first.year, first.month)
    ]


def in_words(reviews: Iterable[Review]) -> list[Review]:
    """The reviews, read with package and release, with kind and subject in words."""
    section, found = queries.active_section(), list(reviews)
    for row in found:
        told: Any = row  # Any: attributes for the template alone
        row.package.release = row.release
        told.kind_label = kind_label(section, row.kind)
        told.about = about(row.package)
        told.days_left = (row.package.due_on - clock.today()).days
    return found


def _mine(reviews: QuerySet[Review]) -> list[Review]:
    rows = reviews.select_related("package__entity", "release__model_use__model", "submitted_by")
    return in_words(rows.distinct().order_by("package__due_on", "kind")[:MOST])


def kind_label(section: ReviewsSection, key: str) -> str:
    """The kind in words; its key where the policy in force no longer has it."""
    kind = section.kind(key)
    return said(kind.label.model_dump()) if kind is not None else key


def about(package: Package) -> str:
    """The model's name, or the institution's."""
    return name_of(queries.model_of(package) or package.entity)


def of_release(user: User, release: Release) -> dict[str, Any]:
    """What the release's story shows of its reviews: the open packages, and what can be asked."""
    live = release.stage in (Stage.S4, Stage.S5)
    waiting = queries.visible_to(user).filter(release=release, state="open")
    return {
        "packages": _rows(queries.active_section(), waiting),
        "review_verbs": offered(user, "call-for-review", "record-past-review") if live else [],
    }


@page
def package(request: PersonRequest, pk: uuid.UUID) -> HttpResponse:
    """One package: its reviews, its ladder, its papers."""
    user = request.user
    row = get_or_refuse(queries.whole(queries.visible_to(user)), pk)
    reviews = list(
        row.reviews.select_related(
            "pack", "submitted_by", "signed_off_by", "release", "drill_report"
        ).order_by("kind")
    )
    todo = set(queries.to_do(user).filter(package=row).values_list("pk", flat=True))
    sign = set(queries.to_sign(user).filter(package=row).values_list("pk", flat=True))
    for one in reviews:
        _tell(user, row, one, one.pk in todo, one.pk in sign)
    is_open = row.state == "open"
    context = {
        "package": row,
        "about": about(row),
        "days_left": (row.due_on - clock.today()).days,
        "reviews": reviews,
        "rail": _rail(row),
        "papers": evidence.visible_to(user).filter(subject_id=row.pk).order_by("handed_in_at"),
        "verbs": offered(user, "hand-in-review-paper", "reassign-package") if is_open else [],
        "danger_verbs": offered(user, "defer-package") if _can_be_deferred(row) else [],
    }
    return show(request, "package", row.code, context)


def _can_be_deferred(row: Package) -> bool:
    """Open, not deferred yet, and near its day: before that nothing follows that could wait."""
    near = (row.due_on - clock.today()).days <= NEAR_DAYS
    return row.state == "open" and row.held_until is None and near


def _tell(user: User, package: Package, row: Review, does: bool, signs: bool) -> None:
    """The review in words, as the policy under which it was planned tells it."""
    section = queries.section_of(row.pack)
    kind = section.kind(row.kind)
    outcome = section.outcome(row.outcome)
    told: Any = row  # Any: attributes for the template alone
    told.kind_label = kind_label(section, row.kind)
    told.reason_label = KINDS.get(row.trigger_reason, row.trigger_reason)
    told.outcome_label = said(outcome.label.model_dump()) if outcome is not None else ""
    told.leads = _roles(kind.lead) if kind is not None else ""
    told.signers = _roles(kind.signs) if kind is not None else ""
    told.lines = [
        {"label": said(one.label.model_dump()), "answer": row.checklist.get(one.key, "")}
        for one in (kind.checklist if kind is not None else ())
    ]
    told.explanation_shown = _explanation(row) if kind is not None and kind.explains else None
    told.drill = _drill(user, row) if kind is not None and kind.drills else None
    explains = []
    if does and kind is not None and kind.explains:
        can_compute = package.release is not None and queries.artifact_of(package.release)
        explains = ["explain-review", *(["compute-importances"] if can_compute else [])]
    verbs = [*explains, "submit-review"] if does else []
    told.verbs = offered(user, *verbs, *(["sign-off-review", "return-review"] if signs else []))


def _drill(user: User, row: Review) -> dict[str, Any] | None:
    """The drill that the review looks at; as long as it waits and there is none, what is needed."""
    if row.state != "planned":
        return {"report": row.drill_report} if row.drill_report is not None else None
    report = drilling.report_for(row)
    return {
        "report": report,
        "since": drilling.wanted_since(row) if report is None else None,
        "verbs": offered(user, "stop") if report is None else [],
    }


def _roles(roles: Iterable[Role]) -> str:
    return str(_(", ").join(role_label(role) for role in roles))


def _explanation(row: Review) -> dict[str, Any] | None:
    """What the review found: its bars, and what has moved since the review before."""
    found = Explanation.objects.filter(review=row).select_related("document").first()
    if found is None:
        return None
    found.review = row
    now, earlier = queries.importances_of(found), queries.explained_before(found)
    moved = None
    if earlier is not None and earlier.importances and now.shares:
        moved = importances.compare(queries.importances_of(earlier), now)
    shifts = dict(moved.shifts) if moved is not None else {}
    most = now.shares[0][1] if now.shares else 1
    return {
        "row": found,
        "earlier": earlier,
        "moved": moved,
        "correlation": _share(moved.rank_correlation) if moved is not None else "",
        "bars": [
            {
                "name": name,
                "percent": round(100 * share, 1),
                "width": round(100 * share / most, 1),
                "shift": round(100 * shifts[name], 1) if name in shifts else None,
            }
            for name, share in now.shares[:BARS]
        ],
        "more": max(0, len(now.shares) - BARS),
    }


def _share(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}"


def _rail(package: Package) -> list[dict[str, Any]]:
    """The ladder as stages: the rungs that have come, and the days on which the others would."""
    section = queries.active_section()
    steps, task = section.steps(), queries.tasks([package], section)[package.pk]
    days, today = queries.working_days(section), clock.today()
    found = []
    for step, written in zip(steps, section.ladder, strict=True):
        came = task.taken.get(step.key)
        day = came or rules.day_of(step, steps, task, days)
        if day is None and not _could_come(step, task):
            continue
        state = "done" if came else "ahead"
        if not came and day is not None and day <= today and package.state == "open":
            state = "current"
        found.append(
            {
                "key": step.key,
                "label": said(written.label.model_dump()),
                "state": state,
                "note": day.isoformat() if day else "",
            }
        )
    found.sort(key=lambda one: one["note"] or "9999")
    return found if package.state == "open" else [one for one in found if one["state"] == "done"]


def _could_come(step: rules.Step, task: rules.Task) -> bool:
    """Whether the rung waits for its announcement only."""
    return task.place in step.days and step.effect is rules.Effect.RESTRICT
