-- One row a pair of sources that both assessed a current image, and a vulnerability in a package of
-- it that at least one of them states. Rows of different pairs are about the same holes: count one
-- pair at a time.
--   stated_by: both, first or second
--   first_severity, second_severity: null where that one does not state it
--   reason, where one states it alone: os_packages_only (the other looks at no packages of
--     languages), kind_unknown (it does so, and what this is nobody tells), other_package (the other
--     states the vulnerability of another package in the image), own_id (no alias ties the id to one
--     CVE, so that the other may say the same by another name), not_stated (none of these)
WITH told AS (
    SELECT *, CASE WHEN first_severity IS NULL THEN 'second' WHEN second_severity IS NULL THEN 'first'
            ELSE 'both' END AS stated_by,
        CASE WHEN first_severity IS NULL THEN first_source WHEN second_severity IS NULL
            THEN second_source END AS silent
    FROM paired_statements
), spoke AS (
    SELECT DISTINCT image, source AS silent, vulnerability_id FROM source_statements
), explained AS (
    SELECT t.*, s.silent IS NOT NULL AS speaks, i.digest, i.place,
        list_contains(i.os_sources, t.silent) AS os_only
    FROM told AS t JOIN image_looks AS i USING (image)
    LEFT JOIN spoke AS s USING (image, silent, vulnerability_id)
)
SELECT e.first_source, e.second_source, e.digest, e.place, e.vulnerability_id, e.package,
    e.package_name, e.kind, e.stated_by,
    ['UNKNOWN', 'NEGLIGIBLE', 'LOW', 'MEDIUM', 'HIGH', 'CRITICAL'][e.first_severity]
        AS first_severity,
    ['UNKNOWN', 'NEGLIGIBLE', 'LOW', 'MEDIUM', 'HIGH', 'CRITICAL'][e.second_severity]
        AS second_severity,
    ['unknown', 'no', 'yes'][e.fix + 1] AS fixable,
    CASE WHEN e.stated_by = 'both' THEN NULL
        WHEN e.os_only AND e.language THEN 'os_packages_only'
        WHEN e.speaks THEN 'other_package'
        WHEN e.os_only AND e.kind = 'unknown' THEN 'kind_unknown'
        WHEN NOT regexp_full_match(e.vulnerability_id, 'CVE-\d{4}-\d{4,}') THEN 'own_id'
        ELSE 'not_stated' END AS reason
FROM explained AS e
