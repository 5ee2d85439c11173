-- What is stated about the current images of each repository at this run, grouped to exposures:
-- repository x leading id of the alias group x package without version.
CREATE TEMP MACRO is_cve(id) AS regexp_full_match(id::VARCHAR, 'CVE-\d{4}-\d{4,}', 'i');
CREATE TEMP MACRO led(id, lead) AS
    coalesce(lead, CASE WHEN is_cve(id) THEN upper(id::VARCHAR) ELSE id END);
CREATE TEMP MACRO exposure_key(registry, repository, lead, package) AS
    sha256(concat_ws(chr(31), registry, repository, lead, coalesce(package, '')))[1:32];
CREATE TEMP MACRO severity_rank(word) AS
    list_position(['UNKNOWN', 'NEGLIGIBLE', 'LOW', 'MEDIUM', 'HIGH', 'CRITICAL'], word);
CREATE TEMP MACRO fix_rank(word) AS
    list_position(['unknown', 'not_available', 'wont_fix', 'available'], word);

-- What a source said in this run; what was carried it did not say.
CREATE TEMP VIEW assessments_told AS
SELECT *, CASE WHEN observed_run_id = getvariable('run_id') THEN told_state ELSE 'carried' END
    AS raw_state
FROM assessments_all;

CREATE TEMP VIEW vulnerabilities_known AS
SELECT vulnerability_id, min(published_at) AS published_at, min(kev_added_at) AS kev_added_at,
    max(withdrawn_at) AS withdrawn_at
FROM (SELECT * EXCLUDE (run_id) FROM vulnerabilities_history
    UNION ALL BY NAME FROM vulnerabilities_changed)
GROUP BY vulnerability_id;

-- Runnable images, and whatever else somebody judged (a report may name an index).
CREATE TEMP TABLE current_images AS
SELECT p.* FROM placements_current AS p
JOIN images_all AS i ON i.digest = p.digest
WHERE p.current AND (i.kind = 'image' OR EXISTS (
    FROM assessments_all AS a WHERE (a.provider, a.registry_id, a.repository, a.digest)
        = (p.provider, p.registry_id, p.repository, p.digest)));

-- Images whose publisher states (VEX) that they are not affected, and that nobody contradicts. What
-- is stated of one version of a package clears no other version that lies in the image too.
CREATE TEMP TABLE cleared AS
WITH versions AS (
    SELECT f.registry_id, f.repository, led(f.vulnerability_id, g.leading_id) AS vulnerability_id,
        coalesce(f.package_name, '') AS package_name, f.digest, f.package_version,
        coalesce(bool_or(vex_status = 'not_affected'), false)
            AND NOT coalesce(bool_or(vex_status IN ('affected', 'under_investigation')), false)
            AS clear
    FROM findings_all AS f
    JOIN current_images AS p USING (provider, registry_id, repository, digest)
    LEFT JOIN groups_now AS g USING (vulnerability_id)
    WHERE f.digest IN (SELECT digest FROM findings_all WHERE vex_status IS NOT NULL)
    GROUP BY ALL
), images AS (
    SELECT * EXCLUDE (package_version, clear) FROM versions GROUP BY ALL HAVING bool_and(clear)
)
SELECT * EXCLUDE (digest), count(*) AS images FROM images GROUP BY ALL;

CREATE TEMP TABLE stated AS
WITH grouped AS (
    SELECT
        max(p.provider) AS provider,
        max(p.scope_id) AS scope_id, max(p.account) AS account, max(p.region) AS region,
        f.registry_id, f.repository, led(f.vulnerability_id, g.leading_id) AS vulnerability_id,
        f.package_name,
        bool_or(f.observed_run_id = getvariable('run_id')) AS fresh,
        bool_or(p.observed_run_id = getvariable('run_id')) AS listed,
        arg_max(f.severity, severity_rank(f.severity)) AS severity,
        arg_max(f.fix_state, fix_rank(f.fix_state)) AS fix_state,
        list_sort(coalesce(
            list(DISTINCT f.source) FILTER (f.observed_run_id = getvariable('run_id')),
            list(DISTINCT f.source))) AS sources,
        list_sort(list(DISTINCT f.digest)) AS carrier_digests,
        max(p.pushed_at) AS carrier_pushed_at,
        min(f.native_first_seen_at) AS native_first_observed_at
    FROM findings_all AS f
    JOIN current_images AS p USING (provider, registry_id, repository, digest)
    LEFT JOIN groups_now AS g USING (vulnerability_id)
    GROUP BY f.registry_id, f.repository, led(f.vulnerability_id, g.leading_id), f.package_name
)
SELECT exposure_key(s.registry_id, s.repository, s.vulnerability_id, s.package_name) AS key, s.*,
    CASE WHEN known.withdrawn_at <= getvariable('moment') THEN 'withdrawn'
        WHEN cleared.images = len(s.carrier_digests) THEN 'not_affected' END AS dismissed
FROM grouped AS s
LEFT JOIN vulnerabilities_known AS known USING (vulnerability_id)
LEFT JOIN cleared ON (cleared.registry_id, cleared.repository, cleared.vulnerability_id,
    cleared.package_name) = (s.registry_id, s.repository, s.vulnerability_id,
    coalesce(s.package_name, ''));
