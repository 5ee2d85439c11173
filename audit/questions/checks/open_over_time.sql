-- Compares: SELECT run_id, provider, severity, confirmed FROM answer WHERE confirmed > 0
-- Needs: stated
SELECT run_id, provider,
    ['UNKNOWN', 'NEGLIGIBLE', 'LOW', 'MEDIUM', 'HIGH', 'CRITICAL'][severity] AS severity,
    count(*) AS confirmed
FROM stated JOIN all_runs AS r USING (run_id)
WHERE fresh AND NOT dismissed
    AND r.started_at > (SELECT started_at FROM runs) - to_days($days::INTEGER)
GROUP BY ALL
ORDER BY ALL
