-- Title: Which images carry a vulnerability, and since when?
-- Answers: the current images that were known to carry it at the run's moment. As of an earlier
--   date it is what was known then: the history is never pruned.
-- Parameter: vulnerability (text): A CVE or any other id that a source uses for it.
-- Column: provider: Cloud.
-- Column: registry_id: Registry.
-- Column: repository: Repository.
-- Column: digest: Image.
-- Column: package_name: Package that is vulnerable.
-- Column: carried_since: First of the unbroken runs in which it was stated of this image.
-- Column: exposed_since: When the exposure of the repository opened first.
-- Column: state: open, unconfirmed, or closed where the source or the publisher dismissed it.
-- Column: severity: Highest severity stated.
-- Column: fix_state: Best fix known.
-- Tables: exposure_images_history, vulnerability_groups_history, exposures_history,
--   all_runs
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
), steps AS (
    SELECT provider, registry_id, repository, digest, package_name, run_id,
        sum(CASE WHEN state = 'open' THEN 1 ELSE -1 END) AS step
    FROM (SELECT *, lag(state, 1, 'closed') OVER (PARTITION BY provider, registry_id, repository,
            digest, package_name, vulnerability_id ORDER BY run_id) AS was
        FROM exposure_images_history WHERE vulnerability_id IN (SELECT id FROM ids))
    WHERE state <> was GROUP BY ALL
), held AS (  -- under how many of its names an image carries it: two may turn out to be one
    SELECT *, sum(step) OVER (PARTITION BY provider, registry_id, repository, digest, package_name
        ORDER BY run_id) AS names
    FROM steps
), carried AS (
    SELECT provider, registry_id, repository, digest, package_name,
        max(run_id) FILTER (names > 0 AND names = step) AS run_id
    FROM held GROUP BY ALL HAVING arg_max(names, run_id) > 0
), exposed AS (
    FROM (FROM exposures_history WHERE vulnerability_id IN (SELECT id FROM ids)
        QUALIFY row_number() OVER (PARTITION BY exposure_id ORDER BY run_id DESC) = 1)
    WHERE merged_into IS NULL
)
SELECT c.provider, c.registry_id, c.repository, c.digest, c.package_name,
    r.started_at AS carried_since, e.opened_at AS exposed_since, e.state, e.severity, e.fix_state
FROM carried AS c JOIN all_runs AS r USING (run_id)
LEFT JOIN exposed AS e ON (e.provider, e.registry_id, e.repository) = (c.provider, c.registry_id, c.repository)
    AND e.package_name IS NOT DISTINCT FROM c.package_name
ORDER BY ALL
