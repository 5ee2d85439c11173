-- Answers: which exposures are open, gravest first. Denominator: all open exposures.
-- Needs: open_exposures
SELECT provider, account, region, registry_id, repository, vulnerability_id, package_name,
    severity, fixable, state, array_to_string(sources, ', ') AS sources,
    len(carrier_digests) AS images, opened_at, last_confirmed_at, reopened_count,
    exposure_id, waiver_id, waived_until, count(*) OVER () AS total
FROM open_exposures
ORDER BY severity_place NULLS LAST, provider, registry_id, repository, vulnerability_id,
    package_name, exposure_id
LIMIT $limit OFFSET $offset
