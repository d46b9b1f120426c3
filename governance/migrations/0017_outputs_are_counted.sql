-- Trips and limits of sessions count outputs every few seconds (RI-09, RI-12). Read out of the text once,
-- when a decision comes in, and kept in the index beside the answer, neither needs the rows. A number may
-- have more digits than an index takes.
ALTER TABLE governance_decision ADD COLUMN output varchar(200)
    GENERATED ALWAYS AS (left(body::json->'told'->>'output', 200)) STORED;
DROP INDEX governance_decision_release;
CREATE INDEX governance_decision_release ON governance_decision (release_id, received_at)
    INCLUDE (output, answer);
