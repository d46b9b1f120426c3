-- Where files are, in one spelling: the same place is written with capitals in the scheme or the
-- host, with slashes or dots too many, or with blanks around.
CREATE FUNCTION mingce_place(location text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT lower(coalesce(substring(told FROM '^[^:/]+://[^/]*'), '')) || rtrim(
        regexp_replace(
            regexp_replace(
                substring(told FROM '^(?:[^:/]+://[^/]*)?(.*)$'), '(/\.)+(?=/|$)', '', 'g'
            ), '/{2,}', '/', 'g'
        ), '/?#')
    FROM (SELECT btrim(location, E' \t\n\r') AS told) t
$$;
