"""Production refuses to start with an unsafe setting, and names every one of them."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.architecture import house

SAFE = {
    "SECRET_KEY": "0123456789abcdef-f-is-for-tests-only-0123456789abc",
    "ALLOWED_HOSTS": "models.bank.example",
    "DATABASE_URL": "postgresql://mingce_app@db.bank.example/mingce",
    "DATABASE_OWNER_URL": "postgresql://mingce_owner@db.bank.example/mingce",
}
OURS = {
    *SAFE, "CLOCK_CAN_BE_SET", "DJANGO_SETTINGS_MODULE", "BEHIND_TLS_PROXY", "SECURE_SSL_REDIRECT",
    "SECURE_SSL_REDIRECT_OFF_IS_INTENDED",
}  # fmt: skip
NO_KEY = "SECRET_KEY must be set, with at least 50 characters."
WEAK_KEY = "SECRET_KEY must be random, not one piece over and over again."
NO_HOSTS = "ALLOWED_HOSTS must name the hosts, without wildcards ('*', '.example')."
NO_REDIRECT = (
    "SECURE_SSL_REDIRECT is off: set SECURE_SSL_REDIRECT_OFF_IS_INTENDED=true where nothing"
    " reaches this server except through TLS."
)
START = "import config.settings.production as it; print('started', it.DEBUG, it.CLOCK_CAN_BE_SET)"
WITH_CLOCK = f"import config.settings.base as base; base.CLOCK_CAN_BE_SET = True; {START}"


def started(
    changed: dict[str, str | None], program: str = START
) -> subprocess.CompletedProcess[str]:
    """Production's settings, read in a process of their own; None takes a variable away."""
    inherited = {key: value for key, value in os.environ.items() if key not in OURS}
    given = {key: value for key, value in (SAFE | changed).items() if value is not None}
    return subprocess.run(
        [sys.executable, "-c", program],
        cwd=house.PROJECT,
        env=inherited | given,
        capture_output=True,
        text=True,
        check=False,
    )


def faults(done: subprocess.CompletedProcess[str]) -> list[str]:
    """The faults that the refusal names."""
    return [line[2:] for line in done.stderr.splitlines() if line.startswith("- ")]


def test_safe_settings_start() -> None:
    done = started({})
    assert (done.returncode, done.stdout) == (0, "started False False\n"), done.stderr


@pytest.mark.parametrize(
    ("changed", "fault"),
    [
        ({"SECRET_KEY": None}, NO_KEY),
        ({"SECRET_KEY": SAFE["SECRET_KEY"][1:]}, NO_KEY),
        ({"SECRET_KEY": "k" * 60}, WEAK_KEY),
        ({"SECRET_KEY": "abcdefghi" * 6 + "aaaaaa"}, WEAK_KEY),
        ({"SECRET_KEY": "a-short-random-piece" * 3}, WEAK_KEY),
        ({"ALLOWED_HOSTS": "*"}, NO_HOSTS),
        ({"ALLOWED_HOSTS": "a.example,*"}, NO_HOSTS),
        ({"ALLOWED_HOSTS": "a.example, .com"}, NO_HOSTS),
        ({"ALLOWED_HOSTS": ".com"}, NO_HOSTS),
        ({"ALLOWED_HOSTS": ""}, NO_HOSTS),
        ({"ALLOWED_HOSTS": None}, NO_HOSTS),
        ({"SECURE_SSL_REDIRECT": "false"}, NO_REDIRECT),
        (
            {"DATABASE_URL": None},
            "DATABASE_URL must name the application's role and database.",
        ),
        (
            {"DATABASE_URL": "sqlite:////tmp/mingce.sqlite3"},
            "DATABASE_URL must be the address of a PostgreSQL database.",
        ),
        (
            {"DATABASE_URL": "mysql://mingce_app@db.bank.example/mingce"},
            "DATABASE_URL must be the address of a PostgreSQL database.",
        ),
        (
            {"DATABASE_OWNER_URL": "mysql://mingce_owner@db.bank.example/mingce"},
            "DATABASE_OWNER_URL must be the address of a PostgreSQL database.",
        ),
        (
            {"DATABASE_URL": "postgresql://db.bank.example/mingce"},
            "DATABASE_URL must name the application's role.",
        ),
        (
            {"DATABASE_OWNER_URL": SAFE["DATABASE_URL"]},
            "DATABASE_URL and DATABASE_OWNER_URL must be different roles.",
        ),
        (
            {"DATABASE_URL": "postgresql://postgres@db.bank.example/mingce"},
            "DATABASE_URL must not be the owner or a database superuser.",
        ),
        (
            {"DATABASE_URL": SAFE["DATABASE_OWNER_URL"], "DATABASE_OWNER_URL": None},
            "DATABASE_URL must not be the owner or a database superuser.",
        ),
    ],
)
def test_an_unsafe_setting_is_refused_and_named(changed: dict[str, str | None], fault: str) -> None:
    done = started(changed)
    assert (done.returncode, done.stdout) == (1, "")
    assert faults(done) == [fault]


def test_a_redirect_that_is_off_on_purpose_starts() -> None:
    off: dict[str, str | None] = {
        "SECURE_SSL_REDIRECT": "false",
        "SECURE_SSL_REDIRECT_OFF_IS_INTENDED": "true",
    }
    assert started(off).stdout == "started False False\n"


def test_a_clock_that_can_be_set_is_refused() -> None:
    done = started({}, WITH_CLOCK)
    assert done.returncode == 1
    assert faults(done) == ["CLOCK_CAN_BE_SET is for tests and demonstrations only."]


def test_every_fault_is_named_at_once() -> None:
    done = started({"SECRET_KEY": None, "ALLOWED_HOSTS": "*", "DATABASE_URL": None})
    assert faults(done) == [
        NO_KEY,
        NO_HOSTS,
        "DATABASE_URL must name the application's role and database.",
    ]


def test_the_environment_cannot_set_the_clock_free() -> None:
    done = started({"CLOCK_CAN_BE_SET": "true"})
    assert (done.returncode, done.stdout) == (0, "started False False\n")
