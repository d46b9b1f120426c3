-- The shared trigger functions. Every guarded table's triggers call these, with arguments.
-- Errors carry SQLSTATE MC001..MC009, so that the doors can explain them.

CREATE OR REPLACE FUNCTION mingce_utc(moment timestamptz) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT to_char(moment AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
$$;

-- Numbers and chains an entry under one advisory lock, held until commit: no gaps, no forks.
CREATE OR REPLACE FUNCTION mingce_entry_chain() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    head record;
BEGIN
    PERFORM pg_advisory_xact_lock(7301001);
    SELECT seq, hash INTO head FROM registry_entry ORDER BY seq DESC LIMIT 1;
    NEW.seq := coalesce(head.seq, 0) + 1;
    NEW.prev := coalesce(head.hash, repeat('0', 64));
    NEW.xid := pg_current_xact_id();
    IF position(E'\n' in NEW.body) > 0 THEN
        RAISE EXCEPTION 'a ledger entry holds canonical JSON on one line' USING ERRCODE = 'MC001';
    END IF;
    NEW.hash := encode(sha256(convert_to(concat_ws(E'\n',
        NEW.prev, NEW.seq, NEW.uid, NEW.act, NEW.kind, NEW.actor, NEW.subject_type,
        NEW.subject_id, NEW.row_version, NEW.digest, mingce_utc(NEW.effective_at),
        mingce_utc(NEW.recorded_at), NEW.body), 'UTF8')), 'hex');
    RETURN NEW;
END $$;

CREATE OR REPLACE FUNCTION mingce_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% rows are never changed, deleted or truncated (%)', TG_TABLE_NAME, TG_OP
        USING ERRCODE = 'MC002';
END $$;

-- Arguments: the label, then the columns that never change.
CREATE OR REPLACE FUNCTION mingce_governed() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    i int;
BEGIN
    IF TG_OP = 'DELETE' THEN
        RAISE EXCEPTION '% rows are retired, never deleted', TG_ARGV[0] USING ERRCODE = 'MC003';
    END IF;
    IF TG_OP = 'INSERT' THEN
        IF NEW.row_version <> 1 THEN
            RAISE EXCEPTION 'a new % has row version 1', TG_ARGV[0] USING ERRCODE = 'MC004';
        END IF;
        RETURN NEW;
    END IF;
    IF NEW.id <> OLD.id OR NEW.row_version <> OLD.row_version + 1 THEN
        RAISE EXCEPTION 'each change of % raises its row version by one', TG_ARGV[0]
            USING ERRCODE = 'MC004';
    END IF;
    FOR i IN 1 .. TG_NARGS - 1 LOOP
        IF to_jsonb(NEW) -> TG_ARGV[i] IS DISTINCT FROM to_jsonb(OLD) -> TG_ARGV[i] THEN
            RAISE EXCEPTION '% of % is permanent', TG_ARGV[i], TG_ARGV[0]
                USING ERRCODE = 'MC005';
        END IF;
    END LOOP;
    RETURN NEW;
END $$;

-- Argument: the label. Deferred: looks when the transaction commits.
CREATE OR REPLACE FUNCTION mingce_no_silent_write() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (
        SELECT 1 FROM registry_entry e
        WHERE e.subject_id = NEW.id AND e.row_version = NEW.row_version
          AND e.subject_type = TG_ARGV[0] AND e.xid = pg_current_xact_id()
    ) THEN
        RAISE EXCEPTION 'silent write: % % version % has no ledger entry',
            TG_ARGV[0], NEW.id, NEW.row_version USING ERRCODE = 'MC006';
    END IF;
    RETURN NULL;
END $$;

-- Arguments: column, initial state, allowed pairs 'a>b,b>c'.
CREATE OR REPLACE FUNCTION mingce_transition() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    was text;
    becomes text := to_jsonb(NEW) ->> TG_ARGV[0];
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF becomes IS DISTINCT FROM TG_ARGV[1] THEN
            RAISE EXCEPTION '% of % begins as %, not %',
                TG_ARGV[0], TG_TABLE_NAME, TG_ARGV[1], becomes USING ERRCODE = 'MC007';
        END IF;
        RETURN NEW;
    END IF;
    was := to_jsonb(OLD) ->> TG_ARGV[0];
    IF was IS DISTINCT FROM becomes
       AND NOT (was || '>' || becomes) = ANY (string_to_array(TG_ARGV[2], ',')) THEN
        RAISE EXCEPTION '% of % does not move from % to %',
            TG_ARGV[0], TG_TABLE_NAME, was, becomes USING ERRCODE = 'MC007';
    END IF;
    RETURN NEW;
END $$;

-- Arguments: column, purpose. A change of the column needs a warrant spent for this version.
CREATE OR REPLACE FUNCTION mingce_warranted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF to_jsonb(NEW) -> TG_ARGV[0] IS DISTINCT FROM to_jsonb(OLD) -> TG_ARGV[0]
       AND NOT EXISTS (
        SELECT 1 FROM registry_warrantuse w
        WHERE w.subject_id = NEW.id AND w.row_version = NEW.row_version
          AND w.purpose = TG_ARGV[1]
    ) THEN
        RAISE EXCEPTION '% of % changes only with a warrant (%)',
            TG_ARGV[0], TG_TABLE_NAME, TG_ARGV[1] USING ERRCODE = 'MC008';
    END IF;
    RETURN NULL;
END $$;

-- A warrant is an entry of the purpose's kind, about the same subject, with the same digest.
CREATE OR REPLACE FUNCTION mingce_warrant_matches() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (
        SELECT 1 FROM registry_entry e
        WHERE e.uid = NEW.entry_id AND e.kind = NEW.purpose AND e.digest = NEW.digest
          AND e.digest <> '' AND e.subject_id = NEW.subject_id
          AND e.subject_type = NEW.subject_type
    ) THEN
        RAISE EXCEPTION 'the warrant % does not match its use (%)', NEW.entry_id, NEW.purpose
            USING ERRCODE = 'MC009';
    END IF;
    RETURN NULL;
END $$;

-- A step-up is spent by its own person's papers, in time.
CREATE OR REPLACE FUNCTION mingce_step_up_covers() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (
        SELECT 1 FROM registry_stepup s
        WHERE s.id = NEW.step_up_id AND NEW.subject = ANY (s.subjects)
          AND NEW.used_at >= s.proved_at AND NEW.used_at < s.expires_at
    ) THEN
        RAISE EXCEPTION 'the step-up does not cover this paper at this time' USING ERRCODE = 'MC010';
    END IF;
    RETURN NEW;
END $$;

CREATE OR REPLACE FUNCTION mingce_tier_rank(tier text) RETURNS int
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT coalesce(array_position(ARRAY['IV', 'III', 'II', 'I', 'P'], tier), 0)
$$;

-- A lower tier than before needs a warrant, spent for this version of the use.
CREATE OR REPLACE FUNCTION mingce_lowering_warranted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND mingce_tier_rank(NEW.tier) < mingce_tier_rank(OLD.tier)
       AND NOT EXISTS (
        SELECT 1 FROM registry_warrantuse w
        WHERE w.subject_id = NEW.id AND w.row_version = NEW.row_version
          AND w.purpose = 'grading.lowering_granted'
    ) THEN
        RAISE EXCEPTION 'the tier of % is lowered only with a warrant', NEW.code
            USING ERRCODE = 'MC008';
    END IF;
    RETURN NULL;
END $$;

-- Neither the grader, nor the model's owner, nor a developer confirms a grade; no machine does.
CREATE OR REPLACE FUNCTION mingce_second_person_confirms() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        SELECT 1 FROM registry_grade g
        JOIN registry_modeluse u ON u.id = g.model_use_id
        JOIN registry_aimodel m ON m.id = u.model_id
        JOIN registry_user p ON p.id = NEW.confirmed_by_id
        LEFT JOIN registry_modelversion v ON v.model_id = m.id
        LEFT JOIN registry_versiondeveloper d
               ON d.version_id = v.id AND d.user_id = NEW.confirmed_by_id
        WHERE g.id = NEW.grade_id AND (
            g.graded_by_id = p.id OR m.owner_id = p.id OR d.id IS NOT NULL
            OR p.kind <> 'person' OR p.is_superuser OR NOT p.is_active)
    ) THEN
        RAISE EXCEPTION 'a grade is confirmed by a second, independent person'
            USING ERRCODE = 'MC011';
    END IF;
    RETURN NEW;
END $$;
