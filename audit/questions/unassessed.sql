-- Title: Which images has nobody assessed, and for how long?
-- Answers: current images without an assessment that holds, those waiting longest first.
-- Column: provider: Cloud.
-- Column: registry_id: Registry.
-- Column: repository: Repository.
-- Column: digest: Image.
-- Column: tags: Tags that point at it.
-- Column: states: What each source has of it, as source: state (reason).
-- Column: pushed_at: When it was pushed.
-- Column: last_evidence_at: Newest evidence that any source had; null when none ever had.
-- Column: days_waiting: Whole days since that evidence, or since the push; null when neither is known.
-- Tables: placements, images, assessments, runs
SELECT p.provider, p.registry_id, p.repository, p.digest, p.tags,
    list_sort(list(concat(a.source, ': ', a.state, ' (' || a.reason || ')'))) AS states,
    p.pushed_at, max(a.scanned_at) AS last_evidence_at,
    date_diff('day', coalesce(max(a.scanned_at), p.pushed_at), (SELECT started_at FROM runs))
        AS days_waiting
FROM placements AS p
SEMI JOIN (FROM images WHERE kind = 'image') AS i USING (digest)
LEFT JOIN assessments AS a USING (provider, registry_id, repository, digest)
WHERE p.current
GROUP BY p.provider, p.registry_id, p.repository, p.digest, p.tags, p.pushed_at
HAVING NOT coalesce(bool_or(a.state = 'assessed'), false)
ORDER BY days_waiting DESC NULLS FIRST, p.provider, p.registry_id, p.repository, p.digest
