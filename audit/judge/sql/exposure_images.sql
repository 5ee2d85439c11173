-- The same below the repository: which current image carries an exposure since this run, and which
-- no longer does. What held before is what the run before found; where runs were filled in since, it
-- is what the history tells with them, so that every word in it is answered by this run.
CREATE TEMP TABLE exposure_images_changed AS
WITH now AS (
    SELECT DISTINCT p.provider, f.registry_id, f.repository, f.digest,
        led(f.vulnerability_id, g.leading_id) AS vulnerability_id, f.package_name
    FROM findings_all AS f
    JOIN current_images AS p USING (provider, registry_id, repository, digest)
    LEFT JOIN groups_now AS g USING (vulnerability_id)
), before AS (
    SELECT DISTINCT provider, registry_id, repository, digest, named_before AS vulnerability_id,
        vulnerability_id AS name_now, package_name
    FROM carried_before WHERE NOT getvariable('filled_in')
    UNION ALL
    SELECT t.provider, t.registry_id, t.repository, t.digest, t.vulnerability_id,
        led(t.vulnerability_id, g.leading_id), t.package_name
    FROM images_told AS t LEFT JOIN groups_now AS g USING (vulnerability_id)
    WHERE getvariable('filled_in')
)
SELECT *, 'open' AS state, 'stated' AS reason FROM (
    FROM now EXCEPT SELECT * EXCLUDE (name_now) FROM before)
UNION ALL BY NAME
SELECT gone.* EXCLUDE (name_now), 'closed' AS state,
    CASE WHEN name_now <> vulnerability_id THEN 'renamed'
        WHEN placed.digest IS NULL THEN 'image_gone'
        WHEN NOT coalesce(placed.current, false) THEN 'not_current'
        ELSE 'not_stated' END AS reason
FROM (FROM before ANTI JOIN now
    ON (now.provider, now.registry_id, now.repository, now.digest, now.vulnerability_id)
        = (before.provider, before.registry_id, before.repository, before.digest,
            before.vulnerability_id)
        AND now.package_name IS NOT DISTINCT FROM before.package_name) AS gone
LEFT JOIN placements_current AS placed USING (provider, registry_id, repository, digest);
