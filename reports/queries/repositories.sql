-- Answers: what is known of each repository, gravest first. Denominator: all repositories known.
-- Needs: placement_states, open_exposures, repository_looks
SELECT *, count(*) OVER () AS total
FROM repository_looks
ORDER BY critical DESC, high DESC, medium DESC, low DESC, negligible DESC, unrated DESC, provider,
    registry_id, repository
LIMIT $limit OFFSET $offset
