"""Webhooks' verbs: open, change, rotate, pause, resume, close; claim, send, try, replay, prune."""

from governance.webhooks.services.claiming import claim, wake
from governance.webhooks.services.opening import (
    Changed,
    NewSubscription,
    change_subscription,
    close_subscription,
    open_subscription,
    pause_subscription,
    resume_subscription,
    rotate_secret,
)
from governance.webhooks.services.pruning import prune
from governance.webhooks.services.replaying import Replayed, replay
from governance.webhooks.services.sending import address_of, post, try_subscription

__all__ = [
    "Changed",
    "NewSubscription",
    "Replayed",
    "address_of",
    "change_subscription",
    "claim",
    "close_subscription",
    "open_subscription",
    "pause_subscription",
    "post",
    "prune",
    "replay",
    "resume_subscription",
    "rotate_secret",
    "try_subscription",
    "wake",
]
