-- Interest outlasts ownership, and endings only shorten (SoD, regulations II.3.3).

-- Whether the person owned the thing (a model or a use case) at some time after the given entry:
-- owns it now, or handed it over later than that. The ledger remembers every owner.
CREATE OR REPLACE FUNCTION mingce_has_owned(person uuid, about uuid, since bigint) RETURNS boolean
LANGUAGE sql STABLE
SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT EXISTS (
        SELECT 1 FROM (
            SELECT e.body::jsonb #>> '{state,owner_id}' AS owner,
                   lead(e.seq) OVER (ORDER BY e.seq) AS until
            FROM registry_entry e
            WHERE e.subject_id = about AND e.subject_type IN ('registry.aimodel', 'registry.usecase')
        ) told
        WHERE told.owner = person::text AND (told.until IS NULL OR told.until > since)
    );
$$;

-- The entry with which the row came into being.
CREATE OR REPLACE FUNCTION mingce_first_entry(about uuid) RETURNS bigint LANGUAGE sql STABLE
SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT min(e.seq) FROM registry_entry e WHERE e.subject_id = about;
$$;

-- Owners of a use: of its model and of its use case, now or at some time after the given entry.
CREATE OR REPLACE FUNCTION mingce_owns(person uuid, use uuid, since bigint)
RETURNS boolean LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    about record;
BEGIN
    SELECT m.id AS model, m.owner_id AS model_owner, c.id AS card, c.owner_id AS card_owner
      INTO about
      FROM registry_modeluse u
      JOIN registry_aimodel m ON m.id = u.model_id
      JOIN registry_usecase c ON c.id = u.use_case_id
     WHERE u.id = use;
    RETURN person IN (about.model_owner, about.card_owner)
        OR mingce_has_owned(person, about.model, since)
        OR mingce_has_owned(person, about.card, since);
END $$;

-- Neither the grader, nor an owner of today or since the grade's use, nor a developer confirms a
-- grade; no machine does.
CREATE OR REPLACE FUNCTION mingce_second_person_confirms() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF EXISTS (
        SELECT 1 FROM registry_grade g
        JOIN registry_modeluse u ON u.id = g.model_use_id
        JOIN registry_user p ON p.id = NEW.confirmed_by_id
        WHERE g.id = NEW.grade_id AND (
            g.graded_by_id = p.id OR p.kind <> 'person' OR p.is_superuser OR NOT p.is_active
            OR mingce_owns(p.id, u.id, mingce_first_entry(u.id))
            OR EXISTS (
                SELECT 1 FROM registry_modelversion v
                LEFT JOIN registry_versiondeveloper d ON d.version_id = v.id AND d.user_id = p.id
                WHERE v.model_id = u.model_id AND (d.id IS NOT NULL OR v.registered_by_id = p.id)
            ))
    ) THEN
        RAISE EXCEPTION 'a grade is confirmed by a second, independent person'
            USING ERRCODE = 'MC011';
    END IF;
    RETURN NEW;
END $$;

-- A role, a post or a seat that ends can end sooner; nothing that has ended begins again.
CREATE OR REPLACE FUNCTION mingce_only_shortens() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF NEW.valid_from <> OLD.valid_from
       OR (OLD.valid_to IS NOT NULL AND (NEW.valid_to IS NULL OR NEW.valid_to > OLD.valid_to)) THEN
        RAISE EXCEPTION 'an ending can only come sooner; give it anew instead'
            USING ERRCODE = 'MC020';
    END IF;
    RETURN NEW;
END $$;
