"""The notices' verbs: tell, read, deliver by mail, post over channels."""

from registry.core.notices.services.channels import (
    NewChannel,
    check_host,
    check_secret,
    close_channel,
    new_secret,
    open_channel,
    retry_failed,
    try_channel,
    vault_keys,
)
from registry.core.notices.services.delivering import deliver
from registry.core.notices.services.guarded import Answer, allowed, exchange
from registry.core.notices.services.outgoing import send
from registry.core.notices.services.posting import post
from registry.core.notices.services.telling import Line, read, settle, tell, tell_many

__all__ = [
    "Answer",
    "Line",
    "NewChannel",
    "allowed",
    "check_host",
    "check_secret",
    "close_channel",
    "deliver",
    "exchange",
    "new_secret",
    "open_channel",
    "post",
    "read",
    "retry_failed",
    "send",
    "settle",
    "tell",
    "tell_many",
    "try_channel",
    "vault_keys",
]
