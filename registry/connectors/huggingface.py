"""A Hugging Face hub: the repositories of an organisation, and the digest of their weights."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qsl, quote, urlsplit

from registry.connectors.mlflow import digest_of
from registry.connectors.shapes import (
    Answer,
    Ask,
    Fetch,
    Found,
    Trouble,
    as_dict,
    as_dicts,
    as_digest,
    as_list,
    as_name,
    as_text,
    from_iso,
    listed,
    turned,
    whole,
)

PAGE = "100"
MOST_PAGES = 500
COMMIT = 12  # characters of a commit that make a version
_NEXT = re.compile(r'<([^>]+)>;\s*rel="next"')


def read(fetch: Fetch, scope: str, since: dt.datetime | None) -> Iterator[Found]:
    """Every model repository of the organisation (`scope`), newest first, at its present commit.

    The digest is that of the file of weights; of several, the one digest that `digest_of` makes
    of the weights by their paths. Raises Trouble.
    """
    for row in _pages(fetch, scope):
        name, updated = as_name(row.get("id")), from_iso(row.get("lastModified"))
        if since is not None and updated is not None and updated < since:
            return
        if name:
            yield _found(name, as_dict(whole(fetch, _about(name))), updated)


def _about(name: str) -> Ask:
    return Ask(f"/api/models/{quote(name)}", (("blobs", "true"),))


def _pages(fetch: Fetch, scope: str) -> Iterator[dict[str, Any]]:
    query: tuple[tuple[str, str], ...] = (
        ("author", scope), ("sort", "lastModified"), ("direction", "-1"), ("limit", PAGE),
        ("full", "true"),
    )  # fmt: skip
    told: set[str] = set()
    for _page in range(MOST_PAGES):
        kept: list[Answer] = []

        def keeping(ask: Ask, kept: list[Answer] = kept) -> Answer:
            kept.append(fetch(ask))
            return kept[-1]

        yield from listed(whole(keeping, Ask("/api/models", query)), "")
        following = _NEXT.search(kept[-1].headers.get("link", ""))
        if following is None:
            return
        query = tuple(parse_qsl(urlsplit(turned(following.group(1), told)).query))
    raise Trouble("too_long", f"more than {MOST_PAGES} pages")


def _found(name: str, row: dict[str, Any], updated: dt.datetime | None) -> Found:
    weights = {
        as_text(one.get("rfilename"), 500): as_digest(as_dict(one.get("lfs")).get("sha256"))
        for one in as_dicts(row.get("siblings"))
        if as_dict(one.get("lfs"))
    }
    known = {path: digest for path, digest in weights.items() if digest}
    digest = next(iter(known.values())) if len(known) == 1 else digest_of(known) if known else ""
    tags = [as_text(one, 100) for one in as_list(row.get("tags")) if isinstance(one, str)]
    card = as_dict(row.get("cardData"))
    told = {
        "licence": as_text(card.get("license"), 100), "task": as_text(row.get("pipeline_tag"), 100),
        "library": as_text(row.get("library_name"), 100), "files": str(len(known) or ""),
    }  # fmt: skip
    return Found(
        name=name,
        version=as_text(row.get("sha"), 64)[:COMMIT] or "–",
        digest=digest,
        words=tuple(
            word
            for word, holds in (
                ("private", row.get("private")),
                ("gated", row.get("gated")),
                ("disabled", row.get("disabled")),
                *((tag, True) for tag in tags[:10]),
            )  # fmt: skip
            if holds
        ),
        url=f"/{quote(name)}",
        updated_at=from_iso(row.get("lastModified")) or updated,
        raw={key: value for key, value in told.items() if value},
    )
