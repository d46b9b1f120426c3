"""How each way out speaks: what is posted, and what its answer means. Pure.

Group robots of WeCom 企业微信, DingTalk 钉钉 and Feishu 飞书 have titles and links alone, in one
message for many notices. A signed webhook (Standard Webhooks) and a to-do list 统一待办 have one
message for each notice and person; a to-do is opened and closed.
"""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import hmac
import json
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit


class Way(StrEnum):
    """A way out of the house, besides mail."""

    WECOM = "wecom"
    DINGTALK = "dingtalk"
    FEISHU = "feishu"
    WEBHOOK = "webhook"
    TODO = "todo"


# Robots tell a group, many notices in one message; they have twenty messages a minute at most.
CARRYING_MANY = frozenset({Way.WECOM, Way.DINGTALK, Way.FEISHU})
MOST_BYTES = 3_500  # WeCom takes 4096 bytes of markdown
MOST_LINES = 50  # Feishu takes 20 KB


@dataclass(frozen=True)
class Item:
    """A notice on its way out. user: whose it is, by user name; action: tell, open, close, test."""

    id: str
    action: str
    kind: str
    title: str
    title_en: str
    link: str
    user: str
    at: dt.datetime


@dataclass(frozen=True)
class Request:
    """A POST: where to, with which headers, which body."""

    url: str
    headers: dict[str, str]
    body: bytes


def compose(
    way: Way,
    items: Sequence[Item],
    *,
    address: str,
    secret: str,
    heading: str,
    now: dt.datetime,
    message_id: str,
    total: int = 0,
) -> Request:
    """The request that carries the items: all of them, or for webhooks and to-dos the one.

    total: how many it stands for, where not all of them are named.
    """
    seconds = int(now.timestamp())
    match way:
        case Way.WECOM:
            told = {"content": _markdown(heading, items, total)}
            return as_json(address, {"msgtype": "markdown", "markdown": told})
        case Way.DINGTALK:
            told = {"title": heading, "text": _markdown(heading, items, total)}
            url = _signed_for_dingtalk(address, secret, seconds * 1000)
            return as_json(url, {"msgtype": "markdown", "markdown": told})
        case Way.FEISHU:
            named = items[:MOST_LINES]
            lines = [[{"tag": "a", "text": one.title, "href": one.link}] for one in named]
            if left := max(total, len(items)) - len(named):
                lines.append([{"tag": "text", "text": f"… +{left}"}])
            post = {"post": {"zh_cn": {"title": heading, "content": lines}}}
            body: dict[str, Any] = {"msg_type": "post", "content": post}
            if secret:
                body |= {"timestamp": str(seconds), "sign": _signed_for_feishu(secret, seconds)}
            return as_json(address, body)
        case _:
            (item,) = items
            return signed(as_json(address, _body(item)), message_id, seconds, secret)


def judge(way: Way, status: int, body: bytes) -> str:
    """Why the message was not taken; empty where it was.

    A robot answers 200 also where it refuses: its own code says so.
    """
    if not 200 <= status < 300:
        return f"HTTP {status}: {_excerpt(body)}"
    if way not in CARRYING_MANY:
        return ""
    try:
        answer = json.loads(body)
        code = answer.get("errcode", answer.get("code", answer.get("StatusCode")))
    except (ValueError, AttributeError, RecursionError):
        return f"the answer is no JSON object: {_excerpt(body)}"
    if code == 0:
        return ""
    return f"refused with code {code}: {answer.get('errmsg', answer.get('msg', ''))}"[:300]


def kept(reason: str, hidden: Sequence[str]) -> str:
    """The reason as it may be kept: without secrets, without what a database cannot hold."""
    for one in sorted(hidden, key=len, reverse=True):
        if len(one) > 2:
            reason = reason.replace(one, "…")
    text = reason.encode("utf-8", "replace").decode()
    return "".join(one for one in text if one.isprintable() or one == " ")


def parts_to_hide(address: str) -> list[str]:
    """What of an address nobody may read: its path and the values of its query."""
    parts = urlsplit(address)
    path = [parts.path, *parts.path.split("/")]
    return [one for one in (address, parts.query, *path, *dict(parse_qsl(parts.query)).values())
            if one]  # fmt: skip


def _excerpt(body: bytes) -> str:
    return " ".join(body[:300].decode("utf-8", "replace").split())


def _markdown(heading: str, items: Sequence[Item], total: int) -> str:
    """A heading and a list of links; what does not fit is counted."""
    text, shown = f"**{_plain(heading)}**", 0
    for one in items:
        line = f"\n- [{_plain(one.title)}]({one.link})"
        if len((text + line).encode()) > MOST_BYTES:
            break
        text, shown = text + line, shown + 1
    left = max(total, len(items)) - shown
    return f"{text}\n- … +{left}" if left else text


def _plain(text: str) -> str:
    """Without the characters that would make it markup."""
    return "".join(one for one in text if one not in "[]()<>*_`#\n\r")


def as_json(url: str, body: dict[str, Any], media_type: str = "application/json") -> Request:
    """A POST of the body as JSON."""
    written = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
    return Request(url, {"Content-Type": f"{media_type}; charset=utf-8"}, written)


def _body(item: Item) -> dict[str, Any]:
    return {
        "type": f"notice.{item.action}",
        "timestamp": item.at.isoformat(),
        "data": {
            "id": item.id,
            "kind": item.kind,
            "title": item.title,
            "title_en": item.title_en,
            "url": item.link,
            "user": item.user,
        },
    }


def signed(request: Request, message_id: str, seconds: int, *secrets: str) -> Request:
    """The request with the three headers of Standard Webhooks 1.0.0.

    Each secret signs: while one is exchanged for another, receivers know either.
    """
    told = f"{message_id}.{seconds}.".encode() + request.body
    keys = [base64.b64decode(secret.removeprefix("whsec_")) for secret in secrets]
    headers = {
        "webhook-id": message_id,
        "webhook-timestamp": str(seconds),
        "webhook-signature": " ".join(mark_of(told, key) for key in keys),
    }
    return Request(request.url, request.headers | headers, request.body)


def mark_of(told: bytes, key: bytes) -> str:
    """`v1,` and the base64 of HMAC-SHA256."""
    return "v1," + base64.b64encode(hmac.new(key, told, hashlib.sha256).digest()).decode()


def _signed_for_dingtalk(address: str, secret: str, milliseconds: int) -> str:
    """加签: HMAC-SHA256 over time and secret, keyed with the secret, in the query."""
    if not secret:
        return address
    told = f"{milliseconds}\n{secret}".encode()
    mark = base64.b64encode(hmac.new(secret.encode(), told, hashlib.sha256).digest()).decode()
    parts = urlsplit(address)
    query = [*parse_qsl(parts.query), ("timestamp", str(milliseconds)), ("sign", mark)]
    return parts._replace(query=urlencode(query)).geturl()


def _signed_for_feishu(secret: str, seconds: int) -> str:
    """签名校验: HMAC-SHA256 over nothing, keyed with time and secret."""
    key = f"{seconds}\n{secret}".encode()
    return base64.b64encode(hmac.new(key, b"", hashlib.sha256).digest()).decode()
