-- Who may decide about a release (SoD, regulations II.3.3): interest outlasts ownership, the third
-- line and administrators decide nothing, and standing in for somebody takes an acceptance.

-- Its owners of today or since it was opened, the version's developers and registrant, and whoever
-- has validated it or is validating it.
CREATE OR REPLACE FUNCTION mingce_owns_or_built(person uuid, release uuid) RETURNS boolean
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    about record;
BEGIN
    SELECT r.model_use_id, r.version_id INTO about FROM registry_release r WHERE r.id = release;
    RETURN mingce_owns(person, about.model_use_id, mingce_first_entry(release)) OR EXISTS (
        SELECT 1 FROM registry_versiondeveloper d
        WHERE d.version_id = about.version_id AND d.user_id = person
    ) OR EXISTS (
        SELECT 1 FROM registry_modelversion v
        WHERE v.id = about.version_id AND v.registered_by_id = person
    );
END $$;

CREATE OR REPLACE FUNCTION mingce_is_interested(person uuid, release uuid) RETURNS boolean
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    RETURN mingce_owns_or_built(person, release) OR EXISTS (
        SELECT 1 FROM governance_validation v
        WHERE v.release_id = release AND v.validator_id = person
    );
END $$;

CREATE OR REPLACE FUNCTION mingce_is_barred(person uuid, release uuid) RETURNS boolean
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    RETURN NOT EXISTS (
        SELECT 1 FROM registry_user p
        WHERE p.id = person AND p.kind = 'person' AND p.is_active
          AND NOT p.is_superuser AND NOT p.is_vendor_staff
    ) OR mingce_is_interested(person, release);
END $$;

-- Barred themselves, of the third line or an administrator that day, or standing in that day for
-- somebody interested: a delegation to a voter does not turn the owner's interest into a vote.
CREATE OR REPLACE FUNCTION mingce_may_not_decide(person uuid, release uuid, on_day date)
RETURNS boolean LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    RETURN mingce_is_barred(person, release) OR EXISTS (
        SELECT 1 FROM registry_roleassignment a
        WHERE a.user_id = person AND a.role IN ('audit', 'supervisor', 'administrator')
          AND a.valid_from <= on_day AND (a.valid_to IS NULL OR a.valid_to >= on_day)
    ) OR EXISTS (
        SELECT 1 FROM registry_delegation d
        WHERE d.delegate_id = person AND d.accepted_at IS NOT NULL AND d.revoked_at IS NULL
          AND on_day BETWEEN d.valid_from AND d.valid_to
          AND mingce_is_interested(d.principal_id, release)
    );
END $$;

CREATE OR REPLACE FUNCTION mingce_vote_is_lawful() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    ballot record;
    cast_on date := (NEW.cast_at AT TIME ZONE 'UTC')::date;
BEGIN
    SELECT s.state AS step_state, a.state AS approval_state, a.dossier_digest, a.release_id,
           b.eligible, b.barred_reason, b.step_id, b.holder_id, s.body_code
      INTO ballot
      FROM governance_ballotseat b
      JOIN governance_step s ON s.id = b.step_id
      JOIN governance_approval a ON a.id = s.approval_id
     WHERE b.id = NEW.seat_id;
    IF ballot.step_id IS DISTINCT FROM NEW.step_id OR ballot.step_state <> 'open'
       OR ballot.approval_state <> 'open' THEN
        RAISE EXCEPTION 'this step is not open for votes' USING ERRCODE = 'MC012';
    END IF;
    IF ballot.dossier_digest <> NEW.dossier_digest THEN
        RAISE EXCEPTION 'the vote is not about the locked papers' USING ERRCODE = 'MC012';
    END IF;
    IF ballot.barred_reason <> '' OR NOT (
        (NEW.voter_id = ANY (ballot.eligible) AND NEW.on_behalf_of_id IS NULL)
        OR (NEW.on_behalf_of_id = ballot.holder_id AND EXISTS (
            SELECT 1 FROM registry_delegation d
            WHERE d.principal_id = ballot.holder_id AND d.delegate_id = NEW.voter_id
              AND d.accepted_at IS NOT NULL AND d.revoked_at IS NULL
              AND d.body_code IN ('', ballot.body_code)
              AND cast_on
                  BETWEEN d.valid_from - 1 AND d.valid_to + 1))
    ) THEN
        RAISE EXCEPTION 'this person has no vote on this seat' USING ERRCODE = 'MC013';
    END IF;
    IF mingce_may_not_decide(NEW.voter_id, ballot.release_id, cast_on)
       OR (NEW.on_behalf_of_id IS NOT NULL
           AND mingce_is_barred(NEW.on_behalf_of_id, ballot.release_id)) THEN
        RAISE EXCEPTION 'owner, developer, validator, their delegates, vendor staff, machines and'
            ' technical administrators never vote' USING ERRCODE = 'MC013';
    END IF;
    IF NOT EXISTS (
        SELECT 1 FROM registry_stepupuse u JOIN registry_stepup p ON p.id = u.step_up_id
        WHERE u.id = NEW.step_up_id AND u.subject = NEW.dossier_digest
          AND p.user_id = NEW.voter_id
    ) THEN
        RAISE EXCEPTION 'the vote needs the voter''s own step-up for these papers'
            USING ERRCODE = 'MC013';
    END IF;
    RETURN NEW;
END $$;
