-- exposure_steps: one row a change of an exposure, with what held before it and where the next
-- change is (null when there is none): the state holds from position until before next_position.
-- Every other measure sorts these rows, so they are kept narrow: exposure_key is the exposure_id as
-- a number, position stands for the run and slice for a row of measure_slices.
CREATE TEMP VIEW exposure_steps AS
SELECT r.position, e.exposure_id::UUID AS exposure_key, p.slice,
    measure_severity(e.severity) AS severity, e.state, e.closing_reason,
    coalesce(e.first_seen_at, e.opened_at, r.started_at)::DATE AS first_seen_day,
    coalesce(lag(e.state) OVER changes, 'closed') AS was_state,
    lag(p.slice) OVER changes AS was_slice,
    lag(measure_severity(e.severity)) OVER changes AS was_severity,
    lead(r.position) OVER changes AS next_position,
    lag(r.position) OVER changes IS NOT NULL AS known_before
FROM exposures_history AS e
JOIN measure_runs AS r USING (run_id)
JOIN measure_places AS p ON p.provider = e.provider AND p.registry_id = e.registry_id
    AND p.repository = e.repository AND p.account IS NOT DISTINCT FROM e.account
WINDOW changes AS (PARTITION BY e.exposure_id::UUID ORDER BY r.position);
