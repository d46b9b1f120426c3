"""The notices' verbs: tell, read, deliver by mail, post over channels."""

from registry.core.notices.services.channels import (
    NewChannel,
    close_channel,
    open_channel,
    retry_failed,
    try_channel,
)
from registry.core.notices.services.delivering import deliver
from registry.core.notices.services.posting import post
from registry.core.notices.services.telling import Line, read, settle, tell, tell_many

__all__ = [
    "Line",
    "NewChannel",
    "close_channel",
    "deliver",
    "open_channel",
    "post",
    "read",
    "retry_failed",
    "settle",
    "tell",
    "tell_many",
    "try_channel",
]
