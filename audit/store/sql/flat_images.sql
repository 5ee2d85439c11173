-- The placements of a run, each with the facts of its image and the word whether anybody looked.
SELECT p.*, i.* EXCLUDE (digest, run_id),
    CASE WHEN i.kind = 'image' THEN coalesce(a.state, 'unknown') END AS assessment_state,
    a.reason AS assessment_reason, a.source AS assessment_source, a.scanned_at
FROM placements AS p JOIN images AS i USING (digest)
LEFT JOIN (
    FROM assessments QUALIFY row_number() OVER (
        PARTITION BY provider, registry_id, repository, digest
        ORDER BY list_position(['assessed', 'pending', 'stale', 'expired', 'archived', 'failed',
            'denied', 'unsupported', 'not_scanned', 'unknown', 'inferred_clean'], state),
            source) = 1
) AS a USING (provider, registry_id, repository, digest)
