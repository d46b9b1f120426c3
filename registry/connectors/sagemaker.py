"""SageMaker's model registry: packages by group; calls are signed by AWS's version 4.

Plain signed HTTPS: the few lines below stand for an SDK of 80 MB that would read its own
configuration, credentials and proxies from wherever it finds any.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import quote

from registry.connectors.shapes import (
    Answer,
    Ask,
    Fetch,
    Found,
    Trouble,
    as_dict,
    as_dicts,
    as_digest,
    as_name,
    as_text,
    from_iso,
    from_seconds,
    listed,
    turned,
    whole,
)

PAGE = 100
MOST_PAGES = 5_000
SERVICE = "sagemaker"


def read(fetch: Fetch, scope: str, since: dt.datetime | None) -> Iterator[Found]:
    """Every version of every package group; scope: what the group's name contains, or empty.

    With `since`: what was created from then on, since SageMaker lists by nothing else. The digest
    is what the customer's metadata tell as `sha256`. Raises Trouble.
    """
    asked = {"NameContains": scope} if scope else {}
    for group in _pages(fetch, "ListModelPackageGroups", "ModelPackageGroupSummaryList", asked):
        name = as_name(group.get("ModelPackageGroupName"))
        if not name:
            continue
        wanted: dict[str, Any] = {"ModelPackageGroupName": name, "SortBy": "CreationTime",
                                  "SortOrder": "Descending"}  # fmt: skip
        if since is not None:
            wanted["CreationTimeAfter"] = since.timestamp()
        for row in _pages(fetch, "ListModelPackages", "ModelPackageSummaryList", wanted):
            yield _found(fetch, name, row)


def _found(fetch: Fetch, name: str, row: dict[str, Any]) -> Found:
    arn = as_text(row.get("ModelPackageArn"))
    approval = as_text(row.get("ModelApprovalStatus"), 40)
    # Only what somebody over there has approved is looked at closely: one question each.
    more = as_dict(_call(fetch, "DescribeModelPackage", {"ModelPackageName": arn})) if (
        approval == "Approved" and arn
    ) else {}  # fmt: skip
    custom = as_dict(more.get("CustomerMetadataProperties"))
    cycle = as_dict(more.get("ModelLifeCycle") or row.get("ModelLifeCycle"))
    containers = as_dicts(as_dict(more.get("InferenceSpecification")).get("Containers"))
    words = (approval, as_text(cycle.get("Stage"), 60), as_text(cycle.get("StageStatus"), 60))
    told = {"arn": arn, "status": as_text(row.get("ModelPackageStatus"), 40),
            "source": as_text(next(iter(containers), {}).get("ModelDataUrl"))}  # fmt: skip
    return Found(
        name=name,
        version=as_text(row.get("ModelPackageVersion"), 60),
        digest=as_digest(custom.get("sha256")),
        words=tuple(dict.fromkeys(one for one in words if one)),
        updated_at=_moment(more.get("LastModifiedTime")) or _moment(row.get("CreationTime")),
        raw={key: value for key, value in told.items() if value},
    )


def _moment(value: object) -> dt.datetime | None:
    """Seconds since 1970, as the protocol writes them, or ISO 8601, as the tools print them."""
    return from_iso(value) if isinstance(value, str) else from_seconds(value)


def _pages(fetch: Fetch, verb: str, key: str, told: dict[str, Any]) -> Iterator[dict[str, Any]]:
    token, told_so_far = "", set[str]()
    for _page in range(MOST_PAGES):
        asked = told | {"MaxResults": PAGE} | ({"NextToken": token} if token else {})
        answer = _call(fetch, verb, asked)
        yield from listed(answer, key)
        token = turned(as_text(answer.get("NextToken"), 8_192), told_so_far)
        if not token:
            return
    raise Trouble("too_long", f"more than {MOST_PAGES} pages")


def _call(fetch: Fetch, verb: str, told: dict[str, Any]) -> Any:  # Any: JSON
    headers = {"Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": f"SageMaker.{verb}"}

    def asked(ask: Ask) -> Answer:
        answer = fetch(ask)
        # What the caller may not do is answered with 400 here, and named in the body.
        denied = answer.status == 400 and (
            b"AccessDenied" in answer.body or b"UnrecognizedClient" in answer.body
            or b"InvalidSignature" in answer.body or b"ExpiredToken" in answer.body
        )  # fmt: skip
        return Answer(403, answer.body) if denied else answer

    return whole(asked, Ask("/", method="POST", body=json.dumps(told).encode(), headers=headers))


def signing(
    fetch: Fetch,
    *,
    host: str,
    region: str,
    key: str,
    secret: str,
    now: Callable[[], dt.datetime],
    token: str = "",
    service: str = SERVICE,
) -> Fetch:
    """The same `fetch`, each question signed. token: of a temporary credential."""

    def asking(ask: Ask) -> Answer:
        more = {"X-Amz-Security-Token": token} if token else {}
        headers = signed(
            Ask(ask.path, ask.query, ask.method, ask.body, dict(ask.headers) | more),
            host=host, region=region, service=service, key=key, secret=secret, now=now(),
        )  # fmt: skip
        return fetch(Ask(ask.path, ask.query, ask.method, ask.body, headers))

    return asking


def signed(
    ask: Ask, *, host: str, region: str, service: str, key: str, secret: str, now: dt.datetime
) -> Mapping[str, str]:
    """The headers with AWS's signature, version 4 (docs.aws.amazon.com, SigV4)."""
    stamp = now.astimezone(dt.UTC).strftime("%Y%m%dT%H%M%SZ")
    scope = f"{stamp[:8]}/{region}/{service}/aws4_request"
    headers = dict(ask.headers) | {"X-Amz-Date": stamp}
    plain = {name.lower(): " ".join(value.split()) for name, value in headers.items()}
    plain["host"] = host
    names = ";".join(sorted(plain))
    query = "&".join(
        f"{quote(name, safe='-_.~')}={quote(value, safe='-_.~')}"
        for name, value in sorted(ask.query)
    )
    told = "".join(f"{name}:{plain[name]}\n" for name in sorted(plain))
    body = hashlib.sha256(ask.body).hexdigest()
    canonical = "\n".join((ask.method, quote(ask.path), query, told, names, body))
    text = "\n".join(
        ("AWS4-HMAC-SHA256", stamp, scope, hashlib.sha256(canonical.encode()).hexdigest())
    )
    made = f"AWS4{secret}".encode()
    for part in (*scope.split("/"), text):
        made = hmac.new(made, part.encode(), hashlib.sha256).digest()
    headers["Authorization"] = (
        f"AWS4-HMAC-SHA256 Credential={key}/{scope}, SignedHeaders={names}, Signature={made.hex()}"
    )
    return headers
