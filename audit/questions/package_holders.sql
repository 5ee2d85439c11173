-- Title: Which images hold a package, in which version, and since when is that known?
-- Answers: the current images in whose SBOM the package is listed, and by repository how many
--   current images have no SBOM, or one that is blind to their operating system: of these nobody can
--   say. An image that is named in neither does not hold it.
-- Parameter: package (text): Its name, with or without its group; or the source package that it was
--   built from. In any case of letters.
-- Parameter: version (text, default null): What its version starts with; by default any.
-- Column: holds: yes, or unknown for images that have no SBOM, or one that is blind to their system.
-- Column: provider: Cloud.
-- Column: registry_id: Registry.
-- Column: repository: Repository.
-- Column: digest: Image; null where the images of a repository are counted.
-- Column: tags: Tags that point at it.
-- Column: images: Images that the row is about.
-- Column: package_name: Package as the SBOM names it.
-- Column: package_version: Version.
-- Column: package_type: Ecosystem: deb, apk, pypi, npm, maven, ...
-- Column: source_name: Source package that it was built from, where there is one.
-- Column: locations: File paths in the image; empty for packages of the operating system.
-- Column: known_since: The first run that listed it in this image.
-- Tables: assessments, image_packages, packages_history, sboms_history, placements, images, all_runs
WITH held AS (
    SELECT digest, package_name, package_version, package_type, source_name,
        coalesce(list_sort(list(DISTINCT location) FILTER (location IS NOT NULL)), []) AS locations
    FROM image_packages
    WHERE lower($package) IN (lower(package_name), lower(source_name),
            regexp_extract(lower(package_name), '[^:/]+$'))
        AND ($version IS NULL OR starts_with(package_version, $version))
    GROUP BY ALL
), since AS (
    SELECT digest, package_name, package_version, min(started_at) AS known_since
    FROM packages_history JOIN all_runs USING (run_id)
    SEMI JOIN held USING (digest, package_name)
    GROUP BY ALL
), listed AS (
    SELECT digest FROM sboms_history WHERE packages > 0
    EXCEPT
    -- No look for want of packages of its system, whatever others are listed.
    SELECT digest FROM assessments AS a
    SEMI JOIN sboms_history AS s ON (s.digest, s.tool) = (a.digest, a.source)
    ANTI JOIN (FROM image_packages WHERE package_type IN ('deb', 'apk', 'rpm', 'alpm', 'portage'))
        USING (digest)
    WHERE a.state = 'unsupported'
)
SELECT 'yes' AS holds, p.provider, p.registry_id, p.repository, h.digest, p.tags, 1 AS images,
    h.package_name, h.package_version, h.package_type, h.source_name, h.locations, s.known_since
FROM held AS h
JOIN (FROM placements WHERE current) AS p USING (digest)
JOIN since AS s ON s.digest = h.digest AND s.package_name = h.package_name
    AND s.package_version IS NOT DISTINCT FROM h.package_version
UNION ALL
SELECT 'unknown', p.provider, p.registry_id, p.repository, NULL, NULL, count(*), NULL, NULL, NULL,
    NULL, NULL, NULL
FROM (FROM placements WHERE current) AS p
SEMI JOIN (FROM images WHERE kind = 'image') AS i USING (digest)
ANTI JOIN listed USING (digest)
ANTI JOIN held USING (digest)
GROUP BY p.provider, p.registry_id, p.repository
ORDER BY holds DESC, provider, registry_id, repository, digest, package_name, package_version
