"""Kubeflow's model registry (v1alpha3): versions, and the services that serve them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

from registry.connectors.shapes import (
    Ask,
    Fetch,
    Found,
    Trouble,
    as_dict,
    as_digest,
    as_name,
    as_text,
    from_milliseconds,
    listed,
    turned,
    whole,
)

PAGE = "200"
MOST_PAGES = 5_000
_ROOT = "/api/model_registry/v1alpha3"
_NEWEST = (("orderBy", "CREATE_TIME"), ("sortOrder", "DESC"))  # what a service serves by default


def read(fetch: Fetch, scope: str, since: dt.datetime | None) -> Iterator[Found]:
    """Every version, and every service whose version is deployed; newest first.

    With `since`: the versions that have changed from then on, and whatever is deployed. A service
    that names no version serves the newest one, as Kubeflow does. Raises Trouble.
    """
    names = {
        as_text(one.get("id"), 60): as_name(one.get("name"))
        for one in _pages(fetch, "registered_models")
    }
    services = _services(fetch)
    newest: set[str] = set()
    for row in _pages(fetch, "model_versions"):
        model = as_text(row.get("registeredModelId"), 60)
        by_default = services.get((model, ""), []) if model not in newest else []
        newest.add(model)
        serving = [*services.get((model, as_text(row.get("id"), 60)), []), *by_default]
        updated = from_milliseconds(row.get("lastUpdateTimeSinceEpoch"))
        if since is not None and updated is not None and updated < since and not serving:
            continue
        found = _found(fetch, row, names.get(model, ""), serving)
        if found.name and found.version:
            yield found


def _services(fetch: Fetch) -> dict[tuple[str, str], list[dict[str, Any]]]:
    """(model, version or none) → the deployed services, each with its environment's name."""
    environments = {
        as_text(one.get("id"), 60): as_name(one.get("name"))
        for one in _pages(fetch, "serving_environments")
    }
    found: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for row in _pages(fetch, "inference_services"):
        if as_text(row.get("desiredState"), 40) == "UNDEPLOYED":
            continue
        key = as_text(row.get("registeredModelId"), 60), as_text(row.get("modelVersionId"), 60)
        place = environments.get(as_text(row.get("servingEnvironmentId"), 60), "")
        found.setdefault(key, []).append({"name": as_name(row.get("name")), "place": place})
    return found


def _found(fetch: Fetch, row: dict[str, Any], name: str, serving: list[dict[str, Any]]) -> Found:
    custom = as_dict(row.get("customProperties"))
    digest = as_digest(_property(custom, "sha256"))
    uri = ""
    if serving:
        uri, told = _artifact(fetch, as_text(row.get("id"), 60))
        digest = digest or told
    state = as_text(row.get("state"), 40)
    stage = as_text(_property(custom, "stage"), 60)
    words = [one for one in (state, stage, *(s["place"] for s in serving)) if one]
    if serving:
        words.append("DEPLOYED")
    # In whatever order the services are told: the first one is the endpoint.
    places = sorted(f"{one['place']}/{one['name']}".strip("/") for one in serving)
    told_of = {"author": as_text(row.get("author"), 100), "uri": uri,
               "services": ", ".join(places)[:300]}  # fmt: skip
    model, key = as_text(row.get("registeredModelId"), 60), as_text(row.get("id"), 60)
    return Found(
        name=name,
        version=as_text(row.get("name"), 60) or key,
        digest=digest,
        words=tuple(dict.fromkeys(words)),
        runs=bool(serving),
        endpoint=places[0][:300] if places else "",
        url=f"/model-registry/{model}/versions/{key}",
        updated_at=from_milliseconds(row.get("lastUpdateTimeSinceEpoch")),
        raw={key: value for key, value in told_of.items() if value},
    )


def _artifact(fetch: Fetch, version: str) -> tuple[str, str]:
    """Where the files of the version lie, and their digest where it is told."""
    rows = list(_pages(fetch, f"model_versions/{version}/artifacts", most=1))
    first = next((one for one in rows if one.get("artifactType") == "model-artifact"), {})
    custom = as_dict(first.get("customProperties"))
    return as_text(first.get("uri")), as_digest(_property(custom, "sha256"))


def _property(custom: dict[str, Any], key: str) -> object:
    """A custom property's value: Kubeflow writes each with its type."""
    value = as_dict(custom.get(key))
    return value.get("string_value") or value.get("int_value")


def _pages(fetch: Fetch, what: str, most: int = MOST_PAGES) -> Iterator[dict[str, Any]]:
    token, told_so_far = "", set[str]()
    for _page in range(most):
        query = [("pageSize", PAGE), *_NEWEST, *([("nextPageToken", token)] if token else [])]
        answer = whole(fetch, Ask(f"{_ROOT}/{what}", tuple(query)))
        yield from listed(answer, "items")
        token = turned(as_text(answer.get("nextPageToken"), 2_000), told_so_far)
        if not token:
            return
    if most == MOST_PAGES:
        raise Trouble("too_long", f"more than {MOST_PAGES} pages")
