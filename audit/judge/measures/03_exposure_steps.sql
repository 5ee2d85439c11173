-- exposure_steps: one row a change of an exposure, with what held before it and where the next
-- change is (null when there is none): the state holds from position until before next_position.
-- Other measures sort these rows, so they are kept narrow: exposure_key is the exposure_id as a
-- number, position stands for the run, slice for a row of measure_slices, words are numbered.
CREATE TEMP VIEW exposure_steps AS
WITH narrow AS (
    SELECT r.position, e.exposure_id::UUID AS exposure_key, p.slice,
        measure_severity(e.severity)::ENUM(
            'CRITICAL', 'HIGH', 'MEDIUM', 'LOW', 'NEGLIGIBLE', 'UNKNOWN') AS severity,
        (CASE WHEN e.state IN ('unconfirmed', 'closed') THEN e.state ELSE 'open' END)::ENUM(
            'open', 'unconfirmed', 'closed') AS state,
        measure_ending(e.closing_reason)::ENUM(
            'fixed', 'removed', 'withdrawn', 'not_affected', 'merged') AS ending,
        coalesce(e.first_seen_at, e.opened_at, r.started_at)::DATE AS first_seen_day
    FROM exposures_history AS e
    JOIN measure_runs AS r USING (run_id)
    JOIN measure_places AS p ON p.provider = e.provider AND p.registry_id = e.registry_id
        AND p.repository = e.repository AND p.account IS NOT DISTINCT FROM e.account
)
SELECT position, exposure_key, slice, severity, state, ending, first_seen_day,
    coalesce(lag(state) OVER changes, 'closed') AS was_state,
    lag(slice) OVER changes AS was_slice, lag(severity) OVER changes AS was_severity,
    lead(position) OVER changes AS next_position,
    lag(position) OVER changes IS NOT NULL AS known_before
FROM narrow
WINDOW changes AS (PARTITION BY exposure_key ORDER BY position);
