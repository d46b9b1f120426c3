-- Entries and warrants bind: a warrant permits the change that it was granted for and no other;
-- an entry is one that every reader can read, about a row version that exists, at its time.
-- Errors: MC017 (a warrant that grants another change), MC018 (a body that is no plain JSON
-- object), MC019 (no such row version), MC022 (out of its time), MC021 (what no grade says).

-- Whether the clock of the application can be set (tests, the demo): `prepare_database` says so,
-- as the owner. Where it can't, an entry is recorded at the database's own time.
CREATE FUNCTION mingce_clock_is_free() RETURNS boolean LANGUAGE sql STABLE AS 'SELECT false';

-- Whether no key of the JSON object stands twice in one object, at any depth.
DO $do$ BEGIN
    IF current_setting('server_version_num')::int >= 160000 THEN
        EXECUTE $sql$
            CREATE FUNCTION mingce_keys_are_unique(body text, told jsonb) RETURNS boolean
            LANGUAGE sql IMMUTABLE AS 'SELECT body IS JSON WITH UNIQUE KEYS'
        $sql$;
    ELSE  -- without escapes and texts the colons are the keys; jsonb keeps one of each
        EXECUTE $sql$
            CREATE FUNCTION mingce_keys_are_unique(body text, told jsonb) RETURNS boolean
            LANGUAGE sql IMMUTABLE AS $body$
                SELECT jsonb_array_length(jsonb_path_query_array(
                        told, 'strict $.** ? (@.type() == "object").keyvalue().key'))
                    = length(bare) - length(replace(bare, ':', ''))
                  FROM regexp_replace(regexp_replace(body, '\\.', '', 'g'), '"[^"]*"', '', 'g') bare
            $body$
        $sql$;
    END IF;
END $do$;

-- Why not every reader can read the body as one JSON object; NULL where they can.
CREATE FUNCTION mingce_body_fault(body text) RETURNS text
LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    told jsonb;
BEGIN
    IF octet_length(body) > 1048576 THEN
        RETURN 'is larger than 1 MB';
    END IF;
    told := body::jsonb;
    IF jsonb_typeof(told) <> 'object' THEN
        RETURN 'is no JSON object';
    ELSIF coalesce(jsonb_typeof(told -> 'state'), 'object') <> 'object'
       OR coalesce(jsonb_typeof(told -> 'facts'), 'object') <> 'object' THEN
        RETURN 'tells a state or facts that are no object';
    ELSIF jsonb_path_exists(told, 'strict $.**{100}') THEN
        RETURN 'is nested too deeply';
    ELSIF NOT mingce_keys_are_unique(body, told) THEN
        RETURN 'has a key twice';
    END IF;
    RETURN NULL;
EXCEPTION WHEN data_exception OR program_limit_exceeded THEN  -- too deep for a parser as well
    RETURN 'is not JSON';
END $$;

-- The object that the body tells under the name (state, facts); an empty one where it tells none,
-- so that a look at many entries is not stopped by one.
CREATE FUNCTION mingce_told(body text, name text) RETURNS jsonb
LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    told jsonb;
BEGIN
    told := body::jsonb -> name;
    RETURN CASE WHEN jsonb_typeof(told) = 'object' THEN told ELSE '{}' END;
EXCEPTION WHEN data_exception OR program_limit_exceeded THEN
    RETURN '{}';
END $$;

-- The columns of an earlier entry's state that a later one of the version tells otherwise.
CREATE OR REPLACE FUNCTION mingce_retold(earlier text, later text) RETURNS text
LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    was CONSTANT jsonb := mingce_told(earlier, 'state');
    becomes CONSTANT jsonb := mingce_told(later, 'state');
BEGIN
    IF was = becomes THEN
        RETURN NULL;
    END IF;
    RETURN (SELECT string_agg(key, ', ' ORDER BY key) FROM jsonb_each(was)
            WHERE becomes -> key IS DISTINCT FROM value);
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
    PERFORM mingce_check_entry(NEW);
    PERFORM pg_advisory_xact_lock(7301001);
    SELECT seq, hash INTO head FROM registry_entry ORDER BY seq DESC LIMIT 1;
    NEW.seq := coalesce(head.seq, 0) + 1;
    NEW.prev := coalesce(head.hash, repeat('0', 64));
    NEW.xid := pg_current_xact_id();
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

