"""The second lock: what the database refuses to the application's own role, whatever the code."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from django.apps import apps
from django.db import DatabaseError, connection, connections, transaction

from governance.lifecycle import services as lifecycle
from registry.catalogue.models import AIModel
from registry.classification import services as classification
from registry.core import clock
from registry.core.ledger import queries, rules
from registry.core.ledger import services as ledger
from registry.core.ledger.models import Governed, WarrantUse
from registry.core.ledger.services import Warrant
from registry.core.ledger.services.granting import is_append_only, privileges
from registry.core.policy.models import PackRelease
from registry.releases import services as releases
from registry.releases import staging
from registry.releases.models import Release
from registry.usecases.models import ModelUse
from tests import story
from tests.forging import about, forge
from tests.refusals import changes, execute, footprint, refused_by_database, state_of
from tests.world import person

DENIED = "42501"
APPEND_ONLY = ("registry_entry", "governance_vote", "governance_ballotseat", "registry_document")
GOVERNED = tuple(
    model._meta.db_table
    for model in apps.get_models()
    if issubclass(model, Governed) and not is_append_only(model)
)
NEW_MODEL = (
    "INSERT INTO registry_aimodel (id, row_version, code, name_zh, name_en, former_names,"
    " description, entity_id, owner_id, is_confidential, tier, search_text, search_grams,"
    " registered_at) SELECT gen_random_uuid(), %s, 'AIM-X', '影子', '', '{}', '', entity_id,"
    " owner_id, false, '', '', '{}', now() FROM registry_aimodel LIMIT 1"
)
NEW_RELEASE = (
    "INSERT INTO registry_release (id, row_version, code, model_use_id, version_id, stage,"
    " stage_since, validation_conclusion, explainability_level, approved_digest,"
    " version_is_fixed)"
    " SELECT gen_random_uuid(), 1, 'REL-X', model_use_id, NULL, %s, now(), '', '', '', false"
    " FROM registry_release LIMIT 1"
)


@pytest.mark.django_db
@pytest.mark.parametrize("table", APPEND_ONLY)
@pytest.mark.parametrize(
    ("name", "statement"),
    [
        ("update", "UPDATE {} SET {}={}"),
        ("delete", "DELETE FROM {}"),
        ("truncate", "TRUNCATE {} CASCADE"),
    ],
)
def test_the_application_may_not_change_append_only_tables(
    table: str, name: str, statement: str
) -> None:
    column = "body" if table == "registry_entry" else "row_version"
    with refused_by_database(DENIED):
        execute(statement.format(table, column, column))


def test_triggers_refuse_even_the_owner_who_changes_append_only_tables(committed: str) -> None:
    approval = story.to_approval(story.register())
    story.vote(approval, "sun")
    before = footprint()
    for table in APPEND_ONLY:
        column = "body" if table == "registry_entry" else "row_version"
        for statement in (
            f"UPDATE {table} SET {column}={column}",  # noqa: S608 (constant names)
            f"DELETE FROM {table}",  # noqa: S608 (constant names)
            f"TRUNCATE {table} CASCADE",
        ):
            with pytest.raises(DatabaseError) as caught, connections["owner"].cursor() as cursor:
                cursor.execute(statement)
            assert (statement, state_of(caught.value)) == (statement, "MC002")
    assert changes(before) == {}


def test_triggers_refuse_even_the_owner_who_deletes_governed_rows(committed: str) -> None:
    story.register()
    before = footprint()
    for table in ("registry_aimodel", "registry_release", "registry_user"):
        statements = {
            f"DELETE FROM {table}": "MC003",  # noqa: S608 (constant names)
            f"TRUNCATE {table} CASCADE": "MC002",
        }
        for statement, state in statements.items():
            with pytest.raises(DatabaseError) as caught, connections["owner"].cursor() as cursor:
                cursor.execute(statement)
            assert (statement, state_of(caught.value)) == (statement, state)
    assert changes(before) == {}


@pytest.mark.django_db
@pytest.mark.parametrize("table", GOVERNED)
def test_the_application_may_neither_delete_nor_truncate_governed_tables(table: str) -> None:
    for statement in (f"DELETE FROM {table}", f"TRUNCATE {table} CASCADE"):  # noqa: S608
        with refused_by_database(DENIED):
            execute(statement)


@pytest.mark.django_db
def test_every_table_grants_the_application_no_more_than_it_needs() -> None:
    with connection.cursor() as cursor:
        for model in apps.get_models(include_auto_created=True):
            cursor.execute(
                "SELECT string_agg(kind, ', ' ORDER BY place) FROM unnest(ARRAY['SELECT',"
                " 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'TRIGGER', 'REFERENCES'])"
                " WITH ORDINALITY AS k(kind, place)"
                " WHERE has_table_privilege(current_user, %s, kind)",
                [model._meta.db_table],
            )
            assert cursor.fetchone()[0] == privileges(model), model._meta.db_table


@pytest.mark.django_db
def test_the_application_owns_nothing_and_has_no_special_power() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT current_user, rolsuper, rolcreatedb, rolcreaterole, rolbypassrls,"
            " (SELECT count(*) FROM pg_class WHERE relowner = r.oid),"
            " (SELECT count(*) FROM pg_proc WHERE proowner = r.oid)"
            " FROM pg_roles r WHERE rolname = current_user"
        )
        assert cursor.fetchone() == ("mingce_app", False, False, False, False, 0, 0)


@pytest.mark.django_db
def test_every_governed_table_has_its_guards_and_none_goes_through_a_switchable_wrapper() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT c.relname, p.proname, t.tgenabled FROM pg_trigger t"
            " JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_proc p ON p.oid = t.tgfoid"
            " WHERE NOT t.tgisinternal"
        )
        rows = cursor.fetchall()
    assert {name for _, name, _ in rows if not name.startswith("mingce_")} == set()
    assert {enabled for _, _, enabled in rows} == {"O"}
    by_table: dict[str, set[str]] = {}
    for table, name, _ in rows:
        by_table.setdefault(table, set()).add(name)
    for model in queries.governed_models():
        held = by_table.get(model._meta.db_table, set())
        assert {"mingce_no_silent_write", "mingce_append_only"} <= held, model
        assert is_append_only(model) or "mingce_governed" in held, model


# --- rows


def release_at_s0() -> Release:
    return story.register().release


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("name", "stage", "state"),
    [
        ("a jump to production", "S5", "MC007"),
        ("a stage that does not exist", "S9", "MC007"),
        ("a step without entry and warrant", "S1", "MC006"),
    ],
)
def test_the_stage_does_not_move_by_raw_sql(name: str, stage: str, state: str) -> None:
    release = release_at_s0()
    connection.check_constraints()
    with refused_by_database(state):
        execute(
            "UPDATE registry_release SET stage=%s, row_version=row_version+1 WHERE id=%s",
            stage,
            release.pk,
        )


@pytest.mark.django_db
@pytest.mark.parametrize("stage", ["S1", "S2", "S3", "S4", "S5", "S8"])
def test_no_release_is_born_beyond_inception(stage: str) -> None:
    release_at_s0()
    with refused_by_database("MC007"):
        execute(NEW_RELEASE, stage)


@pytest.mark.django_db
def test_a_release_born_at_inception_without_an_entry_is_refused_at_commit() -> None:
    release_at_s0()
    with refused_by_database("MC006"):
        assert execute(NEW_RELEASE, "S0") == 1


@pytest.mark.django_db
def test_a_model_that_appears_silently_is_refused_at_commit() -> None:
    release_at_s0()
    with refused_by_database("MC006"):
        assert execute(NEW_MODEL, 1) == 1


@pytest.mark.django_db
def test_a_new_row_with_another_version_than_one_is_refused() -> None:
    release_at_s0()
    with refused_by_database("MC004"):
        execute(NEW_MODEL, 7)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("name", "change", "state"),
    [
        ("silent", "name_zh='改', row_version=row_version+1", "MC006"),
        ("row version not raised", "name_zh='改'", "MC004"),
        ("row version raised by two", "name_zh='改', row_version=row_version+2", "MC004"),
        ("row version lowered", "name_zh='改', row_version=row_version-1", "MC004"),
        ("code changed", "code='AIM-X', row_version=row_version+1", "MC005"),
        ("age changed", "registered_at=now(), row_version=row_version+1", "MC005"),
        ("key changed", "id=gen_random_uuid(), row_version=row_version+1", "MC004"),
    ],
)
def test_a_model_does_not_change_by_raw_sql(name: str, change: str, state: str) -> None:
    release_at_s0()
    connection.check_constraints()
    with refused_by_database(state):
        assert execute(f"UPDATE registry_aimodel SET {change}") == 1  # noqa: S608


@pytest.mark.django_db
def test_a_bulk_update_through_the_orm_is_refused_too() -> None:
    release_at_s0()
    with refused_by_database("MC004"):
        AIModel.objects.update(name_zh="改")


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("name", "table", "column", "value"),
    [
        ("version's digest", "registry_modelversion", "digest", "repeat('a', 64)"),
        ("version's label", "registry_modelversion", "label", "'9.9'"),
        ("release's use", "registry_release", "model_use_id", "gen_random_uuid()"),
        ("use's entity", "registry_modeluse", "entity_id", "gen_random_uuid()"),
        ("pack's content", "registry_packrelease", "content", "'{}'"),
        ("person's kind", "registry_user", "kind", "'machine'"),
        ("entity's code", "registry_legalentity", "code", "'XX'"),
        ("seat's holder", "governance_seat", "user_id", "gen_random_uuid()"),
    ],
)
def test_business_keys_are_permanent(name: str, table: str, column: str, value: str) -> None:
    release_at_s0()
    connection.check_constraints()
    with refused_by_database("MC005"):
        execute(f"UPDATE {table} SET {column}={value}, row_version=row_version+1")  # noqa: S608


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("name", "statement", "state"),
    [
        (
            "silent write",
            "UPDATE registry_aimodel SET name_zh='改', row_version=row_version+1",
            "MC006",
        ),
        ("row version", "UPDATE registry_aimodel SET name_zh='改'", "MC004"),
        ("stage", "UPDATE registry_release SET stage='S5', row_version=row_version+1", "MC007"),
        (
            "permanent key",
            "UPDATE registry_user SET kind='machine', row_version=row_version+1",
            "MC005",
        ),
    ],
)
def test_the_ignore_switch_of_the_trigger_library_does_not_help(
    name: str, statement: str, state: str
) -> None:
    release_at_s0()
    connection.check_constraints()
    names = [
        f"{model._meta.app_label}.{model.__name__}:{trigger.name}"
        for model in apps.get_models()
        for trigger in getattr(model._meta, "triggers", ())
    ]
    with connection.cursor() as cursor:
        cursor.execute("SELECT tgname FROM pg_trigger WHERE NOT tgisinternal")
        names += [row[0] for row in cursor.fetchall()]
        assert len(names) > 100
        cursor.execute(
            "SELECT set_config('pgtrigger.ignore', %s, false)", ["{" + ",".join(names) + "}"]
        )
    with refused_by_database(state):
        execute(statement)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("name", "statement"),
    [
        ("triggers switched off", "SET session_replication_role = replica"),
        ("a trigger disabled", "ALTER TABLE registry_aimodel DISABLE TRIGGER ALL"),
        ("a trigger dropped", "DROP FUNCTION mingce_no_silent_write() CASCADE"),
        (
            "a function replaced",
            "CREATE OR REPLACE FUNCTION mingce_utc(moment timestamptz)"
            " RETURNS text LANGUAGE sql AS $$ SELECT '' $$",
        ),
        ("the owner's role taken", "SET ROLE mingce_owner"),
        ("a table made", "CREATE TABLE public.shadow (id int)"),
    ],
)
def test_the_application_can_not_take_the_guards_away(name: str, statement: str) -> None:
    with pytest.raises(DatabaseError) as caught, transaction.atomic():
        execute(statement)
    assert state_of(caught.value) == DENIED


@pytest.mark.django_db
def test_the_application_can_not_grant_itself_a_privilege() -> None:
    execute("GRANT UPDATE, DELETE ON registry_entry TO mingce_app")  # a warning, no effect
    with refused_by_database(DENIED):
        execute("UPDATE registry_entry SET body = body")


# --- entries


@pytest.mark.django_db
def test_a_forged_number_hash_and_transaction_are_overruled() -> None:
    seq, head = queries.head()
    entry = forge()
    (line,) = queries.lines(after=seq)
    assert (entry.seq, line.prev, line.hash) == (seq + 1, head, rules.entry_hash(line))
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT xid = pg_current_xact_id() FROM registry_entry WHERE seq=%s", [seq + 1]
        )
        assert cursor.fetchone() == (True,)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("name", "columns", "state"),
    [
        ("a body of two lines", {"body": "{\n}"}, "MC001"),
        ("a kind that is no dotted words", {"kind": "Looked"}, "23514"),
        ("a subject that is no label", {"subject_type": "entity"}, "23514"),
    ],
)
def test_an_entry_that_could_be_read_in_two_ways_is_refused(
    name: str, columns: dict[str, object], state: str
) -> None:
    with refused_by_database(state):
        forge(**columns)


@pytest.mark.django_db
def test_a_number_of_an_entry_is_given_once() -> None:
    uid = forge().uid
    with refused_by_database("23505"):
        forge(uid=uid)


@pytest.mark.django_db
def test_an_entry_of_another_version_does_not_excuse_a_silent_write() -> None:
    release_at_s0()
    model = AIModel.objects.get()
    connection.check_constraints()
    with refused_by_database("MC006"):
        execute("UPDATE registry_aimodel SET name_zh='改', row_version=row_version+1")
        about(model, {}, row_version=model.row_version)


SINCE = "2030-01-01T00:00:00.000000Z"
CHANGED = "stage_since='2030-01-01 00:00+00'"


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("name", "change", "state"),
    [
        ("nothing", CHANGED, None),
        ("the old value", CHANGED, {}),
        ("another value", CHANGED, {"stage_since": "2031-01-01T00:00:00.000000Z"}),
        ("the moment as a number", CHANGED, {"stage_since": 1893456000}),
        ("a false value beside the true one", CHANGED, {"stage_since": SINCE, "stage": "S5"}),
        ("a column too many", CHANGED, {"stage_since": SINCE, "shadow": 1}),
        ("null for a text", "approved_digest=''", {"approved_digest": None}),
    ],
)
def test_an_entry_that_does_not_say_what_the_row_holds_excuses_nothing(
    name: str, change: str, state: dict[str, Any] | None
) -> None:
    release = release_at_s0()
    connection.check_constraints()
    told = {"body": '{"state":{}}'} if state is None else {}
    with refused_by_database("MC006"):
        execute(f"UPDATE registry_release SET {change}, row_version=row_version+1")  # noqa: S608
        about(release, state or {}, **told)


def told_falsely(release: Release) -> None:
    """One column changed that the entry does not tell, and one told that has not changed."""
    with transaction.atomic():
        execute("UPDATE registry_release SET stage_since=now(), row_version=row_version+1")
        about(release, {"stage": "S5"})
        connection.check_constraints()


@pytest.mark.django_db
def test_the_refusal_names_the_columns_that_differ() -> None:
    release = release_at_s0()
    connection.check_constraints()
    with pytest.raises(DatabaseError) as caught:
        told_falsely(release)
    assert str(caught.value).splitlines()[0] == (
        f"the entry of registry.release {release.pk} version {release.row_version + 1} does not"
        " say what the row holds in stage, stage_since"
    )


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("name", "spelling"),
    [
        ("as canonical JSON spells it", SINCE),
        ("in another zone", "2030-01-01T08:00:00+08:00"),
    ],
)
def test_a_moment_is_the_same_however_it_is_spelled(name: str, spelling: str) -> None:
    release = release_at_s0()
    connection.check_constraints()
    execute(f"UPDATE registry_release SET {CHANGED}, row_version=row_version+1")  # noqa: S608
    about(release, {"stage_since": spelling})
    connection.check_constraints()


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("the password itself", "new"),
        ("any salted digest", "salted:" + "a" * 64),
        ("a digest with another salt", rules.personal_digest("other", "new")),
    ],
)
def test_a_personal_column_is_told_by_the_digest_of_its_value_alone(name: str, told: str) -> None:
    user = person("wang")
    connection.check_constraints()
    with refused_by_database("MC006"):
        execute(
            "UPDATE registry_user SET password='new', row_version=row_version+1 WHERE id=%s",
            user.pk,
        )
        about(user, {"password": told})


@pytest.mark.django_db
def test_an_entry_tells_of_a_row_version_what_the_ledger_told_before() -> None:
    release = release_at_s0()
    connection.check_constraints()
    present = release.row_version
    about(release, {}, row_version=present)
    for state in ({"stage": "S5"}, {"approved_digest": "a" * 64}):
        with refused_by_database("MC014"):
            about(release, state, row_version=present)
    with refused_by_database("MC014"):
        about(release, {}, row_version=present, body='{"state":{}}')


# --- warrants

TO_S1 = "of a move to S1"


def granted(release: Release, kind: str = "lifecycle.move_granted", digest: str = TO_S1) -> Warrant:
    digest = staging.move_digest(release, "S1") if digest == TO_S1 else digest
    with ledger.act(person("wang")) as act:
        return act.note(release, kind, digest=digest)


def move(release: Release, warrant: Warrant | None, **changed: object) -> None:
    """S0 to S1 with an entry, past staging.py: only the database stands in the way."""
    with ledger.act(person("wang")) as act:
        act.update(release, "release.moved", {"stage": "S1"})
        if warrant is not None:
            WarrantUse.objects.create(
                **{
                    "entry_id": warrant.entry,
                    "purpose": warrant.kind,
                    "subject_type": "registry.release",
                    "subject_id": release.pk,
                    "row_version": release.row_version,
                    "digest": warrant.digest,
                }
                | changed
            )


@pytest.mark.django_db
def test_with_its_warrant_the_stage_moves() -> None:
    release = release_at_s0()
    move(release, granted(release))
    connection.check_constraints()
    assert Release.objects.get().stage == "S1"


@pytest.mark.django_db
def test_a_stage_does_not_move_without_a_warrant() -> None:
    release = release_at_s0()
    with refused_by_database("MC008"):
        move(release, None)


@pytest.mark.django_db
def test_a_warrant_is_used_once() -> None:
    release = release_at_s0()
    warrant = granted(release)
    move(release, warrant)
    connection.check_constraints()
    with refused_by_database("23505"), ledger.act(person("wang")) as act:
        act.update(release, "release.moved", {"stage": "S2", "version_is_fixed": True})
        act.spend(warrant, release)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("name", "kind", "digest", "changed", "state"),
    [
        (
            "of another kind",
            "approval.granted",
            TO_S1,
            {"purpose": "lifecycle.move_granted"},
            "MC009",
        ),
        ("spent under its own other kind", "approval.granted", TO_S1, {}, "MC008"),
        ("without a digest", "lifecycle.move_granted", "", {}, "MC017"),
        ("with another digest", "lifecycle.move_granted", TO_S1, {"digest": "e" * 64}, "MC017"),
        ("of another row version", "lifecycle.move_granted", TO_S1, {"row_version": 9}, "MC008"),
        (
            "that does not exist",
            "lifecycle.move_granted",
            TO_S1,
            {"entry_id": uuid.UUID(int=7)},
            "MC008",
        ),
        (
            "of another type of thing",
            "lifecycle.move_granted",
            TO_S1,
            {"subject_type": "registry.aimodel"},
            "MC009",
        ),
    ],
)
def test_a_warrant_that_does_not_match_moves_nothing(
    name: str, kind: str, digest: str, changed: dict[str, object], state: str
) -> None:
    release = release_at_s0()
    warrant = granted(release, kind, digest)
    connection.check_constraints()
    with refused_by_database(state):
        move(release, warrant, **changed)


@pytest.mark.django_db
def test_a_warrant_for_another_release_moves_nothing() -> None:
    release = release_at_s0()
    other = story.register(name="另一个模型").release
    warrant = granted(other)
    with refused_by_database("MC017"):
        move(release, warrant)


@pytest.mark.django_db
def test_a_warrant_for_one_stage_does_not_open_another() -> None:
    release = release_at_s0()
    warrant = granted(release, digest=staging.move_digest(release, "S1"))
    before = footprint()
    with pytest.raises(ValueError, match="The warrant is about another move."):
        staging.move(actor=person("wang"), release=release, to="S8", warrant=warrant)
    assert changes(before) == {}


@pytest.mark.django_db
def test_a_warrant_for_one_state_does_not_approve_another() -> None:
    release = release_at_s0()
    warrant = granted(release, "approval.granted")
    before = footprint()
    with pytest.raises(ValueError, match="The warrant is about another state."):
        releases.record_approval(
            actor=person("gao"),
            release=release,
            digest="e" * 64,
            until=clock.today(),
            warrant=warrant,
        )
    assert changes(before) == {}


@pytest.mark.django_db
def test_a_warrant_for_one_tier_does_not_lower_to_another() -> None:
    use = release_at_s0().model_use
    wang = person("wang")
    grade = classification.assess(actor=wang, use_id=use.pk, inputs=story.inputs(story.PLAIN))
    with ledger.act(wang) as act:
        digest = classification.lowering_digest(use, "III")
        warrant = act.note(use, "grading.lowering_granted", digest=digest)
    before = footprint()
    with pytest.raises(ValueError, match="The warrant is about another tier."):
        classification.confirm(
            actor=person("sun"), grade_id=grade.pk, reason="已核对,适当降低。", warrant=warrant
        )
    assert changes(before) == {}


@pytest.mark.django_db
def test_a_promotion_spends_exactly_one_warrant() -> None:
    told = story.register()
    story.hand_in(told.release, "ethics_review")
    story.confirm_grade(told)
    before = footprint()
    lifecycle.promote(actor=person("wang"), release_id=told.release.pk, to="S1")
    assert changes(before) == {
        "registry_entry": (2, 0),
        "registry_release": (0, 1),
        "registry_warrantuse": (1, 0),
    }


@pytest.mark.django_db
def test_the_tier_is_not_lowered_without_a_warrant() -> None:
    use = release_at_s0().model_use
    with refused_by_database("MC008"), ledger.act(person("sun")) as act:
        act.update(use, "use.grade_shown", {"tier": "IV"})


@pytest.mark.django_db
def test_the_tier_is_raised_without_a_warrant() -> None:
    use = release_at_s0().model_use
    with ledger.act(person("sun")) as act:
        act.update(use, "use.grade_shown", {"tier": "I"})
    connection.check_constraints()
    assert ModelUse.objects.get().tier == "I"


@pytest.mark.django_db
def test_a_lower_grade_confirmed_past_governance_is_refused_at_commit() -> None:
    use = release_at_s0().model_use
    grade = classification.assess(
        actor=person("wang"), use_id=use.pk, inputs=story.inputs(story.PLAIN)
    )
    assert ModelUse.objects.get().tier == "II"
    with refused_by_database("MC008"):
        classification.confirm(actor=person("sun"), grade_id=grade.pk, reason="已核对,适当降低。")


@pytest.mark.django_db
def test_an_approval_is_not_written_into_the_release_without_a_warrant() -> None:
    release = release_at_s0()
    with refused_by_database("MC008"), ledger.act(person("gao")) as act:
        act.update(release, "release.approved", {"approved_digest": "a" * 64})


@pytest.mark.django_db
def test_no_policy_pack_is_put_out_of_force_without_a_warrant() -> None:
    pack = PackRelease.objects.get(state="active")
    with refused_by_database("MC008"), ledger.act(person("gao")) as act:
        act.update(pack, "pack.superseded", {"state": "superseded"})


# --- segregation below the services


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("name", "username"),
    [("its grader and owner", "wang"), ("a developer", "li"), ("a machine", "pipeline")],
)
def test_a_grade_is_not_confirmed_by_raw_sql(name: str, username: str) -> None:
    use = release_at_s0().model_use
    with refused_by_database("MC011"):
        execute(
            "INSERT INTO registry_gradeconfirmation (id, row_version, grade_id, confirmed_by_id,"
            " reason, confirmed_at) VALUES (gen_random_uuid(), 1, %s, %s, '', now())",
            use.grades.get().pk,
            person(username).pk,
        )


@pytest.mark.django_db
def test_a_step_up_is_not_spent_on_another_paper_by_raw_sql() -> None:
    execute(
        "INSERT INTO registry_stepup (id, user_id, subjects, proved_at, expires_at)"
        " VALUES (%s, %s, %s, now(), now() + interval '15 minutes')",
        uuid.UUID(int=9),
        person("sun").pk,
        ["a" * 64],
    )
    use = (
        "INSERT INTO registry_stepupuse (step_up_id, subject, used_at)"
        " VALUES (%s, %s, now() + %s::interval)"
    )
    with refused_by_database("MC010"):
        execute(use, uuid.UUID(int=9), "b" * 64, "0")
    with refused_by_database("MC010"):
        execute(use, uuid.UUID(int=9), "a" * 64, "15 minutes")
    assert execute(use, uuid.UUID(int=9), "a" * 64, "14 minutes") == 1
    with refused_by_database("23505"):
        execute(use, uuid.UUID(int=9), "a" * 64, "14 minutes")
