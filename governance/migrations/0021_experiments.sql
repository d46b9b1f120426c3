-- What an experiment's version was claimed as is of the model that its name was claimed for, and stays.
CREATE OR REPLACE FUNCTION mingce_claimed_version() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND OLD.version_id IS NOT NULL
        AND OLD.version_id IS DISTINCT FROM NEW.version_id THEN
        RAISE EXCEPTION 'what an experiment was claimed as stays' USING ERRCODE = 'MC026';
    END IF;
    IF TG_OP = 'UPDATE' AND OLD.is_deleted AND NOT NEW.is_deleted THEN
        RAISE EXCEPTION 'a deleted version stays deleted' USING ERRCODE = 'MC026';
    END IF;
    IF NEW.version_id IS NOT NULL AND NOT EXISTS (
        SELECT 1 FROM governance_registeredmodel r
        JOIN registry_modelversion v ON v.model_id = r.model_id
        WHERE r.id = NEW.registered_id AND v.id = NEW.version_id
    ) THEN
        RAISE EXCEPTION 'an experiment is claimed as a version of the model of its name'
            USING ERRCODE = 'MC026';
    END IF;
    RETURN NULL;
END $$;

-- An alias points to a living version of its own name, or nowhere.
CREATE OR REPLACE FUNCTION mingce_own_version() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF NEW.version_id IS NOT NULL AND NOT EXISTS (
        SELECT 1 FROM governance_registeredversion v
        WHERE v.id = NEW.version_id AND v.registered_id = NEW.registered_id AND NOT v.is_deleted
    ) THEN
        RAISE EXCEPTION 'an alias points to a version of its own name' USING ERRCODE = 'MC026';
    END IF;
    RETURN NULL;
END $$;

-- A name stays claimed and deleted, and its numbers never come back.
CREATE OR REPLACE FUNCTION mingce_experiment_stays() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF OLD.model_id IS NOT NULL AND OLD.model_id IS DISTINCT FROM NEW.model_id THEN
        RAISE EXCEPTION 'a claimed name stays with its model' USING ERRCODE = 'MC026';
    END IF;
    IF OLD.model_id IS NOT NULL AND OLD.name <> NEW.name THEN
        RAISE EXCEPTION 'a claimed name stays' USING ERRCODE = 'MC026';
    END IF;
    IF OLD.is_deleted AND NOT NEW.is_deleted THEN
        RAISE EXCEPTION 'a deleted name stays deleted' USING ERRCODE = 'MC026';
    END IF;
    IF NEW.last_number < OLD.last_number THEN
        RAISE EXCEPTION 'numbers of versions never come back' USING ERRCODE = 'MC026';
    END IF;
    RETURN NEW;
END $$;
