-- Answers: which images count as clean only because their source says nothing of clean images.
-- Denominator: assessable placements.
-- Needs: placement_states
SELECT provider, account, source, count(*) AS placements, count(*) OVER () AS total
FROM placement_states
WHERE state = 'inferred_clean'
GROUP BY provider, account, source
ORDER BY placements DESC, provider, account, source
LIMIT $limit OFFSET $offset
