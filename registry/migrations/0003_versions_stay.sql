-- Once a release has been in validation, what was validated is what it stays.
CREATE OR REPLACE FUNCTION mingce_version_stays() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF OLD.version_is_fixed
       AND (NEW.version_id IS DISTINCT FROM OLD.version_id OR NOT NEW.version_is_fixed) THEN
        RAISE EXCEPTION 'the version of a release that has been in validation stays'
            USING ERRCODE = 'MC016';
    END IF;
    IF NEW.stage IN ('S2', 'S3', 'S4', 'S5') AND OLD.stage IN ('S0', 'S1')
       AND NOT NEW.version_is_fixed THEN
        RAISE EXCEPTION 'entering validation fixes the version of a release' USING ERRCODE = 'MC016';
    END IF;
    RETURN NEW;
END $$;
