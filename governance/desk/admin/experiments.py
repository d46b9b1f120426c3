"""The page of an experiment: what MLflow's clients have registered under one name."""

from __future__ import annotations

import uuid
from typing import Any

from django.http import HttpResponse
from django.utils.translation import gettext as _

from governance.desk.admin.pages import PersonRequest, page, said, show
from governance.desk.admin.verbs import offered
from governance.mlflow_compat import queries
from governance.mlflow_compat.models import RegisteredModel, RegisteredVersion
from governance.mlflow_compat.rules.searching import is_prompt
from registry.core.people.models import User
from registry.core.people.queries import get_or_refuse, standing
from registry.core.people.rules import Capability
from registry.releases.models import Stage

MOST = 100


@page
def one(request: PersonRequest, pk: uuid.UUID) -> HttpResponse:
    """The name, its versions with their aliases and stages, and what of it is in the inventory."""
    user = request.user
    rows = queries.visible_to(user).select_related("model", "entity", "registered_by")
    row = get_or_refuse(rows, pk)
    prompt = is_prompt(row.tags)
    can_be_claimed = row.model_id is None and not prompt
    may_claim = can_be_claimed and standing(user).may(Capability.REGISTER)
    context = {
        "experiment": row,
        "versions": _versions(user, row),
        "words": _protected(row),
        "is_prompt": prompt,
        "may_register": may_claim,
        "verbs": offered(user, "claim-experiment") if can_be_claimed else [],
        "version_verbs": offered(user, "claim-version") if row.model_id is not None else [],
    }
    title = _("Experiment %(name)s") % {"name": row.name}
    return show(request, "experiment", title, context)


def _versions(user: User, row: RegisteredModel) -> list[RegisteredVersion]:
    """The newest ones, each with its aliases."""
    rows = queries.visible_versions(user).filter(registered=row)
    whole = rows.select_related("version", "registered_by", "enrichment").prefetch_related(
        "aliases"
    )
    return list(whole.order_by("-number")[:MOST])


def _protected(row: RegisteredModel) -> list[dict[str, Any]]:
    """The words that promote under this name, each environment with the stage that it needs."""
    section = queries.active_section()
    if section.is_free(row.name):
        return []
    return [
        {
            "label": said(one.label.model_dump()),
            "needs": Stage(one.needs).label,
            "names": _(", ").join((*one.names, *(f"{k}={v}" for k, v in one.tags.items()))),
            "words": _(", ").join((*one.aliases, *one.stages)),
        }
        for one in section.environments
    ]
