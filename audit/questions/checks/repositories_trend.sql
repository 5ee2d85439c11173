-- Compares: SELECT provider, registry_id, repository, confirmed_before, confirmed_now
--   FROM answer WHERE confirmed_before + confirmed_now > 0
-- Needs: stated
WITH base AS (
    SELECT coalesce(max(run_id) FILTER (started_at <= (SELECT started_at FROM runs)
        - to_days($days::INTEGER)), min(run_id)) AS run_id
    FROM all_runs
)
SELECT provider, registry_id, repository,
    count(*) FILTER (run_id = (SELECT run_id FROM base)) AS confirmed_before,
    count(*) FILTER (run_id = (SELECT run_id FROM runs)) AS confirmed_now
FROM stated
WHERE fresh AND NOT dismissed
    AND run_id IN (SELECT run_id FROM base UNION SELECT run_id FROM runs)
GROUP BY ALL ORDER BY ALL
