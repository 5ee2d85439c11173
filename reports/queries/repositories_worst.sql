-- Answers: which repositories have the gravest open exposures. Denominator: repositories with an
-- open exposure; looked at: assessable placements of the repository.
-- Needs: placement_states, open_exposures, repository_looks
SELECT provider, registry_id, repository, critical, high, medium, low, negligible, unrated, open,
    unconfirmed, fixable, assessed, assessable, looked, count(*) OVER () AS total
FROM repository_looks
WHERE open > 0
ORDER BY critical DESC, high DESC, medium DESC, low DESC, negligible DESC, unrated DESC, provider,
    registry_id, repository
LIMIT $limit OFFSET $offset
