-- Compares: SELECT provider, registry_id, repository, vulnerability_id, severity, opened_at,
--   days_open FROM answer WHERE state = 'open'
-- Needs: stated
WITH led AS (
    SELECT vulnerability_id, arg_max(leading_id, run_id) AS leading_id
    FROM vulnerability_groups_history GROUP BY vulnerability_id
), first AS (
    SELECT s.registry_id, s.repository, s.package_name, s.provider,
        coalesce(g.leading_id, s.vulnerability_id) AS vulnerability_id, min(s.run_id) AS run_id
    FROM stated AS s LEFT JOIN led AS g USING (vulnerability_id)
    WHERE NOT s.dismissed GROUP BY ALL
)
SELECT s.provider, registry_id, repository, vulnerability_id,
    ['UNKNOWN', 'NEGLIGIBLE', 'LOW', 'MEDIUM', 'HIGH', 'CRITICAL'][s.severity] AS severity,
    r.started_at AS opened_at,
    date_diff('day', r.started_at, (SELECT started_at FROM runs)) AS days_open
FROM stated AS s
JOIN first AS f USING (registry_id, repository, vulnerability_id, package_name)
JOIN all_runs AS r ON r.run_id = f.run_id
WHERE s.run_id = (SELECT run_id FROM runs) AND s.fresh AND NOT s.dismissed AND s.fix = 4
ORDER BY ALL
LIMIT $rows
