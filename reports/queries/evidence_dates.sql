-- Answers: how old is the evidence of each source. Denominator: placements the source assessed.
SELECT a.provider, a.source, count(*) AS assessed, count(a.scanned_at) AS dated,
    min(a.scanned_at) AS oldest, max(a.scanned_at) AS newest
FROM assessments AS a
JOIN images AS i ON i.digest = a.digest AND i.kind = 'image'
WHERE a.state = 'assessed'
GROUP BY a.provider, a.source ORDER BY a.provider, a.source
