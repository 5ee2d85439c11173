-- Answers: how many exposures were open after the last run of each day, by severity, and how much
-- had been looked at. A day without a run has no numbers: it is a gap, not a zero.
-- Denominator: open exposures (open includes unconfirmed); assessed share: assessable placements.
WITH held AS (
    SELECT run_id, sum(open) AS open, sum(unconfirmed) AS unconfirmed,
        sum(open) FILTER (severity = 'CRITICAL') AS critical,
        sum(open) FILTER (severity = 'HIGH') AS high,
        sum(open) FILTER (severity = 'MEDIUM') AS medium,
        sum(open) FILTER (severity = 'LOW') AS low,
        sum(open) FILTER (severity = 'NEGLIGIBLE') AS negligible,
        sum(open) FILTER (severity = 'UNKNOWN') AS unrated
    FROM stock GROUP BY run_id
),
covered AS (
    SELECT run_id, sum(assessed) AS assessed, sum(assessable) AS assessable
    FROM coverage_trend GROUP BY run_id
)
SELECT c.day, c.run_id, c.outcome, c.runs,
    CASE WHEN c.runs > 0 THEN coalesce(h.critical, 0) END AS critical,
    CASE WHEN c.runs > 0 THEN coalesce(h.high, 0) END AS high,
    CASE WHEN c.runs > 0 THEN coalesce(h.medium, 0) END AS medium,
    CASE WHEN c.runs > 0 THEN coalesce(h.low, 0) END AS low,
    CASE WHEN c.runs > 0 THEN coalesce(h.negligible, 0) END AS negligible,
    CASE WHEN c.runs > 0 THEN coalesce(h.unrated, 0) END AS unrated,
    CASE WHEN c.runs > 0 THEN coalesce(h.open, 0) END AS open,
    CASE WHEN c.runs > 0 THEN coalesce(h.unconfirmed, 0) END AS unconfirmed,
    v.assessed, v.assessable
FROM run_calendar AS c LEFT JOIN held AS h USING (run_id) LEFT JOIN covered AS v USING (run_id)
ORDER BY c.day
