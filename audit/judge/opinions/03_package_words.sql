-- One row a word for a package in an image that an SBOM tells of: which package it means there. A
-- binary package means its source package, a Java artifact by its bare name the one that is there
-- with its group. A word that could mean two means none. Words are in lower case, and runs of - _ .
-- are one -, as sources differ in these.
WITH listed AS (
    SELECT digest, package_name, source_name,
        CASE WHEN regexp_matches(package_type, '^(deb|rpm|apk|alpm)$') THEN 'os' ELSE 'language' END
            AS kind
    FROM image_packages
), words AS (
    SELECT digest, kind, package_name AS word, coalesce(source_name, package_name) AS package
    FROM listed
    UNION ALL SELECT digest, kind, source_name, source_name FROM listed
    WHERE source_name IS NOT NULL
    UNION ALL SELECT digest, kind, split_part(package_name, ':', -1), package_name FROM listed
    WHERE kind = 'language' AND contains(package_name, ':')
), plain AS (
    SELECT digest, kind, regexp_replace(lower(word), '[-_.]+', '-', 'g') AS word,
        regexp_replace(lower(package), '[-_.]+', '-', 'g') AS package
    FROM words
)
SELECT digest, kind, word, any_value(package) AS package
FROM plain GROUP BY digest, kind, word HAVING count(DISTINCT package) = 1
