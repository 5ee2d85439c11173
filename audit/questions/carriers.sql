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
), last_gone AS (
    SELECT *, max(CASE WHEN state = 'closed' AND reason <> 'renamed' THEN run_id END)
        OVER (PARTITION BY provider, registry_id, repository, digest, package_name) AS gone
    FROM exposure_images_history WHERE vulnerability_id IN (SELECT id FROM ids)
), carried AS (
    SELECT provider, registry_id, repository, digest, package_name, min(run_id) AS run_id
    FROM last_gone WHERE state = 'open' AND run_id > coalesce(gone, '') GROUP BY ALL
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