-- Raises for an entry that could be read in two ways, or not at all, or at another time.
CREATE FUNCTION mingce_check_entry(entry registry_entry) RETURNS void LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    fault text;
BEGIN
    IF position(E'\n' in entry.body) > 0 THEN
        RAISE EXCEPTION 'a ledger entry holds canonical JSON on one line' USING ERRCODE = 'MC001';
    END IF;
    IF entry.digest !~ '^([0-9a-f]{64})?$' THEN
        RAISE EXCEPTION 'the digest of a ledger entry is a sha256 or empty' USING ERRCODE = 'MC001';
    END IF;
    fault := mingce_body_fault(entry.body);
    IF fault IS NOT NULL THEN
        RAISE EXCEPTION 'the body of a ledger entry %', fault USING ERRCODE = 'MC018';
    END IF;
    IF entry.row_version < 1 THEN
        RAISE EXCEPTION 'row versions begin with 1' USING ERRCODE = 'MC019';
    END IF;
    IF NOT (entry.effective_at BETWEEN '0002-01-01 00:00Z' AND '9998-12-31 00:00Z'
            AND entry.recorded_at BETWEEN '0002-01-01 00:00Z' AND '9998-12-31 00:00Z') THEN
        RAISE EXCEPTION 'a ledger entry stands in a year of four digits' USING ERRCODE = 'MC022';
    END IF;
    IF NOT mingce_clock_is_free() AND entry.recorded_at NOT BETWEEN
       clock_timestamp() - interval '5 minutes' AND clock_timestamp() + interval '5 minutes' THEN
        RAISE EXCEPTION 'a ledger entry is recorded when it is made: % is not the time of the'
            ' database', mingce_utc(entry.recorded_at) USING ERRCODE = 'MC022';
    END IF;
END $$;

-- Deferred: looks when the transaction commits. An entry is about a version of a governed row
-- that exists by then; of a version to come it would say in advance what may never be true.
CREATE FUNCTION mingce_entry_has_row() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    place CONSTANT regclass := to_regclass('public.' || replace(NEW.subject_type, '.', '_'));
    reached int;
BEGIN
    IF place IS NULL OR NOT EXISTS (
        SELECT FROM pg_trigger t
        WHERE t.tgrelid = place AND t.tgname LIKE 'pgtrigger\_no\_silent\_write%'
    ) THEN
        RAISE EXCEPTION 'there is nothing governed called %', NEW.subject_type
            USING ERRCODE = 'MC019';
    END IF;
    EXECUTE format('SELECT row_version FROM %s WHERE id = $1', place)
       INTO reached USING NEW.subject_id;
    IF reached IS NULL OR reached < NEW.row_version THEN
        RAISE EXCEPTION 'there is no % % version %',
            NEW.subject_type, NEW.subject_id, NEW.row_version USING ERRCODE = 'MC019';
    END IF;
    RETURN NULL;
END $$;

