-- Every function of ours finds its tables and operators, whatever the session's path.
ALTER FUNCTION mingce_is_barred(uuid, uuid) SET search_path = pg_catalog, public, pg_temp;
ALTER FUNCTION mingce_vote_is_lawful() SET search_path = pg_catalog, public, pg_temp;
ALTER FUNCTION mingce_validator_is_independent() SET search_path = pg_catalog, public, pg_temp;
