"""MLflow's webhooks: Standard Webhooks with other names of the headers."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping

MOST_APART = 300  # seconds between the sender's clock and ours


def signs(secret: str, headers: Mapping[str, str], body: bytes, now: float) -> bool:
    """Whether MLflow has signed the body with the secret, within the last minutes.

    headers: names in small letters; now: seconds since 1970. MLflow signs
    `{delivery id}.{timestamp}.{body}` by HMAC-SHA256 with the secret as it is written.
    """
    key, stamp = headers.get("x-mlflow-delivery-id", ""), headers.get("x-mlflow-timestamp", "")
    if not secret or not key or not stamp.isascii() or not stamp.isdigit() or len(stamp) > 12:
        return False
    if abs(now - int(stamp)) > MOST_APART:
        return False
    told = f"{key}.{stamp}.".encode() + body
    made = hmac.new(secret.encode(), told, hashlib.sha256).digest()
    wanted = "v1," + base64.b64encode(made).decode()
    given = headers.get("x-mlflow-signature", "").split()
    return any(hmac.compare_digest(one.encode(), wanted.encode()) for one in given)
