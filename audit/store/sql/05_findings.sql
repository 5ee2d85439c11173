-- Everything stated about every placed image: this run's statements, earlier ones wherever the source
-- did not answer for the image in this run, and those that stand where it was asked for changes only.
-- What a source left, and says of that it has not changed, stands as it did: what its last answer
-- stated is confirmed, what was carried over that is not. It is no fresh look.
CREATE TEMP TABLE unanswered AS
SELECT provider, registry_id, repository, digest, source,
    CASE WHEN a.told_state = 'stale' AND a.basis = 'remembered' AND NOT getvariable('replayed')
        AND a.observed_run_id = getvariable('run_id') THEN was.observed_run_id END AS stands_since
FROM assessments_all AS a
LEFT JOIN prev_assessments AS was USING (provider, registry_id, repository, digest, source)
WHERE (a.told_state <> 'assessed' OR a.observed_run_id <> getvariable('run_id'))
    AND source <> 'none';

-- Parts of one list that were imported together may overlap: what both state is stated once.
CREATE TEMP TABLE told_in_parts AS
SELECT registry_id, repository, digest, source FROM staged_assessments WHERE provider = 'files'
GROUP BY ALL HAVING count(*) > 1;

CREATE TEMP VIEW staged_findings_owned AS
WITH once AS (
    SELECT s.* FROM staged_findings AS s
    WHERE provider <> 'files'
        OR (registry_id, repository, digest, source) NOT IN (FROM told_in_parts)
    UNION ALL BY NAME
    SELECT s.* FROM staged_findings AS s
    SEMI JOIN told_in_parts USING (registry_id, repository, digest, source)
    WHERE provider = 'files'
    QUALIFY row_number() OVER (
        PARTITION BY registry_id, repository, digest, source, vulnerability_id, package_name,
            package_version, location, native_id
        ORDER BY severity, native_state, fixed_version, title, url) = 1
)
SELECT s.* REPLACE (coalesce(a.owner, s.provider) AS provider,
    getvariable('run_id') AS observed_run_id)
FROM once AS s
LEFT JOIN adopted AS a ON s.provider = 'files' AND (a.registry_id, a.repository, a.digest)
    = (s.registry_id, s.repository, s.digest);

-- Statements that only the source's own id tells apart keep it. Elsewhere it tells nothing that the
-- other columns do not, and as most are random it would make a snapshot five times as large.
CREATE TEMP TABLE told_twice AS
SELECT hash(provider, registry_id, repository, digest, source, vulnerability_id, package_name,
    package_version, location) AS statement
FROM staged_findings_owned GROUP BY ALL HAVING count(*) > 1;

CREATE TEMP TABLE findings_all AS
SELECT * REPLACE (CASE WHEN hash(provider, registry_id, repository, digest, source,
    vulnerability_id, package_name, package_version, location) IN (FROM told_twice)
    THEN native_id END AS native_id)
FROM staged_findings_owned
SEMI JOIN placements_current USING (provider, registry_id, repository, digest);

INSERT INTO findings_all BY NAME
SELECT f.* REPLACE (CASE WHEN f.observed_run_id = stands_since THEN getvariable('run_id')
    ELSE f.observed_run_id END AS observed_run_id)
FROM prev_findings AS f
JOIN unanswered USING (provider, registry_id, repository, digest, source)
WHERE NOT EXISTS (
    FROM (FROM findings_all SEMI JOIN unanswered
        USING (provider, registry_id, repository, digest, source)) AS s
    WHERE (s.provider, s.registry_id, s.repository, s.digest, s.source, s.vulnerability_id)
        = (f.provider, f.registry_id, f.repository, f.digest, f.source, f.vulnerability_id)
        AND s.package_name IS NOT DISTINCT FROM f.package_name
        AND s.package_version IS NOT DISTINCT FROM f.package_version
        AND s.location IS NOT DISTINCT FROM f.location
        AND s.native_id IS NOT DISTINCT FROM f.native_id);

-- A run that is judged again brings everything that stood, whatever it had asked for.
INSERT INTO findings_all BY NAME
SELECT f.* REPLACE (getvariable('run_id') AS observed_run_id) FROM prev_findings AS f
SEMI JOIN (FROM assessments_all WHERE told_state = 'assessed' AND basis <> 'read'
        AND observed_run_id = getvariable('run_id') AND NOT getvariable('replayed')) AS standing
    USING (provider, registry_id, repository, digest, source)
ANTI JOIN (
    SELECT provider, registry_id, repository, digest, source, vulnerability_id
    FROM staged_findings WHERE provider <> 'files'
    UNION SELECT provider, registry_id, repository, digest, source, vulnerability_id
    FROM staged_source_closings
) AS restated USING (provider, registry_id, repository, digest, source, vulnerability_id)
-- A list that was imported may name a vulnerability in one package and leave it out in another.
WHERE NOT EXISTS (
    FROM staged_findings_owned AS s
    WHERE (s.provider, s.registry_id, s.repository, s.digest, s.source, s.vulnerability_id)
        = (f.provider, f.registry_id, f.repository, f.digest, f.source, f.vulnerability_id)
        AND s.package_name IS NOT DISTINCT FROM f.package_name
        AND s.package_version IS NOT DISTINCT FROM f.package_version
        AND s.location IS NOT DISTINCT FROM f.location);

CREATE TEMP TABLE closings_now AS
SELECT DISTINCT s.* FROM staged_source_closings AS s;

-- A note holds until another takes its place.
CREATE TEMP TABLE marks_all AS
WITH staged AS (
    SELECT DISTINCT ON (provider, scope_id, name) * REPLACE
        (getvariable('run_id') AS observed_run_id)
    FROM staged_reading_marks ORDER BY provider, scope_id, name, value DESC
)
FROM staged
UNION ALL BY NAME
SELECT p.* FROM prev_reading_marks AS p
SEMI JOIN scopes_now USING (scope_id)
ANTI JOIN staged USING (provider, scope_id, name);
