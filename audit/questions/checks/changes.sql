-- Compares: SELECT provider, sum(changes)::BIGINT AS changes FROM answer
--   WHERE event = 'opened' GROUP BY provider
-- Needs: stated
WITH first AS (
    SELECT provider, registry_id, repository, vulnerability_id, package_name, min(run_id) AS run_id
    FROM stated WHERE NOT dismissed GROUP BY ALL
), renamed AS (
    SELECT f.* FROM first AS f
    JOIN first AS old USING (provider, registry_id, repository, package_name)
    JOIN vulnerability_groups_history AS g ON g.vulnerability_id = old.vulnerability_id
        AND g.leading_id = f.vulnerability_id AND g.run_id <= f.run_id
    WHERE old.run_id < f.run_id
)
SELECT provider, count(*) AS changes
FROM (FROM first EXCEPT FROM renamed) JOIN all_runs USING (run_id)
WHERE started_at > coalesce($since::TIMESTAMPTZ,
    (SELECT max(a.started_at) FROM all_runs AS a JOIN runs AS r ON a.run_id < r.run_id), '-infinity')
GROUP BY provider
ORDER BY ALL
