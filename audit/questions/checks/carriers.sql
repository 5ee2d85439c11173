-- Compares: SELECT provider, registry_id, repository, digest, package_name, carried_since
--   FROM answer
WITH led AS (
    SELECT vulnerability_id, arg_max(leading_id, run_id) AS leading_id
    FROM vulnerability_groups_history GROUP BY vulnerability_id
), asked AS (
    SELECT coalesce(max(leading_id), CASE WHEN $vulnerability ILIKE 'CVE-%'
        THEN upper($vulnerability) ELSE $vulnerability END) AS id
    FROM led WHERE upper(vulnerability_id) = upper($vulnerability)
), ids AS (
    SELECT id FROM asked
    UNION SELECT vulnerability_id FROM led WHERE leading_id = (SELECT id FROM asked)
), ordered AS (
    SELECT run_id, started_at, row_number() OVER (ORDER BY run_id) AS place FROM all_runs
), stated AS (
    SELECT DISTINCT o.place, o.started_at, f.provider, f.registry_id, f.repository, f.digest,
        f.package_name
    FROM findings_snapshots AS f
    JOIN placements_snapshots AS p USING (run_id, provider, registry_id, repository, digest)
    JOIN ordered AS o USING (run_id)
    WHERE p.current AND (f.vulnerability_id IN (SELECT id FROM ids)
        OR upper(f.vulnerability_id) IN (SELECT id FROM ids))
), runs_of AS (
    SELECT *, place - row_number() OVER (
        PARTITION BY provider, registry_id, repository, digest, package_name ORDER BY place)
        AS stretch
    FROM stated
)
SELECT provider, registry_id, repository, digest, package_name, min(started_at) AS carried_since
FROM runs_of
GROUP BY provider, registry_id, repository, digest, package_name, stretch
HAVING max(place) = (SELECT max(place) FROM ordered)
ORDER BY ALL
