-- Segregation of duties in the database (SoD rules, regulations II.3.3): whatever the door.

-- Who may never decide about a release: its owners, the version's developers, its validators,
-- vendor staff, machines, technical administrators, and people who have left.
CREATE OR REPLACE FUNCTION mingce_is_barred(person uuid, release uuid) RETURNS boolean
LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN EXISTS (
        SELECT 1 FROM registry_user p WHERE p.id = person AND (
            p.kind <> 'person' OR p.is_superuser OR p.is_vendor_staff OR NOT p.is_active)
    ) OR NOT EXISTS (
        SELECT 1 FROM registry_user p WHERE p.id = person
    ) OR EXISTS (
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
        SELECT 1 FROM governance_validation v WHERE v.release_id = release
        AND v.validator_id = person
    );
END $$;

CREATE OR REPLACE FUNCTION mingce_vote_is_lawful() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    ballot record;
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
              AND (NEW.cast_at AT TIME ZONE 'UTC')::date
                  BETWEEN d.valid_from - 1 AND d.valid_to + 1))
    ) THEN
        RAISE EXCEPTION 'this person has no vote on this seat' USING ERRCODE = 'MC013';
    END IF;
    IF mingce_is_barred(NEW.voter_id, ballot.release_id)
       OR (NEW.on_behalf_of_id IS NOT NULL
           AND mingce_is_barred(NEW.on_behalf_of_id, ballot.release_id)) THEN
        RAISE EXCEPTION 'owner, developer, validator, vendor staff, machines and technical'
            ' administrators never vote' USING ERRCODE = 'MC013';
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

CREATE OR REPLACE FUNCTION mingce_validator_is_independent() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        SELECT 1 FROM registry_user p WHERE p.id = NEW.validator_id AND (
            p.kind <> 'person' OR p.is_superuser OR p.is_vendor_staff OR NOT p.is_active)
    ) OR EXISTS (
        SELECT 1 FROM registry_release r
        JOIN registry_modeluse u ON u.id = r.model_use_id
        JOIN registry_aimodel m ON m.id = u.model_id
        JOIN registry_usecase c ON c.id = u.use_case_id
        LEFT JOIN registry_versiondeveloper d
               ON d.version_id = r.version_id AND d.user_id = NEW.validator_id
        WHERE r.id = NEW.release_id
          AND (NEW.validator_id IN (m.owner_id, c.owner_id) OR d.id IS NOT NULL)
    ) THEN
        RAISE EXCEPTION 'a validator is neither owner nor developer nor vendor staff'
            USING ERRCODE = 'MC013';
    END IF;
    RETURN NEW;
END $$;
