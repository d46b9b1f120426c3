"""RI-12: what an agent may do by itself, by its decision right and its scope. Pure.

The three levels are those of 智能体规范应用与创新发展实施意见 Art. 6. Whatever the level, an action
that the scope does not name never goes on by itself (金发8号 (六): deny by default). It is held for
a named person rather than answered `restricted`: for that a gateway may have a fallback, and nobody
would see what the agent tried. Where nobody answers it is denied.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Right(StrEnum):
    """决策权限: who decides what the agent does."""

    USER_DECIDES = "user_decides"  # 仅限用户本人决策: it reads and prepares, no more
    USER_AUTHORISES = "user_authorises"  # 需由用户授权决策: each action beyond reading
    AGENT_DECIDES = "agent_decides"  # 智能体自主决策: within the limits of a session


class ActionClass(StrEnum):
    """What an action does to the world."""

    READ = "read"
    WRITE = "write"
    PAYMENT = "payment"
    MESSAGE = "message"
    DELETE = "delete"


class Why(StrEnum):
    """Why an action waits for a person."""

    BEYOND_SCOPE = "beyond_scope"
    NEEDS_AUTHORITY = "needs_authority"


@dataclass(frozen=True, slots=True)
class Scope:
    """行为边界: each action with its class; `counted`: those that a limit of the plan counts."""

    right: Right
    actions: Mapping[str, ActionClass]
    counted: frozenset[str] = frozenset()

    def why_waits(self, output: object) -> Why | None:
        """Why this action waits for a person; None where it goes on by itself.

        Beyond reading an agent acts by itself only at the highest level, and only what is counted.
        """
        found = self.actions.get(output) if isinstance(output, str) else None
        if found is None:
            return Why.BEYOND_SCOPE
        if found is ActionClass.READ:
            return None
        acts = self.right is Right.AGENT_DECIDES and output in self.counted
        return None if acts else Why.NEEDS_AUTHORITY
