-- Who may sign a review off (SoD, regulations II.3.3): another than who did it is a check constraint;
-- who owns, built or validated the release, vendor staff, machines and technical administrators
-- are kept out here. The system signs nothing.
CREATE OR REPLACE FUNCTION mingce_review_is_lawful() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF NEW.state NOT IN ('signed_off', 'recorded') THEN
        RETURN NULL;
    END IF;
    IF NEW.release_id IS NOT NULL AND mingce_is_barred(NEW.signed_off_by_id, NEW.release_id) THEN
        RAISE EXCEPTION 'owner, developer, validator, vendor staff, machines and technical'
            ' administrators do not sign reviews off' USING ERRCODE = 'MC013';
    END IF;
    IF EXISTS (
        SELECT 1 FROM registry_user p WHERE p.id = NEW.signed_off_by_id
        AND (p.kind <> 'person' OR p.is_superuser OR p.is_vendor_staff)
    ) THEN
        RAISE EXCEPTION 'a person of the institution signs reviews off' USING ERRCODE = 'MC013';
    END IF;
    RETURN NULL;
END $$;

-- What an explainability review found is written while the review is open, and stays afterwards.
CREATE OR REPLACE FUNCTION mingce_explanation_is_open() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF NOT EXISTS (
        SELECT 1 FROM governance_review r WHERE r.id = NEW.review_id AND r.state = 'planned'
    ) THEN
        RAISE EXCEPTION 'this review has been handed in; what it found stays'
            USING ERRCODE = 'MC023';
    END IF;
    RETURN NEW;
END $$;
