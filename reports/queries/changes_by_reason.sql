-- Answers: why exposures changed since the previous run. Denominator: exposures changed by this run.
-- Needs: exposure_events
SELECT change, reason, provider, count(*) AS exposures,
    count(*) FILTER (severity IN ('CRITICAL', 'HIGH')) AS grave
FROM exposure_events
GROUP BY change, reason, provider
ORDER BY list_position(['new', 'reopened', 'fixed', 'removed', 'withdrawn', 'not_affected',
    'merged', 'unconfirmed', 'confirmed', 'changed'], change), change, reason, provider
