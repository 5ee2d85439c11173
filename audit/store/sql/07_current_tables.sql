-- Flat, denormalised tables of the newest run, one file each, for who wants one file.
-- What an image carries means nothing without the word whether anybody looked.
CREATE TEMP VIEW flat_images AS
SELECT getvariable('run_id') AS run_id, p.*, i.* EXCLUDE (digest),
    CASE WHEN i.kind = 'image' THEN coalesce(a.state, 'unknown') END AS assessment_state,
    a.reason AS assessment_reason, a.source AS assessment_source, a.scanned_at
FROM placements_current AS p JOIN images_all AS i USING (digest)
LEFT JOIN (
    FROM assessments_all QUALIFY row_number() OVER (
        PARTITION BY provider, registry_id, repository, digest
        ORDER BY list_position(['assessed', 'pending', 'stale', 'expired', 'archived', 'failed',
            'denied', 'unsupported', 'not_scanned', 'unknown', 'inferred_clean'], state),
            source) = 1
) AS a USING (provider, registry_id, repository, digest);

CREATE TEMP MACRO flat_findings_of(found) AS TABLE
SELECT getvariable('run_id') AS run_id, f.*, p.account, p.region, p.scope_id, p.tags,
    p.pushed_at, p.last_pulled_at, p.in_use, p.archived, p.current, i.os, i.architecture,
    a.state AS assessment_state, a.scanned_at
FROM query_table(found) AS f
JOIN placements_current AS p USING (provider, registry_id, repository, digest)
JOIN images_all AS i USING (digest)
LEFT JOIN (SELECT provider, registry_id, repository, digest, source, state, scanned_at
    FROM assessments_all) AS a USING (provider, registry_id, repository, digest, source);

CREATE TEMP VIEW waivers_now AS
SELECT w.* REPLACE (coalesce(marked.exposures, 0) AS applied_count) FROM waivers_all AS w
LEFT JOIN (SELECT waiver_id, count(*) AS exposures FROM exposures_now
    WHERE state <> 'closed' GROUP BY waiver_id) AS marked USING (waiver_id);

CREATE TEMP VIEW flat_exposures AS
SELECT getvariable('run_id') AS run_id, * FROM exposures_now;

CREATE TEMP VIEW flat_controls AS
SELECT getvariable('run_id') AS run_id, * FROM control_results_all;
