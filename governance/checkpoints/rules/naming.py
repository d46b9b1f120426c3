"""What a case is called: a name that tells neither the decision nor why somebody looks at it. Pure.

Whoever looks at a decision a second time, or at one that is known to be wrong, shall not see so.
"""

from __future__ import annotations

import base64
import hashlib
import hmac

LETTERS = 12  # 60 bits: among a million cases two are alike once in two million registers


def code_of(key: bytes, decision: str, kind: str) -> str:
    """CAS-7K2M-QX4T-ABCD: the same for the same decision (batch-position) and kind of case."""
    digest = hmac.digest(key, f"case:{decision}:{kind}".encode(), hashlib.sha256)
    name = base64.b32encode(digest).decode()[:LETTERS]
    return "-".join(["CAS", *(name[at : at + 4] for at in range(0, LETTERS, 4))])
