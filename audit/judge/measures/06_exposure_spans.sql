-- exposure_spans: one row an exposure and unbroken time of being open. Its severity, place and
-- clock dates are those of its end (or of now). last: no later span; fixed_before: an earlier span
-- of the exposure ended as fixed. days_open: whole days (UTC dates) until its end or this run.
CREATE TEMP VIEW exposure_spans AS
WITH marks AS (
    SELECT exposure_key, position, ending,
        state <> 'closed' AND was_state = 'closed' AS opens,
        state = 'closed' AND was_state <> 'closed' AS ends
    FROM exposure_steps
    WHERE (state = 'closed') <> (was_state = 'closed')
        OR (state <> 'closed' AND next_position IS NULL)
),
spans AS (
    SELECT exposure_key, opens, position AS opened_position,
        coalesce(lead(position) OVER marked, position) AS told_position,
        coalesce(lead(ends) OVER marked, false) AS ended,
        count(*) FILTER (opens) OVER marked AS span,
        coalesce(lead(position, 2) OVER marked IS NULL OR NOT lead(ends) OVER marked, true)
            AS last,
        coalesce(bool_or(ends AND ending = 'fixed') OVER marked, false) AS fixed_before
    FROM marks
    WINDOW marked AS (PARTITION BY exposure_key ORDER BY position)
    QUALIFY opens
),
placed AS (
    SELECT s.*, opened.run_id AS opened_run_id, opened.started_at AS span_opened_at,
        opened.day AS opened_day, told.run_id AS told_run_id, told.started_at AS told_at,
        told.day AS told_day
    FROM spans AS s
    JOIN measure_runs AS opened ON opened.position = s.opened_position
    JOIN measure_runs AS told ON told.position = s.told_position
)
SELECT e.exposure_id, s.span, e.provider, e.account, e.registry_id, o.owner, e.repository,
    e.vulnerability_id, e.package_name, measure_severity(e.severity) AS severity,
    s.opened_run_id, s.span_opened_at,
    CASE WHEN s.ended THEN s.told_run_id END AS closed_run_id,
    CASE WHEN s.ended THEN s.told_at END AS span_closed_at,
    CASE WHEN s.ended THEN measure_ending(e.closing_reason) END AS closing_reason,
    e.state, s.last, s.fixed_before,
    coalesce(CASE WHEN s.ended THEN s.told_day END, (SELECT max(day) FROM measure_runs))
        - s.opened_day AS days_open,
    e.published_at, e.fix_available_at, e.native_first_observed_at, e.first_seen_at,
    e.kev_added_at, e.evaluated_at
FROM exposures_history AS e
JOIN placed AS s ON s.exposure_key = e.exposure_id::UUID AND s.told_run_id = e.run_id
LEFT JOIN repository_owners AS o ON o.provider = e.provider AND o.registry_id = e.registry_id
    AND o.repository = e.repository;
