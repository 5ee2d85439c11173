-- Answers: which exposures changed since the previous run, gravest first.
-- Denominator: exposures changed by this run (of one kind of change, where one is asked for).
-- Needs: exposure_events
SELECT change, reason, provider, account, registry_id, repository, vulnerability_id, package_name,
    severity, fix_state, state, opened_at, last_confirmed_at, closed_at, exposure_id,
    count(*) OVER () AS total
FROM exposure_events
WHERE $change::VARCHAR IS NULL OR change = $change
ORDER BY list_position(['new', 'reopened', 'fixed', 'removed', 'withdrawn', 'not_affected',
        'merged', 'unconfirmed', 'confirmed', 'changed'], change), change,
    list_position(['CRITICAL', 'HIGH', 'MEDIUM', 'LOW', 'NEGLIGIBLE'], severity) NULLS LAST,
    provider, registry_id, repository, vulnerability_id, package_name, exposure_id
LIMIT $limit OFFSET $offset
