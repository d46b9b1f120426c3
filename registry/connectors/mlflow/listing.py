"""MLflow's model registry: every version with its stage and its aliases."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import quote

from registry.connectors.shapes import (
    Ask,
    Fetch,
    Found,
    Trouble,
    as_dict,
    as_dicts,
    as_digest,
    as_name,
    as_text,
    from_milliseconds,
    listed,
    turned,
    whole,
)

PAGE = "500"
MOST_ALIASED = 500  # versions that are asked for one by one
MOST_ALIASES = 200_000  # of all models together
MOST_PAGES = 2_000
Aliases = dict[tuple[str, str], list[str]]
_ROOT = "/api/2.0/mlflow"
_NEWEST = ("order_by", "last_updated_timestamp DESC")


def read(fetch: Fetch, scope: str, since: dt.datetime | None) -> Iterator[Found]:
    """Every version, newest first; with `since` those that have changed, and what aliases name.

    scope: a filter of MLflow's (`name LIKE 'credit%'`), or empty. MLflow dates no change of an
    alias, so that what has one is looked at each time; what was deleted, or has lost its alias,
    shows in a whole reading alone. Raises Trouble.
    """
    aliases, models = _aliases(_pages(fetch, "registered-models", "registered_models", scope))
    told = set()
    for row in _pages(fetch, "model-versions", "model_versions", scope):
        if not models and not scope:  # a version without any model: the first list was none
            raise Trouble("unexpected", "no list registered_models")
        found = _found(row, aliases)
        if since is not None and found.updated_at is not None and found.updated_at < since:
            break
        told.add((found.name, found.version))
        if found.name and found.version:
            yield found
    if since is not None:
        others = [key for key in aliases if key not in told][:MOST_ALIASED]
        yield from _named(fetch, others, aliases)


def _named(fetch: Fetch, keys: list[tuple[str, str]], aliases: Aliases) -> Iterator[Found]:
    for name, version in keys:
        ask = Ask(f"{_ROOT}/model-versions/get", (("name", name), ("version", version)))
        try:
            row = as_dict(as_dict(whole(fetch, ask)).get("model_version"))
        except Trouble as trouble:
            if trouble.code != "not_found":
                raise
            continue  # deleted a moment ago
        if row:
            yield _found(row, aliases)


def _aliases(models: Iterable[dict[str, Any]]) -> tuple[Aliases, int]:
    """(name, version) → the aliases that point there; and how many models there are.

    Nothing else is kept of a model: there may be very many, with long descriptions.
    """
    found: Aliases = {}
    count, pointing = 0, 0
    for row in models:
        count += 1
        told = as_dicts(row.get("aliases"))
        pointing += len(told)
        if pointing > MOST_ALIASES:
            raise Trouble("too_long", f"more than {MOST_ALIASES:,} aliases")
        for one in told:
            key = as_name(row.get("name")), as_text(one.get("version"), 60)
            found.setdefault(key, []).append(as_text(one.get("alias"), 100))
    return found, count


def _pages(fetch: Fetch, what: str, key: str, scope: str) -> Iterator[dict[str, Any]]:
    token, told_so_far = "", set[str]()
    for _page in range(MOST_PAGES):
        query = [("max_results", PAGE), _NEWEST]
        query += [("filter", scope)] if scope else []
        query += [("page_token", token)] if token else []
        answer = whole(fetch, Ask(f"{_ROOT}/{what}/search", tuple(query)))
        # MLflow leaves out an empty list, and then there is nothing else in the answer either.
        is_empty = isinstance(answer, dict) and answer.keys() <= {"next_page_token"}
        yield from [] if is_empty else listed(answer, key)
        answer = as_dict(answer)
        token = turned(as_text(answer.get("next_page_token"), 2_000), told_so_far)
        if not token:
            return
    raise Trouble("too_long", f"more than {MOST_PAGES} pages")


def _found(row: dict[str, Any], aliases: Aliases) -> Found:
    name, version = as_name(row.get("name")), as_text(row.get("version"), 60)
    tags = {as_text(one.get("key")): one.get("value") for one in as_dicts(row.get("tags"))}
    own = row.get("aliases")
    words = [*aliases.get((name, version), ()), *(own if isinstance(own, list) else ())]
    stage = as_text(row.get("current_stage"), 60)
    if stage not in ("", "None"):
        words.append(stage)
    told = {
        "source": as_text(row.get("source")), "run_id": as_text(row.get("run_id"), 64),
        "status": as_text(row.get("status"), 40), "user": as_text(row.get("user_id"), 100),
    }  # fmt: skip
    return Found(
        name=name,
        version=version,
        digest=as_digest(tags.get("sha256")),
        words=tuple(dict.fromkeys(as_text(one, 100) for one in words)),
        url=f"/#/models/{quote(name, safe='')}/versions/{quote(version, safe='')}",
        updated_at=from_milliseconds(row.get("last_updated_timestamp")),
        raw={key: value for key, value in told.items() if value},
    )
