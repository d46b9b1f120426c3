"""The demo accounts: one random password per installation, and a file that lists them."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from governance.desk.demo.schema import Person

# Without letters and figures that look alike.
_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"
ADMINISTRATORS = (("admin1", "安建平"), ("admin2", "安国栋"))


def new_password() -> str:
    """Sixteen random letters and figures, about 79 bits, in groups of four."""
    groups = ("".join(secrets.choice(_LETTERS) for _ in range(4)) for _ in range(4))
    return "-".join(groups)


def write(path: Path, password: str, people: tuple[Person, ...]) -> None:
    """The file lists the accounts, their password and what each can do; only its owner reads it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(path.name + ".partial")
    handle = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    os.fchmod(handle, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as out:
        out.write(_text(password, people))
    partial.replace(path)


def _text(password: str, people: tuple[Person, ...]) -> str:
    lines = [
        "演示账户 Demonstration accounts",
        f"密码（全部账户相同） Password of all accounts: {password}",
        "",
    ]
    rows = [(one.username, one.name, one.can.zh, one.can.en) for one in people]
    rows += [
        (
            username,
            name,
            "系统管理员：管理人员与角色，不参与治理决定",
            "administrator: people and roles",
        )
        for username, name in ADMINISTRATORS
    ]
    lines += [f"{user:<14} {name}  {zh} / {en}" for user, name, zh, en in rows]
    return "\n".join(lines) + "\n"
