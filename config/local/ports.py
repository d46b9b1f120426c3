"""Finds the TCP port on which the pages are served."""

import socket

from config.local.layout import LocalError

FIRST_PORT = 8000
_TRIES = 100


def is_free(port: int) -> bool:
    """True when nothing listens on the port of this machine's loopback address."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        # As the web server does, so that a connection that lingers does not count as a listener.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def first_free(start: int = FIRST_PORT) -> int:
    """The first free port from `start` on."""
    for port in range(start, min(start + _TRIES, 65536)):
        if is_free(port):
            return port
    raise LocalError(f"No free port from {start} on. Set PORT to one that is free.")


def requested(text: str | None) -> int:
    """The port that the person asked for, or the usual one."""
    if not text:
        return FIRST_PORT
    if not text.isdecimal() or not 0 < int(text) < 65536:
        raise LocalError(f"PORT must be a number from 1 to 65535, not {text!r}.")
    return int(text)
