-- Answers: how many exposures are open in each cloud, by severity, and how much was looked at.
-- Denominator: open exposures (open includes unconfirmed); looked at: assessable placements.
-- Needs: clouds, placement_states, open_exposures
SELECT c.provider,
    coalesce(o.critical, 0) AS critical, coalesce(o.high, 0) AS high,
    coalesce(o.medium, 0) AS medium, coalesce(o.low, 0) AS low,
    coalesce(o.negligible, 0) AS negligible, coalesce(o.unrated, 0) AS unrated,
    coalesce(o.open, 0) AS open, coalesce(o.unconfirmed, 0) AS unconfirmed,
    coalesce(o.waived, 0) AS waived,
    coalesce(s.assessed, 0) AS assessed, coalesce(s.assessable, 0) AS assessable
FROM clouds AS c
LEFT JOIN (
    SELECT provider, count(*) AS open, count(*) FILTER (severity = 'CRITICAL') AS critical,
        count(*) FILTER (severity = 'HIGH') AS high,
        count(*) FILTER (severity = 'MEDIUM') AS medium,
        count(*) FILTER (severity = 'LOW') AS low,
        count(*) FILTER (severity = 'NEGLIGIBLE') AS negligible,
        count(*) FILTER (severity = 'UNKNOWN') AS unrated,
        count(*) FILTER (state = 'unconfirmed') AS unconfirmed, count(waiver_id) AS waived
    FROM open_exposures GROUP BY provider
) AS o USING (provider)
LEFT JOIN (
    SELECT provider, count(*) AS assessable, count(*) FILTER (state = 'assessed') AS assessed
    FROM placement_states GROUP BY provider
) AS s USING (provider)
ORDER BY c.provider
