-- One row a vulnerability in a package (without version) in an image, as one source states it, once,
-- however often and of however many places it says so. Only images that two sources assessed; only
-- where this one assessed it. What VEX dismisses or a source suppresses is stated all the same: this
-- is about what was found.
--   image: its number in image_looks
--   kind: os, language, or unknown where no word for the package tells
--   language: whether it is a package of a language: one of the system by the same name is another
--   package_name: one of the names that the source gives it
--   severity: 1 to 6 for UNKNOWN, NEGLIGIBLE, LOW, MEDIUM, HIGH, CRITICAL: the highest stated
--   fix: 0 to 2 for not known, none, available: the best stated
WITH looked AS (
    SELECT DISTINCT s.image, p.provider, p.registry_id, p.repository, p.digest, a.source,
        list_contains(s.os_sources, a.source) AS os_only
    FROM placements AS p
    JOIN assessments AS a USING (provider, registry_id, repository, digest)
    JOIN (FROM image_looks WHERE len(sources) > 1) AS s USING (digest)
    WHERE p.current AND a.state = 'assessed'
), told AS (
    SELECT l.image, l.os_only, f.digest, f.source,
        regexp_full_match(f.vulnerability_id, 'CVE-\d{4}-\d{4,}', 'i') AS is_cve,
        f.vulnerability_id, coalesce(f.package_name, '') AS package_name,
        -- Maven's group is a part of the name that not every source writes there.
        CASE WHEN starts_with(f.purl, 'pkg:maven/')
            THEN replace(url_decode(regexp_extract(f.purl, '^pkg:maven/([^@?#]+)', 1)), '/', ':')
            ELSE coalesce(f.package_name, '') END AS word,
        regexp_extract(f.purl, '^pkg:([a-z0-9.+-]+)/', 1) AS purl_type,
        lower(f.package_type) AS type,
        list_position(['UNKNOWN', 'NEGLIGIBLE', 'LOW', 'MEDIUM', 'HIGH', 'CRITICAL'], f.severity)
            ::TINYINT AS severity,
        (CASE WHEN f.fix_state = 'available' THEN 2
            WHEN f.fix_state IN ('not_available', 'wont_fix') THEN 1 ELSE 0 END)::TINYINT AS fix
    FROM findings AS f
    JOIN looked AS l USING (provider, registry_id, repository, digest, source)
), sorted AS (
    SELECT * EXCLUDE (word, purl_type, type),
        regexp_replace(lower(word), '[-_.]+', '-', 'g') AS word,
        CASE WHEN os_only THEN 'os'
            WHEN purl_type IN ('deb', 'rpm', 'apk', 'alpm') THEN 'os'
            WHEN purl_type NOT IN ('', 'generic', 'oci', 'docker') THEN 'language'
            WHEN regexp_full_match(type, '(os|deb|dpkg|rpm|apk|alpm|alpine|debian|ubuntu|redhat|rhel'
                '|centos|rocky|alma|amazon|oracle|fedora|photon|suse|opensuse|sles|mariner'
                '|cbl-mariner|azurelinux|wolfi|chainguard|minimos|arch)([ ._-].*)?') THEN 'os'
            WHEN regexp_full_match(type, '(python|pip|pipenv|poetry|uv|pypi|conda)([_-]?pkg)?'
                '|(node|nodejs|node\.js|javascript|npm|yarn|pnpm|bun)([_-]?pkg)?'
                '|(java|jar|pom|maven|gradle|sbt|java-archive|jenkins-plugin)'
                '|(go|golang|gomod|go-module|gobinary|go_stdlib)'
                '|(cargo|rust|rustbinary|rust-crate)|(ruby|rubygems|gem|bundler|gemspec)'
                '|(php|composer|composer-vendor|php-composer)'
                '|(nuget|dotnet|dotnet[_-]core|dotnet-deps|\.net|packages-props)'
                '|(hex|pub|swift|cocoapods|conan|julia)') THEN 'language' END AS kind
    FROM told
), matched AS (
    SELECT s.image, s.source, s.package_name, s.severity, s.fix,
        coalesce(g.leading_id,
            CASE WHEN s.is_cve THEN upper(s.vulnerability_id) ELSE s.vulnerability_id END)
            AS vulnerability_id,
        coalesce(w.package, alone.package, s.word) AS package,
        coalesce(s.kind, w.kind, alone.kind, 'unknown') AS kind
    FROM sorted AS s
    LEFT JOIN leading_ids AS g USING (vulnerability_id)
    LEFT JOIN package_words AS w ON w.digest = s.digest AND w.word = s.word
        AND w.kind = coalesce(s.kind, 'os')
    LEFT JOIN package_words AS alone ON s.kind IS NULL AND alone.digest = s.digest
        AND alone.word = s.word AND alone.kind = 'language'
)
SELECT image, source, vulnerability_id, package, kind = 'language' AS language, min(kind) AS kind,
    min(package_name) AS package_name, coalesce(max(severity), 1) AS severity, max(fix) AS fix
FROM matched GROUP BY image, source, vulnerability_id, package, kind = 'language'
