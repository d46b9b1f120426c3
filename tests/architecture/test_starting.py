"""A server of production does not start on a database that is not fit for it."""

from __future__ import annotations

from io import StringIO
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.management import CommandError, call_command
from django.db import connection

from config.starting import refuse_unsafe
from governance.desk.demo import schema
from governance.desk.demo import services as demo
from registry.core.ledger.services import granting
from tests import conftest
from tests.refusals import execute

ROLE_HINT = "Use the role of DATABASE_URL that `manage.py prepare_database` has granted to."
DEMO = "the database holds the demo story, whose accounts share one written password"


@pytest.fixture
def guarded_start(settings: Any) -> None:
    settings.UNSAFE_START_REFUSED = True


@pytest.mark.django_db
def test_the_tests_own_database_is_fit_for_production(guarded_start: None) -> None:
    assert granting.excesses() == []
    call_command("check", deploy=True, tags=["installation"])


@pytest.mark.faults
def test_a_superuser_is_refused_at_the_start(committed: str, guarded_start: None) -> None:
    user = urlsplit(conftest.ADMIN_URL).username
    connection.settings_dict["USER"] = user
    connection.close()
    told = f"the role {user} is a database superuser"
    with pytest.raises(ImproperlyConfigured) as refusal:
        refuse_unsafe()
    assert str(refusal.value) == f"Unsafe production database:\n- {told}. {ROLE_HINT}"
    with pytest.raises(CommandError, match=told):
        call_command("check", deploy=True, tags=["installation"])


@pytest.mark.faults
def test_the_owner_of_the_tables_is_refused_at_the_start(
    committed: str, guarded_start: None
) -> None:
    connection.settings_dict["USER"] = "mingce_owner"
    connection.close()
    owns, makes, changes = granting.excesses()
    assert (
        owns == "the role mingce_owner owns tables or functions, or may act as the role that does"
    )
    assert makes == "the role mingce_owner may make objects in the schema of the tables"
    assert changes.startswith("the role mingce_owner may change what is append-only: governance_")
    with pytest.raises(ImproperlyConfigured):
        refuse_unsafe()


@pytest.mark.faults
@pytest.mark.parametrize(
    ("name", "statement", "told"),
    [
        (
            "a privilege on the ledger",
            "GRANT DELETE ON registry_entry TO mingce_app",
            "the role mingce_app may change what is append-only: registry_entry",
        ),
        (
            "objects of its own",
            "GRANT CREATE ON SCHEMA public TO mingce_app",
            "the role mingce_app may make objects in the schema of the tables",
        ),
    ],
)
def test_one_privilege_too_many_is_named(
    name: str, statement: str, told: str, committed: str
) -> None:
    connection.settings_dict["USER"] = "mingce_owner"
    connection.close()
    execute(statement)
    connection.close()
    connection.settings_dict["USER"] = "mingce_app"
    assert granting.excesses() == [told]


@pytest.mark.django_db
def test_a_database_with_a_free_clock_is_refused_at_the_start(
    guarded_start: None, settings: Any
) -> None:
    settings.CLOCK_CAN_BE_SET = False
    told = "the database takes entries that were recorded at another time than its own"
    hint = "Run `manage.py prepare_database` with the settings of production."
    with pytest.raises(ImproperlyConfigured) as refusal:
        refuse_unsafe()
    assert str(refusal.value) == f"Unsafe production database:\n- {told}. {hint}"


@pytest.mark.faults
def test_production_prepares_a_database_with_a_strict_clock(
    committed: str, guarded_start: None, settings: Any
) -> None:
    settings.CLOCK_CAN_BE_SET = False
    call_command("prepare_database", verbosity=0, stdout=StringIO())
    assert granting.clock_is_free() is False
    refuse_unsafe()


@pytest.mark.django_db
def test_the_demo_story_is_refused_at_the_start(
    guarded_start: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert demo.is_loaded() is False
    told = schema.read_institution(demo.FOLDER).model_copy(update={"document": "总行发〔2026〕1号"})
    monkeypatch.setattr(schema, "read_institution", lambda folder: told)
    assert demo.is_loaded() is True
    with pytest.raises(CommandError, match=DEMO):
        call_command("check", deploy=True, tags=["installation"])


@pytest.mark.django_db
def test_other_settings_start_without_looking(django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(0):
        refuse_unsafe()
