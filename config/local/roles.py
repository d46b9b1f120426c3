"""The two database roles: one owns the tables, the other only uses them."""

from urllib.parse import urlsplit, urlunsplit

import psycopg
from psycopg import Connection, sql

OWNER = "mingce_owner"
APPLICATION = "mingce_app"
DATABASE = "mingce"

# Neither role may pass by row security, make databases or roles, or act as a superuser.
_LIMITS = sql.SQL("LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS")


def prepare(admin_url: str, database: str = DATABASE) -> None:
    """Both roles and the database exist, and only the owner may create objects in it."""
    with psycopg.connect(admin_url, autocommit=True) as connection:
        # Two test processes that begin together would both make the roles.
        connection.execute("SELECT pg_advisory_lock(hashtext('mingce roles'))")
        prepare_roles(connection)
        _create_database(connection, database)
    with psycopg.connect(admin_url, autocommit=True, dbname=database) as connection:
        _close_public_schema(connection)


def prepare_roles(connection: Connection, password: str | None = None) -> None:
    """Both roles exist, with the password if one is given, and no more power than they need."""
    for name in (OWNER, APPLICATION):
        found = connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [name]).fetchone()
        verb = sql.SQL("ALTER ROLE" if found else "CREATE ROLE")
        connection.execute(sql.SQL("{} {} {}").format(verb, sql.Identifier(name), _LIMITS))
        if password is not None:
            change = sql.SQL("ALTER ROLE {} PASSWORD {}")
            connection.execute(change.format(sql.Identifier(name), sql.Literal(password)))


def address(admin_url: str, role: str, database: str, password: str | None = None) -> str:
    """The same server, under another role and with another database."""
    parts = urlsplit(admin_url)
    place = parts.netloc.rpartition("@")[2]
    login = role if password is None else f"{role}:{password}"
    return urlunsplit((parts.scheme, f"{login}@{place}", f"/{database}", parts.query, ""))


def _create_database(connection: Connection, database: str) -> None:
    name = sql.Identifier(database)
    found = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [database])
    if found.fetchone() is None:
        create = sql.SQL("CREATE DATABASE {} OWNER {}")
        connection.execute(create.format(name, sql.Identifier(OWNER)))
    connection.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(name))
    grant = sql.SQL("GRANT CONNECT ON DATABASE {} TO {}")
    connection.execute(grant.format(name, sql.Identifier(APPLICATION)))


def _close_public_schema(connection: Connection) -> None:
    connection.execute("REVOKE CREATE ON SCHEMA public FROM PUBLIC")
    # From PostgreSQL 15 on, the schema's owner is not the database's.
    own = sql.SQL("ALTER SCHEMA public OWNER TO {}")
    connection.execute(own.format(sql.Identifier(OWNER)))
    usage = sql.SQL("GRANT USAGE ON SCHEMA public TO {}")
    connection.execute(usage.format(sql.Identifier(APPLICATION)))
