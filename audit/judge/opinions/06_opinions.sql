-- One row a pair of sources that both assessed a current image, and a vulnerability in a package of
-- it that at least one of them states. Rows of different pairs are about the same holes: count one
-- pair at a time.
--   stated_by: both, first or second
--   first_severity, second_severity: null where that one does not state it
--   reason, where one states it alone: os_packages_only (the other looks at no packages of
--     languages), kind_unknown (it does so, and what this is nobody tells), other_package (the other
--     states the vulnerability of another package in the image), own_id (no alias ties the id to one
--     CVE, so that the other may say the same by another name), not_stated (none of these)
WITH pairs AS (
    SELECT digest, place, one.source AS first_source, two.source AS second_source
    FROM (SELECT digest, place, unnest(sources) AS source FROM image_looks) AS one
    JOIN (SELECT digest, unnest(sources) AS source FROM image_looks) AS two USING (digest)
    WHERE one.source < two.source
), paired AS (
    SELECT first_source, second_source, digest, place, vulnerability_id, package, kind,
        list_sort(list_distinct(flatten(list(package_names)))) AS package_names,
        bool_or(source = first_source) AS by_first, bool_or(source = second_source) AS by_second,
        any_value(severity) FILTER (source = first_source) AS first_severity,
        any_value(severity) FILTER (source = second_source) AS second_severity,
        max(fixable) FILTER (fixable <> 'unknown') AS fixable, bool_and(own_id) AS own_id
    FROM pairs JOIN source_statements USING (digest)
    WHERE source IN (first_source, second_source)
    GROUP BY ALL
), told AS (
    SELECT * EXCLUDE (by_first, by_second, fixable), coalesce(fixable, 'unknown') AS fixable,
        CASE WHEN by_first AND by_second THEN 'both' WHEN by_first THEN 'first' ELSE 'second' END
            AS stated_by,
        CASE WHEN by_first THEN second_source ELSE first_source END AS silent,
        bool_or(by_first) OVER vulnerability AND bool_or(by_second) OVER vulnerability AS named_by_both
    FROM paired
    WINDOW vulnerability AS (PARTITION BY first_source, second_source, digest, vulnerability_id)
)
SELECT first_source, second_source, digest, place, vulnerability_id, package, package_names, kind,
    stated_by, first_severity, second_severity, fixable,
    CASE WHEN stated_by = 'both' THEN NULL
        WHEN silent = 'ecr-basic' AND kind = 'language' THEN 'os_packages_only'
        WHEN named_by_both THEN 'other_package'
        WHEN silent = 'ecr-basic' AND kind = 'unknown' THEN 'kind_unknown'
        WHEN own_id THEN 'own_id'
        ELSE 'not_stated' END AS reason
FROM told
