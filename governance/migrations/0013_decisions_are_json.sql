-- What is no JSON would stop everybody who reads decisions: trips, samples and verification.
ALTER TABLE governance_decision ADD CONSTRAINT a_decision_says_what_was_told
    CHECK (json_typeof(body::json->'told') IS NOT DISTINCT FROM 'object');

-- As before, but only for months that decisions can come in: whoever calls it cannot fill the
-- catalogue with partitions.
CREATE OR REPLACE FUNCTION mingce_make_partitions(since date, months integer) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    first_day date := date_trunc('month', since);
    next_day date;
    made integer := 0;
BEGIN
    IF since IS NULL OR since NOT BETWEEN current_date - 3660 AND current_date + 732 THEN
        RAISE EXCEPTION 'no decisions are expected then' USING ERRCODE = '22008';
    END IF;
    FOR step IN 1..least(months, 24) LOOP
        next_day := first_day + interval '1 month';
        IF to_regclass('public.governance_decision_' || to_char(first_day, 'YYYYMM')) IS NULL
           AND NOT EXISTS (SELECT 1 FROM public.governance_decision_other
                           WHERE received_at >= first_day::timestamp AT TIME ZONE 'UTC'
                           AND received_at < next_day::timestamp AT TIME ZONE 'UTC') THEN
            EXECUTE format(
                'CREATE TABLE public.governance_decision_%s PARTITION OF public.governance_decision'
                ' FOR VALUES FROM (%L) TO (%L)', to_char(first_day, 'YYYYMM'),
                first_day::timestamp AT TIME ZONE 'UTC', next_day::timestamp AT TIME ZONE 'UTC');
            made := made + 1;
        END IF;
        first_day := next_day;
    END LOOP;
    RETURN made;
END $$;
