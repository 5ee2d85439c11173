-- Answers: which repositories were not listed to their end in this run. Denominator: repositories.
SELECT provider, registry_id, repository, expected_images, listed_images, observed_run_id,
    array_to_string(unread, '; ') AS unread, count(*) OVER () AS total
FROM repositories
WHERE complete IS NOT TRUE OR observed_run_id IS DISTINCT FROM run_id
ORDER BY provider, registry_id, repository
LIMIT $limit OFFSET $offset