-- The columns whose recorded value is another one than the row's, in words; NULL where none is.
-- Tolerant of spelling alone, and only where canonical JSON and PostgreSQL differ: of moments and
-- of decimals. A personal column is its salted digest. `whole`: a column that was not recorded,
-- or one too many, differs as well.
DROP FUNCTION mingce_differing(jsonb, jsonb, text[], boolean);
CREATE FUNCTION mingce_differing(
    place oid, held jsonb, state jsonb, personal text[], whole boolean
) RETURNS text LANGUAGE plpgsql STABLE SET search_path = pg_catalog, public, pg_temp AS $$
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
         CROSS JOIN LATERAL (SELECT state -> h.key AS value, state ->> h.key AS text) s
         WHERE (s.value IS DISTINCT FROM h.value OR h.key = ANY (personal)) AND CASE
            WHEN s.value IS NULL THEN whole
            WHEN h.key = ANY (personal) THEN s.text IS DISTINCT FROM 'salted:' || encode(sha256(
                convert_to(coalesce(held ->> 'salt', '') || h.value::text, 'UTF8')), 'hex')
            WHEN jsonb_typeof(s.value) <> 'string' THEN true
            WHEN jsonb_typeof(h.value) = 'string' AND s.text ~ moment
            THEN mingce_type_of(place, h.key) <> 'timestamptz'::regtype
                OR (h.value #>> '{}')::timestamptz <> s.text::timestamptz
            WHEN jsonb_typeof(h.value) = 'number' AND s.text ~ number
            THEN mingce_type_of(place, h.key) <> 'numeric'::regtype
                OR (h.value #>> '{}')::numeric <> s.text::numeric
            ELSE true END
    );
END $$;

CREATE FUNCTION mingce_type_of(place oid, name text) RETURNS oid
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT atttypid FROM pg_catalog.pg_attribute WHERE attrelid = place AND attname = name
$$;

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
        SELECT mingce_told(e.body, 'state') FROM registry_entry e
        WHERE e.subject_id = NEW.id AND e.row_version = NEW.row_version
          AND e.subject_type = TG_ARGV[0] AND e.xid = pg_current_xact_id()
    LOOP
        differing := coalesce(
            mingce_differing(TG_RELID, held, told, personal, true),
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
        SELECT mingce_told(e.body, 'state') INTO told FROM registry_entry e
        WHERE e.subject_id = OLD.id AND e.row_version = OLD.row_version
          AND e.subject_type = TG_ARGV[0]
        ORDER BY e.seq + 0 DESC LIMIT 1;  -- + 0: never by a walk through all numbers
        differing := CASE WHEN NOT FOUND THEN 'every column'
            ELSE mingce_differing(TG_RELID, to_jsonb(OLD) - left_out, told, personal, false) END;
        IF differing IS NOT NULL THEN
            RAISE EXCEPTION '% % version % was altered outside the ledger in %',
                TG_ARGV[0], OLD.id, OLD.row_version, differing USING ERRCODE = 'MC015';
        END IF;
    END IF;
    RETURN NULL;
END $$;

-- Whether a grant of this purpose, digest and facts permits the row to become this from that.
-- The digests of moves and lowerings are recomputed; an approval is granted for a state and until
-- a day, an end of it for the state that was approved, an activation for content and profile.
CREATE FUNCTION mingce_grants(
    purpose text, digest text, facts jsonb, was jsonb, becomes jsonb
) RETURNS boolean LANGUAGE plpgsql IMMUTABLE
SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    told text;
BEGIN
    CASE purpose
        WHEN 'lifecycle.move_granted' THEN
            told := format('{"release":"%s","to":"%s","version":%s}',
                was ->> 'id', becomes ->> 'stage', was ->> 'row_version');
            RETURN digest = encode(sha256(convert_to(told, 'UTF8')), 'hex');
        WHEN 'grading.lowering_granted' THEN
            told := format('{"from":"%s","to":"%s","use":"%s","version":%s}',
                was ->> 'tier', becomes ->> 'tier', was ->> 'id', was ->> 'row_version');
            RETURN digest = encode(sha256(convert_to(told, 'UTF8')), 'hex');
        WHEN 'approval.granted' THEN
            RETURN coalesce(digest = becomes ->> 'approved_digest'
                AND facts ->> 'until' = becomes ->> 'approved_until', false);
        WHEN 'approval.grant_ended' THEN
            RETURN digest = was ->> 'approved_digest' AND becomes ->> 'approved_digest' = ''
                AND becomes ->> 'approved_until' IS NULL;
        WHEN 'pack.activation_granted' THEN
            RETURN digest = becomes ->> 'sha256' AND CASE becomes ->> 'state'
                WHEN 'active' THEN coalesce(facts ->> 'profile' = becomes ->> 'profile', false)
                ELSE facts ->> 'profile' IS NULL AND becomes -> 'profile' = was -> 'profile' END;
        ELSE
            RETURN false;
    END CASE;
END $$;

-- Arguments: the columns and the purposes, each joined by commas. A change of any of the columns
-- needs a warrant of one of the purposes, spent for this version, that grants this change.
CREATE OR REPLACE FUNCTION mingce_warranted() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    names CONSTANT text[] := string_to_array(TG_ARGV[0], ',');
    becomes CONSTANT jsonb := to_jsonb(NEW);
    changed text;
BEGIN
    SELECT string_agg(name, ', ') INTO changed FROM unnest(names) name
    WHERE CASE TG_OP WHEN 'INSERT' THEN coalesce(becomes ->> name, '') <> ''
        ELSE becomes -> name IS DISTINCT FROM to_jsonb(OLD) -> name END;
    IF changed IS NULL THEN
        RETURN NULL;
    ELSIF TG_OP = 'INSERT' THEN
        RAISE EXCEPTION 'a new row of % is not born with: %', TG_TABLE_NAME, changed
            USING ERRCODE = 'MC008';
    END IF;
    PERFORM mingce_check_warrants(
        changed || ' of ' || TG_TABLE_NAME, string_to_array(TG_ARGV[1], ','),
        to_jsonb(OLD), becomes);
    RETURN NULL;
END $$;

-- Raises unless a warrant of one of the purposes was spent for the row's version and grants it.
CREATE FUNCTION mingce_check_warrants(
    what text, purposes text[], was jsonb, becomes jsonb
) RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    spent record;
BEGIN
    FOR spent IN
        SELECT w.purpose, w.digest, e.body FROM registry_warrantuse w
        JOIN registry_entry e ON e.uid = w.entry_id
        WHERE w.subject_id = (becomes ->> 'id')::uuid AND w.purpose = ANY (purposes)
          AND w.row_version = (becomes ->> 'row_version')::int
    LOOP
        IF mingce_grants(spent.purpose, spent.digest, mingce_told(spent.body, 'facts'),
                         was, becomes) THEN
            RETURN;
        END IF;
    END LOOP;
    IF FOUND THEN
        RAISE EXCEPTION '% changes otherwise than the warrant grants', what USING ERRCODE = 'MC017';
    END IF;
    RAISE EXCEPTION '% changes only with a warrant (%)', what, array_to_string(purposes, ', ')
        USING ERRCODE = 'MC008';
END $$;

-- A warrant is an entry of the purpose's kind, about the version of the subject that it changes,
-- with the same digest.
CREATE OR REPLACE FUNCTION mingce_warrant_matches() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF NOT EXISTS (
        SELECT 1 FROM registry_entry e
        WHERE e.uid = NEW.entry_id AND e.kind = NEW.purpose AND e.digest = NEW.digest
          AND e.digest <> '' AND e.subject_id = NEW.subject_id
          AND e.subject_type = NEW.subject_type AND e.row_version = NEW.row_version - 1
    ) THEN
        RAISE EXCEPTION 'the warrant % does not match its use (%)', NEW.entry_id, NEW.purpose
            USING ERRCODE = 'MC009';
    END IF;
    RETURN NULL;
END $$;

-- A lower tier than before needs a warrant for it, spent for this version of the use; and what a
-- use shows of its flags is what one of its grades says.
CREATE OR REPLACE FUNCTION mingce_lowering_warranted() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND mingce_tier_rank(NEW.tier) < mingce_tier_rank(OLD.tier) THEN
        PERFORM mingce_check_warrants('the lower tier of ' || NEW.code,
            ARRAY['grading.lowering_granted'], to_jsonb(OLD), to_jsonb(NEW));
    END IF;
    IF (TG_OP = 'INSERT' OR NEW.flags IS DISTINCT FROM OLD.flags) AND NOT EXISTS (
        SELECT FROM registry_grade g
        WHERE g.model_use_id = NEW.id AND g.result -> 'flags' = NEW.flags
          AND (TG_OP = 'UPDATE' OR g.tier = NEW.tier)
    ) THEN
        RAISE EXCEPTION 'no grade of % says what it shows', NEW.code USING ERRCODE = 'MC021';
    END IF;
    RETURN NULL;
END $$;
