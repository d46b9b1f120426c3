-- Who may say what runs somewhere, and that a difference does not matter (SoD, regulations II.3.3).

-- Where approval is needed: nobody who owns the model or one of its uses or ever did since it was
-- registered, nobody who has built a version of it, no machine, no administrator, no third line.
CREATE FUNCTION mingce_may_not_clear(person uuid, model uuid, on_day date) RETURNS boolean
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    RETURN NOT EXISTS (
        SELECT 1 FROM registry_user p
        WHERE p.id = person AND p.kind = 'person' AND p.is_active
          AND NOT p.is_superuser AND NOT p.is_vendor_staff
    ) OR EXISTS (
        SELECT 1 FROM registry_roleassignment a
        WHERE a.user_id = person AND a.role IN ('audit', 'supervisor', 'administrator')
          AND a.valid_from <= on_day AND (a.valid_to IS NULL OR a.valid_to >= on_day)
    ) OR EXISTS (
        SELECT 1 FROM registry_aimodel m WHERE m.id = model AND m.owner_id = person
    ) OR mingce_has_owned(person, model, 0) OR EXISTS (
        SELECT 1 FROM registry_modeluse u
        WHERE u.model_id = model AND mingce_owns(person, u.id, mingce_first_entry(u.id))
    ) OR EXISTS (
        SELECT 1 FROM registry_modelversion v
        LEFT JOIN registry_versiondeveloper d ON d.version_id = v.id AND d.user_id = person
        WHERE v.model_id = model AND (d.id IS NOT NULL OR v.registered_by_id = person)
    );
END $$;

-- A difference is answered by a person; what runs where approval is needed, by one who may clear it.
CREATE FUNCTION mingce_sighting_is_lawful() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF NEW.state NOT IN ('accepted', 'dismissed') OR OLD.state = NEW.state THEN
        RETURN NEW;
    END IF;
    IF NOT EXISTS (SELECT 1 FROM registry_user p
                   WHERE p.id = NEW.decided_by_id AND p.kind = 'person' AND p.is_active) THEN
        RAISE EXCEPTION 'a difference is answered by a person' USING ERRCODE = 'MC029';
    END IF;
    IF NEW.model_id IS NOT NULL AND mingce_needs_approval(NEW.source_id)
       AND (NEW.kind = 'identity_mismatch'
            OR (NEW.kind = 'version_drift' AND NEW.state = 'dismissed'))
       AND mingce_may_not_clear(
           NEW.decided_by_id, NEW.model_id, (NEW.state_since AT TIME ZONE 'UTC')::date) THEN
        RAISE EXCEPTION 'what runs is cleared by model risk management, without an interest in it'
            USING ERRCODE = 'MC029';
    END IF;
    RETURN NEW;
END $$;

-- A name is linked by a person; which version it is, where approval is needed, by one who may clear.
CREATE FUNCTION mingce_known_name_is_lawful() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM registry_user p
                   WHERE p.id = NEW.linked_by_id AND p.kind = 'person') THEN
        RAISE EXCEPTION 'a name is linked by a person' USING ERRCODE = 'MC029';
    END IF;
    IF NEW.known_version_id IS NULL OR NOT NEW.is_open THEN
        RETURN NEW;
    END IF;
    IF NOT EXISTS (SELECT 1 FROM registry_modelversion v
                   WHERE v.id = NEW.known_version_id AND v.model_id = NEW.model_id) THEN
        RAISE EXCEPTION 'a version there is one of the model''s' USING ERRCODE = 'MC029';
    END IF;
    IF mingce_needs_approval(NEW.source_id) AND mingce_may_not_clear(
        NEW.linked_by_id, NEW.model_id, (NEW.linked_at AT TIME ZONE 'UTC')::date) THEN
        RAISE EXCEPTION 'which version runs is said by model risk management, without an interest'
            USING ERRCODE = 'MC029';
    END IF;
    RETURN NEW;
END $$;

CREATE FUNCTION mingce_needs_approval(source uuid) RETURNS boolean LANGUAGE sql STABLE
SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT EXISTS (SELECT 1 FROM registry_source s
                   WHERE s.id = source AND s.environment IN ('pilot', 'production'));
$$;
