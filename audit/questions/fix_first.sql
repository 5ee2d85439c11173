-- Title: Which package upgrade removes most open exposures?
-- Answers: packages by the open exposures that a known fix of them would end.
-- Parameter: rows (count, default 25): How many to list.
-- Column: package_name: Package to upgrade.
-- Column: package_types: Ecosystems it is stated in.
-- Column: exposures: Open exposures with a fix.
-- Column: critical: Of these, critical.
-- Column: high: Of these, high.
-- Column: exploited: Of these, in the KEV catalogue.
-- Column: repositories: Repositories that get rid of one.
-- Column: images: Current images that carry one.
-- Column: fixed_versions: Versions that mend it, those named for most images first, at most five.
-- Tables: exposures_now, findings, placements
WITH open AS (
    SELECT package_name, count(*) AS exposures,
        count(*) FILTER (severity = 'CRITICAL') AS critical,
        count(*) FILTER (severity = 'HIGH') AS high, count(kev_added_at) AS exploited,
        count(DISTINCT (registry_id, repository)) AS repositories
    FROM exposures_now
    WHERE state <> 'closed' AND fix_state = 'available'
    GROUP BY package_name
    ORDER BY exposures DESC, critical DESC, high DESC, package_name
    LIMIT $rows
), stated AS (
    SELECT f.package_name, f.package_type, f.fixed_version, f.digest
    FROM findings AS f
    SEMI JOIN (FROM placements WHERE current) AS p
        USING (provider, registry_id, repository, digest)
    WHERE f.fix_state = 'available' AND f.package_name IN (SELECT package_name FROM open)
), versions AS (
    SELECT package_name, list(fixed_version ORDER BY told DESC, fixed_version)[1:5]
        AS fixed_versions
    FROM (SELECT package_name, fixed_version, count(DISTINCT digest) AS told FROM stated
        WHERE fixed_version IS NOT NULL GROUP BY ALL)
    GROUP BY package_name
), carriers AS (
    SELECT package_name, count(DISTINCT digest) AS images,
        list_sort(list(DISTINCT package_type) FILTER (package_type IS NOT NULL)) AS package_types
    FROM stated GROUP BY package_name
)
SELECT package_name, package_types, exposures, critical, high, exploited, repositories, images,
    fixed_versions
FROM open LEFT JOIN carriers USING (package_name) LEFT JOIN versions USING (package_name)
ORDER BY exposures DESC, critical DESC, high DESC, package_name
