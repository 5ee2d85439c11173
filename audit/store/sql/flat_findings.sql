-- The findings of a run, each with its placement, its image and the state of its assessment.
SELECT f.* EXCLUDE (run_id), f.run_id, p.account, p.region, p.scope_id, p.tags,
    p.pushed_at, p.last_pulled_at, p.in_use, p.archived, p.current, i.os, i.architecture,
    a.state AS assessment_state, a.scanned_at
FROM findings AS f
JOIN placements AS p USING (provider, registry_id, repository, digest)
JOIN images AS i USING (digest)
LEFT JOIN assessments AS a USING (provider, registry_id, repository, digest, source)
