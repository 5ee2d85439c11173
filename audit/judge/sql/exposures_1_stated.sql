-- What is stated about the current images of each repository at this run, grouped to exposures:
-- repository x leading id of the alias group x package without version.
CREATE TEMP MACRO is_cve(id) AS regexp_matches(id::VARCHAR, '^CVE-\d{4}-\d{4,}$', 'i');
CREATE TEMP MACRO cves_of(aliases) AS list_distinct(list_transform(
    list_filter(coalesce(aliases, []::VARCHAR[]), lambda a: is_cve(a)),
    lambda a: upper(a::VARCHAR)));
CREATE TEMP MACRO lead_id(id, aliases) AS CASE
    WHEN is_cve(id) THEN upper(id)
    WHEN len(cves_of(aliases)) = 1 THEN cves_of(aliases)[1]::VARCHAR
    ELSE id END;
CREATE TEMP MACRO severity_rank(word) AS
    list_position(['UNKNOWN', 'NEGLIGIBLE', 'LOW', 'MEDIUM', 'HIGH', 'CRITICAL'], word);
CREATE TEMP MACRO fix_rank(word) AS
    list_position(['unknown', 'not_available', 'wont_fix', 'available'], word);

-- Runnable images, and whatever else somebody judged (a report may name an index).
CREATE TEMP TABLE current_images AS
SELECT p.* FROM placements_current AS p
JOIN images_all AS i ON i.digest = p.digest
WHERE p.current AND (i.kind = 'image' OR EXISTS (
    FROM assessments_all AS a WHERE (a.provider, a.registry_id, a.repository, a.digest)
        = (p.provider, p.registry_id, p.repository, p.digest)));

CREATE TEMP TABLE stated AS
SELECT
    sha256(concat_ws(chr(31), f.registry_id, f.repository, lead_id(f.vulnerability_id, f.aliases),
        coalesce(f.package_name, '')))[1:32] AS exposure_id,
    max(p.provider) AS provider,
    max(p.scope_id) AS scope_id, max(p.account) AS account, max(p.region) AS region,
    f.registry_id, f.repository, lead_id(f.vulnerability_id, f.aliases) AS vulnerability_id,
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
GROUP BY f.registry_id, f.repository, lead_id(f.vulnerability_id, f.aliases), f.package_name;
