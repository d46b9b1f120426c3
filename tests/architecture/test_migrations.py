"""The migrations are the models', and every governed table has its guards, in fact too."""

from __future__ import annotations

import io
from typing import Any

import pytest
from django.apps import apps
from django.core.management import call_command
from django.db import connection
from django.db.models import Model

from registry.core.ledger.models import Governed
from tests import conftest
from tests.architecture import house

Functions = dict[str, dict[str, str]]  # station → signature → definition

MODELS = [model for app in house.APPS for model in apps.get_app_config(app).get_models()]
GOVERNED = [model for model in MODELS if issubclass(model, Governed)]
# Tables whose rows need no entry of their own, and why.
UNGOVERNED = {
    "registry.Entry": "the ledger itself: append-only and chained",
    "registry.WarrantUse": "append-only; each names the entry that it spends",
    "registry.StepUp": "append-only; a proof of a moment, named by what it permitted",
    "registry.StepUpUse": "append-only; named by the vote that it permitted",
    "registry.FailedProof": "append-only; a wrong password, counted for a while",
    "registry.Cursor": "the dispatcher's place; the ledger can be read again",
    "registry.Held": "the dispatcher's parking place; the ledger can be read again",
    "registry.Job": "the progress of long work",
    "registry.Delivery": "a mail's progress; what it tells lies in the inbox",
    "registry.Notice": "an inbox; what it tells is in the ledger",
    "governance.Reminder": "append-only; its effects stand in the ledger",
    "governance.Feed": "how far a webhook has been told; what it tells stands in the ledger",
    "governance.Enrichment": "what a tracking server told; the claim's entry says what was taken",
    "governance.Loading": "a day on which somebody asked; it keeps an experiment from expiring",
    "governance.Pace": "how far a webhook has been told; the ledger can be read again",
    "governance.Sending": "a message's progress, pruned by age; its event stands in the ledger",
    "governance.Posting": "a message's progress; what it tells stands in the ledger",
    "governance.ClockWarning": "append-only; what follows stands in the ledger",
    "governance.Batch": "append-only; its root lies under a seal, which has its entry",
    "governance.Decision": "append-only; its text lies under its batch's root",
    "governance.DecisionKey": "append-only; that a reference is told once",
    "governance.Observation": "append-only; its text lies under its report's digest",
    "governance.Reading": "derived from the observations, for lists and sweeps",
    "governance.QueryRun": "when Prometheus is asked next, and how it went",
    "registry.Scan": "one look at a source; what it found stands in sightings",
    "registry.Seen": "a copy of what somebody else's system shows",
    "registry.IdempotencyRecord": "a door's answer, kept for a week",
}
PATH = "search_path=pg_catalog, public, pg_temp"
APPEND_ONLY = {
    "registry.Entry", "registry.WarrantUse", "registry.StepUp", "registry.StepUpUse",
    "registry.FailedProof", "governance.Reminder", "governance.ClockWarning",
    "governance.Batch", "governance.Decision", "governance.DecisionKey", "governance.Observation",
}  # fmt: skip


def _guards(model: type[Model]) -> dict[str, str]:
    """The model's triggers: name → the SQL function that each runs."""
    return {one.name: one.runs for one in getattr(model._meta, "triggers", ())}


def _label(model: type[Model]) -> str:
    return model._meta.label


@pytest.mark.django_db(databases=["default", "owner"])
def test_no_migration_is_missing() -> None:
    told = io.StringIO()
    call_command("makemigrations", check=True, dry_run=True, stdout=told)
    assert told.getvalue() == "No changes detected\n"


def test_every_model_is_governed_or_says_why_not() -> None:
    strangers = {_label(model) for model in MODELS} - {_label(model) for model in GOVERNED}
    assert strangers == UNGOVERNED.keys()


@pytest.mark.parametrize("model", GOVERNED, ids=_label)
def test_no_governed_row_is_written_silently(model: type[Governed]) -> None:
    (guard,) = (one for one in model._meta.triggers if one.name == "no_silent_write")  # type: ignore[attr-defined]  # pgtrigger's
    told = [",".join(columns) for columns in (model.derived_fields, model.personal_fields)]
    more = "".join(f", '{one}'" for one in told) if any(told) else ""
    label = model._meta.label_lower
    assert model._meta.db_table == label.replace(".", "_")  # so the database finds a row's table
    assert guard.render_execute(model) == f"mingce_no_silent_write('{label}'{more})"


@pytest.mark.parametrize("model", GOVERNED, ids=_label)
def test_a_governed_table_is_versioned_or_append_only(model: type[Model]) -> None:
    """Never both: what is inserted once has no versions."""
    guards = _guards(model)
    assert ("governed" in guards) is not ("append_only" in guards)
    assert guards["never_truncated"] == "mingce_append_only()"
    if "governed" in guards:
        assert guards["governed"].startswith(f"mingce_governed('{model._meta.label_lower}'")
    else:
        assert guards["append_only"] == "mingce_append_only()"


@pytest.mark.parametrize("label", sorted(APPEND_ONLY))
def test_an_ungoverned_append_only_table_is_never_changed(label: str) -> None:
    guards = _guards(apps.get_model(label))
    assert guards["append_only"] == guards["never_truncated"] == "mingce_append_only()"


@pytest.mark.django_db
def test_the_database_has_every_guard_switched_on() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT tgrelid::regclass::text, tgname FROM pg_trigger"
            " WHERE tgenabled IN ('O', 'A') AND NOT tgisinternal"
        )
        found = set(cursor.fetchall())
    wanted = {
        (model._meta.db_table, trigger.get_pgid(model))
        for model in MODELS
        for trigger in getattr(model._meta, "triggers", ())
    }
    assert wanted - found == set()


@pytest.mark.django_db
def test_every_function_of_ours_finds_its_tables_whatever_the_sessions_path() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT proname, proconfig FROM pg_proc p JOIN pg_language l ON l.oid = p.prolang"
            " WHERE proname LIKE 'mingce%' AND lanname = 'plpgsql'"
        )
        found = dict(cursor.fetchall())
    assert len(found) == 43
    assert {name for name, told in found.items() if told != [PATH]} == set()


@pytest.fixture(scope="module")
def walked(django_db_setup: None, django_db_blocker: Any) -> Functions:
    """Our functions at each station of the way back to the first migrations and forth again."""
    found = {}
    with django_db_blocker.unblock(), conftest.copy_of(conftest.WORLD):
        found["before"] = _functions()
        _migrate("0003")
        found["taken back"] = _functions()
        _migrate("0001")
        _migrate("0003")
        found["applied"] = _functions()
        call_command("prepare_database", verbosity=0, stdout=io.StringIO())
        found["after"] = _functions()
    return found


@pytest.mark.faults
def test_the_later_migrations_can_be_taken_back_and_applied_again(walked: Functions) -> None:
    assert walked["after"] == walked["before"]


@pytest.mark.faults
def test_functions_that_are_taken_back_are_those_from_before(walked: Functions) -> None:
    assert walked["taken back"] == walked["applied"]


def _migrate(registry: str) -> None:
    """Governance stands on registry's tables: both go together."""
    call_command("migrate", "governance", "0001", database="owner", verbosity=0)
    call_command("migrate", "registry", registry, database="owner", verbosity=0)


def _functions() -> dict[str, str]:
    """Our functions, as the database defines them."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT p.oid::regprocedure::text, pg_get_functiondef(p.oid) FROM pg_proc p"
            " WHERE proname LIKE 'mingce%'"
        )
        return dict(cursor.fetchall())
