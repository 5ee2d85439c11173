-- One row a current image of kind image, wherever it lies: which sources assessed it, within the
-- evidence window. No other state is a look. place is the first of its places; image is a number for
-- it in this run, as what is made of the statements must stay narrow. os_sources are those of sources
-- that look at packages of the operating system only.
SELECT row_number() OVER (ORDER BY p.digest)::INTEGER AS image, p.digest,
    min(p.registry_id || '/' || p.repository) AS place,
    coalesce(list_sort(list(DISTINCT a.source) FILTER (a.state = 'assessed')), []) AS sources,
    coalesce(list(DISTINCT a.source) FILTER (a.state = 'assessed' AND a.os_packages_only), [])
        AS os_sources
FROM placements AS p
SEMI JOIN (FROM images WHERE kind = 'image') AS i USING (digest)
LEFT JOIN assessments AS a USING (provider, registry_id, repository, digest)
WHERE p.current
GROUP BY p.digest
