-- Answers: in which repositories no image at all was looked at. Denominator: repositories with an
-- assessable image.
-- Needs: placement_states, open_exposures, repository_looks
SELECT provider, registry_id, repository, assessable, inferred, open, unconfirmed,
    count(*) OVER () AS total
FROM repository_looks
WHERE looked = 'nothing'
ORDER BY assessable DESC, provider, registry_id, repository
LIMIT $limit OFFSET $offset
