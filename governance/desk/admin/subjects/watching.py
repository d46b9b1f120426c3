"""What verbs about metrics and breaches are about."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from governance.desk.admin.pages import said
from governance.desk.admin.subjects.base import About, Fact
from governance.desk.admin.words import local_minute
from governance.monitoring import queries
from registry.core.adminkit import named
from registry.core.people.models import User


def _facts(row: Any) -> tuple[str, tuple[Fact, ...]]:
    zh, en = queries.metric_named(row, queries.spec_of(row))
    name = said({"zh": zh, "en": en})
    release = row.release
    return name, (
        Fact(_("metric"), name, row.get_absolute_url()),
        Fact(_("model"), named(release.model_use.model), release.get_absolute_url()),
        Fact(_("release"), release.code),
    )


def of_metric(user: User, row: Any) -> About:
    """A metric of a release."""
    return About(*_facts(row))


def of_query(user: User, row: Any) -> About:
    """A query that fills a metric."""
    name, facts = _facts(row.metric)
    return About(name, (Fact(_("query"), row.query), *facts))


def of_breach(user: User, row: Any) -> About:
    """A breach, with what broke the limit."""
    name, facts = _facts(row.metric)
    told = (
        Fact(_("breach"), row.code),
        Fact(_("level"), row.get_level_display()),
        Fact(_("segment"), row.segment or "–"),
        Fact(_("due"), local_minute(row.due_at)),
    )
    return About(name, (*told, *facts))
