"""Exits with 0 when the web server of this container answers."""

import http.client
import os
import sys


def main() -> int:
    """0 when /healthz answers, or sends us to https as it does without a proxy in front; else 1."""
    # Django refuses a host that it does not know, so we use one that it does.
    host = os.environ.get("ALLOWED_HOSTS", "").split(",")[0].strip().lstrip(".") or "localhost"
    connection = http.client.HTTPConnection("127.0.0.1", 8000, timeout=4)
    try:
        headers = {"Host": host, "X-Forwarded-Proto": "https"}
        connection.request("GET", "/healthz", headers=headers)
        return 0 if connection.getresponse().status in (200, 301) else 1
    except (OSError, http.client.HTTPException):
        return 1
    finally:
        connection.close()


if __name__ == "__main__":
    sys.exit(main())
