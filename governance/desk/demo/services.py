"""The demo's one verb: load. It all happens in one transaction, or not at all."""

from __future__ import annotations

import datetime as dt
import heapq
import json
from collections.abc import Callable, Iterator
from enum import StrEnum
from itertools import chain
from pathlib import Path

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from governance.desk.demo import (
    accounts,
    clocking,
    discovering,
    drilling,
    events,
    experimenting,
    institution,
    overseeing,
    reviewing,
    schema,
    telling,
    watching,
)
from governance.desk.demo.telling import Told
from registry.core import clock
from registry.core.dispatch import services as dispatch
from registry.core.errors import DomainError
from registry.core.ledger import queries as ledger_queries
from registry.core.ledger import services as ledger
from registry.core.ledger.models import Entry

Progress = Callable[[str, int, int], None]
FOLDER = Path(settings.BASE_DIR) / "seeds" / "demo"


class Outcome(StrEnum):
    """What loading found or did."""

    LOADED = "loaded"
    LOADED_BEFORE = "loaded_before"
    FOUNDED_OTHERWISE = "founded_otherwise"


def load(progress: Progress | None = None) -> Outcome:
    """The demo story stands in an empty installation; nothing was done where it is not empty.

    One transaction: an interrupted loading leaves nothing, and the next one begins afresh.
    Raises DomainError (`demo_refused`) where the settings do not let the clock be set.
    """
    if not settings.CLOCK_CAN_BE_SET:
        raise DomainError(
            "demo_refused",
            _("The demo story is refused here: it needs the demo settings, never production."),
        )
    seeds = schema.read(FOLDER, Path(settings.POLICY_PACKS_DIR) / settings.POLICY_PACK)
    if ledger_queries.head()[0]:
        return Outcome.LOADED_BEFORE if is_loaded() else Outcome.FOUNDED_OTHERWISE
    password = accounts.new_password()
    with transaction.atomic():
        _tell(seeds, password, progress or (lambda stage, done, total: None))
        accounts.write(Path(settings.DEMO_ACCOUNTS_FILE), password, seeds.people)
        # The reactions have run already, each at its time in the story. Hundreds of queued
        # wake-ups would only keep the worker busy; beat wakes the dispatcher anyway.
        transaction.get_connection().run_on_commit.clear()
    ledger.anchor()
    return Outcome.LOADED


def is_loaded() -> bool:
    """Whether this institution was founded by the demo story; its accounts are then in use."""
    act = Entry.objects.filter(kind="founding.act").first()
    facts = json.loads(act.body).get("facts", {}) if act else {}
    story = schema.read_institution(FOLDER)
    return bool(facts.get("policy_document") == story.document)


def _tell(seeds: schema.Seeds, password: str, progress: Progress) -> None:
    """Everything happens in the order of its moments, across all stories."""
    today = clock.today()
    others: dict[str, Told] = {}
    for story in seeds.stories:
        others[story.key] = Told(seeds, story, password, today, others)
    founded = _founding(seeds, password, others[seeds.stories[0].key])
    first = Told(seeds, seeds.stories[0], password, today, others)
    reviewed = reviewing.tell(first, seeds.institution.founded_days_ago - 7)
    told = (chain(telling.tell(one), events.tell(one)) for one in others.values())
    second = Told(seeds, seeds.stories[0], password, today, others)  # each keeps its own time
    clocked = clocking.tell(second, seeds.institution.founded_days_ago - 8)
    third = Told(seeds, seeds.stories[0], password, today, others)
    fourth = Told(seeds, seeds.stories[0], password, today, others)
    fifth = Told(seeds, seeds.stories[0], password, today, others)
    sixth = Told(seeds, seeds.stories[0], password, today, others)
    seventh = Told(seeds, seeds.stories[0], password, today, others)
    tales = [
        founded, reviewed, clocked, overseeing.tell(third), drilling.tell(fourth),
        experimenting.tell(fifth), watching.tell(sixth), discovering.tell(seventh), *told,
    ]  # fmt: skip
    queue = [(next(tale), number) for number, tale in enumerate(tales)]
    heapq.heapify(queue)
    while queue:
        moment, number = heapq.heappop(queue)
        with clock.at(moment):
            following = next(tales[number], None)
            if following is not None:
                heapq.heappush(queue, (following, number))
            if not queue or queue[0][0].date() != moment.date():
                dispatch.run()  # once at the end of each day: notices are dated as they would be
        progress(f"{moment:%Y-%m}", len(tales) - len(queue), len(tales))


def _founding(seeds: schema.Seeds, password: str, any_story: Told) -> Iterator[dt.datetime]:
    yield Told(seeds, any_story.story, password, any_story.today, {}).at(
        seeds.institution.founded_days_ago, "09:00"
    )
    institution.build(seeds, password)
