"""REST: people, the tree they work in, roles, tokens, step-ups, and who the caller is."""

from registry.core.people.api.institution import DepartmentDoor, EntityDoor, HoldingDoor, PostDoor
from registry.core.people.api.myself import MyselfDoor, StepUpDoor
from registry.core.people.api.people import PersonDoor
from registry.core.people.api.roles import DelegationDoor, RoleDoor
from registry.core.people.api.tokens import TokenDoor

__all__ = [
    "DelegationDoor",
    "DepartmentDoor",
    "EntityDoor",
    "HoldingDoor",
    "MyselfDoor",
    "PersonDoor",
    "PostDoor",
    "RoleDoor",
    "StepUpDoor",
    "TokenDoor",
]
