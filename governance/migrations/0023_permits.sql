-- A permit is for the very bytes of its version, for a release of that version for that use; what was
-- revoked stays so, as it was revoked; what is accounted for stays so.
CREATE FUNCTION mingce_permit_is_true() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF TG_OP = 'UPDATE' THEN
        IF OLD.revoked_at IS NOT NULL
           AND (NEW.revoked_at, NEW.revoked_by_id, NEW.revoked_because, NEW.revoked_reason)
               IS DISTINCT FROM
               (OLD.revoked_at, OLD.revoked_by_id, OLD.revoked_because, OLD.revoked_reason) THEN
            RAISE EXCEPTION 'a revoked permit stays revoked' USING ERRCODE = 'MC025';
        END IF;
        IF OLD.accounted_at IS NOT NULL AND NEW.accounted_at IS DISTINCT FROM OLD.accounted_at THEN
            RAISE EXCEPTION 'a permit is accounted for once' USING ERRCODE = 'MC025';
        END IF;
        RETURN NEW;
    END IF;
    IF NEW.revoked_at IS NOT NULL OR NEW.accounted_at IS NOT NULL THEN
        RAISE EXCEPTION 'a new permit holds' USING ERRCODE = 'MC025';
    END IF;
    IF NEW.kind = 'normal' AND NOT EXISTS (
        SELECT 1 FROM registry_release r JOIN registry_modelversion v ON v.id = r.version_id
        WHERE r.id = NEW.release_id AND r.model_use_id = NEW.model_use_id
          AND v.id = NEW.version_id AND v.digest = NEW.digest
    ) THEN
        RAISE EXCEPTION 'a permit is for the bytes of its release''s version'
            USING ERRCODE = 'MC025';
    END IF;
    RETURN NEW;
END $$;

-- A break-glass permit rests on a request that another person has given, with a proof of their own.
CREATE FUNCTION mingce_break_glass_is_given() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF NEW.kind = 'break_glass' AND NOT EXISTS (
        SELECT 1 FROM governance_breakglass b
        JOIN registry_stepupuse u ON u.id = b.step_up_id
        JOIN registry_stepup p ON p.id = u.step_up_id
        WHERE b.permit_id = NEW.id AND b.state = 'given' AND b.answered_by_id <> b.asked_by_id
          AND b.model_use_id = NEW.model_use_id AND b.environment = NEW.environment
          AND u.subject = b.subject AND p.user_id = b.answered_by_id
          AND NEW.expires_at <= NEW.issued_at + make_interval(days => b.days)
    ) THEN
        RAISE EXCEPTION 'a break-glass permit is asked for by one and given by another'
            USING ERRCODE = 'MC025';
    END IF;
    RETURN NULL;
END $$;
