-- Who may decide about a release, delegates of the interested included (SoD, regulations II.3.3).

-- Its owners, the version's developers, and whoever has validated it or is validating it.
CREATE OR REPLACE FUNCTION mingce_is_interested(person uuid, release uuid) RETURNS boolean
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    RETURN EXISTS (
        SELECT 1 FROM registry_release r
        JOIN registry_modeluse u ON u.id = r.model_use_id
        JOIN registry_aimodel m ON m.id = u.model_id
        JOIN registry_usecase c ON c.id = u.use_case_id
        WHERE r.id = release AND person IN (m.owner_id, c.owner_id)
    ) OR EXISTS (
        SELECT 1 FROM registry_release r
        JOIN registry_versiondeveloper d ON d.version_id = r.version_id
        WHERE r.id = release AND d.user_id = person
    ) OR EXISTS (
        SELECT 1 FROM governance_validation v
        WHERE v.release_id = release AND v.validator_id = person
    );
END $$;

-- Barred themselves, or standing in that day for somebody interested: a delegation to a voter does
-- not turn the owner's interest into a vote.
CREATE OR REPLACE FUNCTION mingce_may_not_decide(person uuid, release uuid, on_day date)
RETURNS boolean LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    RETURN mingce_is_barred(person, release) OR EXISTS (
        SELECT 1 FROM registry_delegation d
        WHERE d.delegate_id = person AND d.revoked_at IS NULL
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
              AND d.revoked_at IS NULL AND d.body_code IN ('', ballot.body_code)
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
