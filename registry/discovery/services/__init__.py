"""Discovery's verbs: open a source, look at it, decide about the differences."""

from registry.discovery.services.asking import MESSAGES, asked_by_webhook, trouble_in_words
from registry.discovery.services.deciding import accept, dismiss, link, register
from registry.discovery.services.pruning import prune
from registry.discovery.services.scanning import (
    JOB,
    do_job,
    request_scan,
    scan,
    scan_when_due,
    take_in,
    wake,
)
from registry.discovery.services.sources import (
    NewSource,
    close_source,
    open_source,
    renew_source,
)

__all__ = [
    "JOB",
    "MESSAGES",
    "NewSource",
    "accept",
    "asked_by_webhook",
    "close_source",
    "dismiss",
    "do_job",
    "link",
    "open_source",
    "prune",
    "register",
    "renew_source",
    "request_scan",
    "scan",
    "scan_when_due",
    "take_in",
    "trouble_in_words",
    "wake",
]
