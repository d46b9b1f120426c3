-- Entries say what rows hold: an entry's state is compared with the row, and with the earlier
-- entries of the same row version. Errors: MC006 (row without a true entry), MC014 (two states of
-- one version), MC015 (the row was altered outside the ledger).

-- The columns whose recorded value is another one than the row's, in words; NULL where none is.
-- Tolerant of spelling alone: moments in any zone, decimals as text; a personal column is its
-- salted digest. `whole`: a column that was not recorded, or one too many, differs as well.
CREATE FUNCTION mingce_differing(held jsonb, state jsonb, personal text[], whole boolean)
RETURNS text LANGUAGE plpgsql STABLE SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    moment CONSTANT text := '^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d';
    number CONSTANT text := '^-?\d+(\.\d+)?$';
BEGIN
    IF held = state AND personal = '{}' THEN
        RETURN NULL;
    END IF;
    RETURN (
        SELECT string_agg(h.key, ', ' ORDER BY h.key)
          FROM jsonb_each(held) h
         CROSS JOIN LATERAL (SELECT state -> h.key AS value) s
         WHERE (s.value IS DISTINCT FROM h.value OR h.key = ANY (personal)) AND CASE
            WHEN s.value IS NULL THEN whole
            WHEN h.key = ANY (personal) THEN s.value #>> '{}' <> 'salted:' || encode(sha256(
                convert_to(coalesce(held ->> 'salt', '') || h.value::text, 'UTF8')), 'hex')
            WHEN jsonb_typeof(h.value) = 'string' AND jsonb_typeof(s.value) = 'string' THEN CASE
                WHEN h.value #>> '{}' ~ moment AND s.value #>> '{}' ~ moment
                THEN (h.value #>> '{}')::timestamptz <> (s.value #>> '{}')::timestamptz
                ELSE true END
            WHEN jsonb_typeof(h.value) = 'number' AND jsonb_typeof(s.value) = 'string' THEN CASE
                WHEN s.value #>> '{}' ~ number
                THEN (h.value #>> '{}')::numeric <> (s.value #>> '{}')::numeric
                ELSE true END
            ELSE true END
    );
END $$;

-- Arguments: the label, the derived columns and the personal columns, each joined by commas.
-- Deferred: looks when the transaction commits. Every entry of this transaction about the new
-- row version tells the whole row; and the version before it was as its last entry says, so
-- that no later act makes an alteration part of the record.
CREATE OR REPLACE FUNCTION mingce_no_silent_write() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    left_out CONSTANT text[] := ARRAY['id', 'row_version', 'created_at']
        || string_to_array(coalesce(TG_ARGV[1], ''), ',');
    personal CONSTANT text[] := string_to_array(coalesce(TG_ARGV[2], ''), ',');
    held CONSTANT jsonb := to_jsonb(NEW) - left_out;
    told jsonb;
    differing text;
BEGIN
    FOR told IN
        SELECT coalesce(e.body::jsonb -> 'state', '{}') FROM registry_entry e
        WHERE e.subject_id = NEW.id AND e.row_version = NEW.row_version
          AND e.subject_type = TG_ARGV[0] AND e.xid = pg_current_xact_id()
    LOOP
        differing := coalesce(
            mingce_differing(held, told, personal, true),
            (SELECT string_agg(key, ', ') FROM jsonb_object_keys(told) key WHERE NOT held ? key));
        IF differing IS NOT NULL THEN
            RAISE EXCEPTION 'the entry of % % version % does not say what the row holds in %',
                TG_ARGV[0], NEW.id, NEW.row_version, differing USING ERRCODE = 'MC006';
        END IF;
    END LOOP;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'silent write: % % version % has no ledger entry',
            TG_ARGV[0], NEW.id, NEW.row_version USING ERRCODE = 'MC006';
    END IF;
    IF TG_OP = 'UPDATE' THEN
        SELECT coalesce(e.body::jsonb -> 'state', '{}') INTO told FROM registry_entry e
        WHERE e.subject_id = OLD.id AND e.row_version = OLD.row_version
          AND e.subject_type = TG_ARGV[0]
        ORDER BY e.seq + 0 DESC LIMIT 1;  -- + 0: never by a walk through all numbers
        differing := CASE WHEN NOT FOUND THEN 'every column'
            ELSE mingce_differing(to_jsonb(OLD) - left_out, told, personal, false) END;
        IF differing IS NOT NULL THEN
            RAISE EXCEPTION '% % version % was altered outside the ledger in %',
                TG_ARGV[0], OLD.id, OLD.row_version, differing USING ERRCODE = 'MC015';
        END IF;
    END IF;
    RETURN NULL;
END $$;

-- Numbers and chains an entry under one advisory lock, held until commit: no gaps, no forks.
-- What the ledger says of a row version it says for ever: a later entry of the version repeats
-- the state (and may add columns that did not exist then).
CREATE OR REPLACE FUNCTION mingce_entry_chain() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    head record;
    known text;
    differing text;
BEGIN
    PERFORM pg_advisory_xact_lock(7301001);
    SELECT seq, hash INTO head FROM registry_entry ORDER BY seq DESC LIMIT 1;
    NEW.seq := coalesce(head.seq, 0) + 1;
    NEW.prev := coalesce(head.hash, repeat('0', 64));
    NEW.xid := pg_current_xact_id();
    IF position(E'\n' in NEW.body) > 0 THEN
        RAISE EXCEPTION 'a ledger entry holds canonical JSON on one line' USING ERRCODE = 'MC001';
    END IF;
    SELECT e.body INTO known FROM registry_entry e
    WHERE e.subject_id = NEW.subject_id AND e.row_version = NEW.row_version
      AND e.subject_type = NEW.subject_type
    ORDER BY e.seq + 0 DESC LIMIT 1;  -- + 0: never by a walk through all numbers
    IF known IS NOT NULL THEN
        differing := mingce_retold(known, NEW.body);
        IF differing IS NOT NULL THEN
            RAISE EXCEPTION 'the ledger tells % % version % otherwise in %',
                NEW.subject_type, NEW.subject_id, NEW.row_version, differing
                USING ERRCODE = 'MC014';
        END IF;
    END IF;
    NEW.hash := encode(sha256(convert_to(concat_ws(E'\n',
        NEW.prev, NEW.seq, NEW.uid, NEW.act, NEW.kind, NEW.actor, NEW.subject_type,
        NEW.subject_id, NEW.row_version, NEW.digest, mingce_utc(NEW.effective_at),
        mingce_utc(NEW.recorded_at), NEW.body), 'UTF8')), 'hex');
    RETURN NEW;
END $$;

-- The columns of an earlier entry's state that a later one of the version tells otherwise.
CREATE FUNCTION mingce_retold(earlier text, later text) RETURNS text
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    was CONSTANT jsonb := coalesce(earlier::jsonb -> 'state', '{}');
    becomes CONSTANT jsonb := coalesce(later::jsonb -> 'state', '{}');
BEGIN
    IF was = becomes THEN
        RETURN NULL;
    END IF;
    RETURN (SELECT string_agg(key, ', ' ORDER BY key) FROM jsonb_each(was)
            WHERE becomes -> key IS DISTINCT FROM value);
END $$;

-- Every function of ours finds its tables and operators, whatever the session's path.
ALTER FUNCTION mingce_append_only() SET search_path = pg_catalog, public, pg_temp;
ALTER FUNCTION mingce_governed() SET search_path = pg_catalog, public, pg_temp;
ALTER FUNCTION mingce_transition() SET search_path = pg_catalog, public, pg_temp;
ALTER FUNCTION mingce_warranted() SET search_path = pg_catalog, public, pg_temp;
ALTER FUNCTION mingce_warrant_matches() SET search_path = pg_catalog, public, pg_temp;
ALTER FUNCTION mingce_step_up_covers() SET search_path = pg_catalog, public, pg_temp;
ALTER FUNCTION mingce_lowering_warranted() SET search_path = pg_catalog, public, pg_temp;
ALTER FUNCTION mingce_second_person_confirms() SET search_path = pg_catalog, public, pg_temp;
