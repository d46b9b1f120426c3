"""The notices' verbs: tell, read, deliver."""

from registry.core.notices.services.delivering import deliver
from registry.core.notices.services.telling import Line, read, settle, tell, tell_many

__all__ = ["Line", "deliver", "read", "settle", "tell", "tell_many"]
