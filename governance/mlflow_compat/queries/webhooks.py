"""MLflow's webhooks: which there are, and what is told of an entry."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from django.db.models import F, OuterRef, QuerySet, Subquery, TextField
from django.db.models.functions import Cast

from governance.mlflow_compat.models import RegisteredModel, RegisteredVersion
from governance.mlflow_compat.queries import may_be_read, paging
from governance.mlflow_compat.rules import webhooks as rules
from governance.webhooks import queries as webhooks
from governance.webhooks.models import ProtocolChoice, Subscription
from governance.webhooks.queries import Protocol
from governance.webhooks.queries.speaking import Body, within
from registry.core.ledger.models import Entry
from registry.core.ledger.rules import parts_of
from registry.core.people.models import User
from registry.core.people.queries import get_or_refuse

_ORDER: paging.Order = (("registered_at", False), ("key", False))


def protocol() -> Protocol:
    """How MLflow's receivers are spoken to."""
    return Protocol(
        kinds=rules.kinds,
        bodies=_bodies,
        test=lambda event, _message_id, at: rules.example(event, at),
        request=rules.request,
    )


def _bodies(subscription: Subscription, entries: Sequence[Entry]) -> dict[int, Body]:
    """What the account that opened the webhook may see, three statements beside the places'."""
    owner = subscription.opened_by
    if not owner.is_active:
        return {}
    places = within(subscription, entries)
    told = {one.seq: parts_of(one.body) for one in entries if one.seq in places}
    names_of = {
        one.seq: uuid.UUID(told[one.seq][0].get("registered_id") or str(one.subject_id))
        for one in entries
        if one.seq in told
    }
    rows = RegisteredModel.objects.filter(may_be_read(owner), pk__in=set(names_of.values()))
    names = dict(rows.values_list("pk", "name"))
    versions = RegisteredVersion.objects.filter(pk__in={one.subject_id for one in entries})
    numbers = dict(versions.values_list("pk", "number"))
    return {
        one.seq: rules.body_of(
            one.kind,
            names[names_of[one.seq]],
            numbers.get(one.subject_id),
            *told[one.seq],
            one.recorded_at,
        )
        for one in entries
        if one.seq in told and names_of[one.seq] in names
    }


def visible_webhooks(user: User) -> QuerySet[Subscription]:
    """MLflow's webhooks that are not closed, with the moment of their last change."""
    last = Entry.objects.filter(subject_id=OuterRef("pk")).order_by("-row_version", "-seq")
    rows = webhooks.visible_to(user).filter(protocol=ProtocolChoice.MLFLOW)
    return rows.exclude(state="closed").annotate(
        changed_at=Subquery(last.values("recorded_at")[:1])
    )


def webhook(user: User, key: str) -> Subscription:
    """One webhook. Raises NotFound."""
    return get_or_refuse(visible_webhooks(user), key)


def listed(user: User, most: int, token: str) -> tuple[list[Subscription], str]:
    """A page of them, the oldest first, and the next page's token."""
    rows = visible_webhooks(user).annotate(
        registered_at=F("opened_at"), key=Cast("pk", TextField())
    )
    if token:
        rows = rows.filter(paging.behind(_ORDER, paging.values_in(token, _ORDER)))
    found: list[Subscription] = list(rows.order_by("registered_at", "key")[: most + 1])
    page = found[:most]
    is_last = len(found) <= most or not page
    following = "" if is_last else paging.token([page[-1].opened_at, str(page[-1].pk)])
    return page, following
