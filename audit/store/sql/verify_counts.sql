-- Scopes that a run listed to the end, and whose rows are not as many as it listed. An imported
-- report's image may belong to the placement of the cloud that lists it: those are left out.
SELECT s.scope_id, s.listed, count(p.digest) AS rows
FROM scopes AS s
LEFT JOIN placements AS p
    ON p.scope_id = s.scope_id AND p.provider = s.provider AND p.observed_run_id = s.run_id
WHERE s.kind = 'inventory' AND s.outcome = 'complete' AND s.provider <> 'files'
    AND s.observed_run_id = s.run_id
GROUP BY ALL
HAVING count(p.digest) <> s.listed
ORDER BY s.scope_id;
