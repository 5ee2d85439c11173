-- Answers: which images nobody assessed, by state and reason. Denominator: assessable placements.
-- Needs: placement_states
SELECT provider, state, coalesce(source, 'none') AS source,
    coalesce(reason, 'no assessment was recorded') AS reason, count(*) AS placements,
    count(DISTINCT (registry_id, repository)) AS repositories, count(*) OVER () AS total
FROM placement_states
WHERE state NOT IN ('assessed', 'inferred_clean')
GROUP BY ALL
ORDER BY placements DESC, provider, state, source, reason
LIMIT $limit OFFSET $offset
