"""What the application's database role may do: the second lock behind the triggers."""

from __future__ import annotations

from django.apps import apps
from django.conf import settings
from django.db import connections, models
from psycopg import sql

from registry.core.ledger.models import Governed


def is_append_only(model: type[models.Model]) -> bool:
    """Whether the table's triggers refuse every change."""
    return any(trigger.name == "append_only" for trigger in getattr(model._meta, "triggers", ()))


def privileges(model: type[models.Model]) -> str:
    """The least that the application needs on the model's table."""
    if is_append_only(model):
        return "SELECT, INSERT"
    if issubclass(model, Governed):
        return "SELECT, INSERT, UPDATE"
    return "SELECT, INSERT, UPDATE, DELETE"


def excesses(using: str = "default") -> list[str]:
    """What the role of this connection may do and the application's must not, in words."""
    with connections[using].cursor() as cursor:
        cursor.execute(_POWERS)
        role, is_super, *powers = cursor.fetchone()
        if is_super:
            return [f"the role {role} is a database superuser"]
        found = [told % role for told, has in zip(_TOLD, powers, strict=True) if has]
        cursor.execute(
            "SELECT string_agg(name, ', ' ORDER BY name) FROM unnest(%s::text[]) name"
            " WHERE has_table_privilege(current_user, name, 'UPDATE, DELETE, TRUNCATE')",
            [[one._meta.db_table for one in apps.get_models() if is_append_only(one)]],
        )
        (tables,) = cursor.fetchone()
    return [*found, *([f"the role {role} may change what is append-only: {tables}"] * bool(tables))]


# `excesses`: the role, whether it is a superuser, and whether it has each power of _TOLD.
_TOLD = (
    "the role %s may make roles or databases, replicate, or pass by row security",
    "the role %s owns tables or functions, or may act as the role that does",
    "the role %s may switch triggers off",
    "the role %s may make objects in the schema of the tables",
)
_POWERS = """
    SELECT current_user::text, rolsuper,
        rolcreaterole OR rolcreatedb OR rolreplication OR rolbypassrls,
        EXISTS (SELECT FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace
                AND pg_has_role(current_user, c.relowner, 'MEMBER'))
        OR EXISTS (SELECT FROM pg_proc p WHERE p.pronamespace = 'public'::regnamespace
                   AND pg_has_role(current_user, p.proowner, 'MEMBER')),
        has_parameter_privilege(current_user, 'session_replication_role', 'SET'),
        has_schema_privilege(current_user, 'public', 'CREATE')
    FROM pg_roles WHERE rolname = current_user
"""


def clock_is_free(using: str = "default") -> bool:
    """Whether the database takes entries that are recorded at another time than its own."""
    with connections[using].cursor() as cursor:
        cursor.execute("SELECT mingce_clock_is_free()")
        (is_free,) = cursor.fetchone()
    return bool(is_free)


def free_clock(*, allowed: bool, using: str = "owner") -> None:
    """The database takes entries of any time (tests, the demo), or of its own time alone.

    A function says so and no setting does, since every session may change a setting.
    """
    if clock_is_free(using) == allowed:
        return
    with connections[using].cursor() as cursor:
        cursor.execute(
            sql.SQL(
                "CREATE OR REPLACE FUNCTION mingce_clock_is_free() RETURNS boolean"
                " LANGUAGE sql STABLE AS {}"
            ).format(sql.Literal(f"SELECT {allowed}".lower()))
        )


def grant(using: str = "owner") -> int:
    """The application's role has these privileges and no others; returns the number of tables."""
    role = sql.Identifier(str(settings.DATABASES["default"]["USER"]))
    models_ = apps.get_models(include_auto_created=True)
    with connections[using].cursor() as cursor:
        everything = sql.SQL("REVOKE ALL ON ALL TABLES IN SCHEMA public FROM {}").format(role)
        cursor.execute(everything)
        for model in models_:
            statement = sql.SQL("GRANT {} ON {} TO {}").format(
                sql.SQL(privileges(model)), sql.Identifier(model._meta.db_table), role
            )
            cursor.execute(statement)
        cursor.execute(sql.SQL("GRANT SELECT ON django_migrations TO {}").format(role))
        sequences = sql.SQL("GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {}")
        cursor.execute(sequences.format(role))
    return len(models_)
