-- Answers: in which state the assessable images of each cloud are.
-- Denominator: assessable placements of the cloud.
-- Needs: placement_states
SELECT provider, state, count(*) AS placements,
    sum(count(*)) OVER (PARTITION BY provider)::BIGINT AS assessable
FROM placement_states
GROUP BY provider, state
ORDER BY provider, list_position(['assessed', 'inferred_clean', 'pending', 'stale', 'expired',
    'archived', 'failed', 'denied', 'unsupported', 'not_scanned', 'unknown'], state)
