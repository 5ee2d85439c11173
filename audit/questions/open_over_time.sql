-- Title: How did the open exposures move?
-- Answers: open exposures after each run by cloud and severity, with the coverage beneath. There is
--   no row for a night without a run, nor for a cloud that a run did not know: a gap, not a zero.
-- Parameter: days (days, default 90): How far back from this run.
-- Column: run_id: Run.
-- Column: moment: The run's moment.
-- Column: provider: Cloud.
-- Column: severity: Highest severity stated.
-- Column: open: Open exposures after the run, unconfirmed ones included.
-- Column: confirmed: Of the open, those that a source stated at their last reading.
-- Column: unconfirmed: Of the open, those that could not be confirmed.
-- Column: assessed: Current images of the cloud that a source assessed.
-- Column: images: Current images of the cloud.
-- Tables: exposures_history, coverage_history, scopes_history, all_runs, runs
WITH steps AS (
    SELECT run_id, provider, severity, state,
        coalesce(lag(state) OVER changes, 'closed') AS was_state,
        lag(severity) OVER changes AS was_severity
    FROM exposures_history
    WINDOW changes AS (PARTITION BY exposure_id::UUID ORDER BY run_id)
), moves AS (
    SELECT run_id, provider, severity, count(*) AS open,
        count(*) FILTER (state = 'unconfirmed') AS unconfirmed
    FROM steps WHERE state <> 'closed' GROUP BY ALL
    UNION ALL
    SELECT run_id, provider, was_severity, -count(*),
        -count(*) FILTER (was_state = 'unconfirmed')
    FROM steps WHERE was_state <> 'closed' GROUP BY ALL
), known AS (
    SELECT DISTINCT run_id, provider FROM scopes_history
    UNION SELECT DISTINCT run_id, provider FROM coverage_history
), held AS (
    SELECT run_id, k.provider, s.severity, s.place,
        sum(coalesce(m.open, 0)) OVER earlier AS open,
        sum(coalesce(m.unconfirmed, 0)) OVER earlier AS unconfirmed
    FROM known AS k
    CROSS JOIN (VALUES ('CRITICAL', 1), ('HIGH', 2), ('MEDIUM', 3), ('LOW', 4), ('NEGLIGIBLE', 5),
        ('UNKNOWN', 6)) AS s(severity, place)
    FULL JOIN (SELECT run_id, provider, severity, sum(open) AS open,
        sum(unconfirmed) AS unconfirmed FROM moves GROUP BY ALL) AS m
        USING (run_id, provider, severity)
    WINDOW earlier AS (PARTITION BY provider, severity ORDER BY run_id)
), looked AS (
    SELECT run_id, provider, sum(current_placements)::BIGINT AS images,
        coalesce(sum(current_placements) FILTER (state = 'assessed'), 0)::BIGINT AS assessed
    FROM coverage_history GROUP BY ALL
)
SELECT run_id, r.started_at AS moment, provider, severity, open::BIGINT AS open,
    (open - unconfirmed)::BIGINT AS confirmed, unconfirmed::BIGINT AS unconfirmed,
    coalesce(assessed, 0) AS assessed, coalesce(images, 0) AS images
FROM held JOIN all_runs AS r USING (run_id) LEFT JOIN looked USING (run_id, provider)
WHERE r.started_at > (SELECT started_at FROM runs) - to_days($days::INTEGER)
ORDER BY run_id, provider, place
