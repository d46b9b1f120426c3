#!/bin/sh
# Run once by the PostgreSQL image, on an empty volume: two roles, one database.
# mingce_owner owns the tables and is used by migrations alone; mingce_app only uses them.
set -eu

: "${MINGCE_OWNER_PASSWORD:?is not set}"
: "${MINGCE_APP_PASSWORD:?is not set}"

psql --no-psqlrc --quiet --set ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname postgres \
    --set owner_password="$MINGCE_OWNER_PASSWORD" --set app_password="$MINGCE_APP_PASSWORD" <<'SQL'
CREATE ROLE mingce_owner LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS
    PASSWORD :'owner_password';
CREATE ROLE mingce_app LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS
    PASSWORD :'app_password';
CREATE DATABASE mingce OWNER mingce_owner;
REVOKE ALL ON DATABASE mingce FROM PUBLIC;
GRANT CONNECT ON DATABASE mingce TO mingce_app;
\connect mingce
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
ALTER SCHEMA public OWNER TO mingce_owner;
GRANT USAGE ON SCHEMA public TO mingce_app;
SQL
