-- Answers: which placements this run did not read but carries from an earlier run.
-- Denominator: placements.
SELECT provider, scope_id, observed_run_id, count(*) AS placements,
    count(DISTINCT (registry_id, repository)) AS repositories, count(*) OVER () AS total
FROM placements
WHERE observed_run_id IS DISTINCT FROM run_id
GROUP BY provider, scope_id, observed_run_id
ORDER BY provider, scope_id, observed_run_id
LIMIT $limit OFFSET $offset
