-- Registries, repositories, placements and images known at this moment: what was read in this run,
-- and what an incomplete or untouched scope does not allow to be forgotten.

-- An imported report about an image that a provider lists belongs to that provider's placement.
CREATE TEMP TABLE adopted AS
SELECT DISTINCT registry_id, repository, digest, provider AS owner FROM (
    SELECT provider, registry_id, repository, digest FROM staged_placements
    UNION SELECT provider, registry_id, repository, digest FROM prev_placements
) WHERE provider <> 'files';

-- A repository that was not listed to its end keeps what was known of it, in a complete scope too.
CREATE TEMP TABLE unlisted AS
SELECT DISTINCT provider, registry_id, repository FROM staged_repositories WHERE NOT complete;

CREATE TEMP TABLE placements_all AS
WITH staged AS (
    SELECT * FROM staged_placements AS s
    WHERE s.provider <> 'files' OR NOT EXISTS (
        FROM adopted AS a WHERE (a.registry_id, a.repository, a.digest)
            = (s.registry_id, s.repository, s.digest))
    QUALIFY row_number() OVER (
        PARTITION BY provider, registry_id, repository, digest ORDER BY scope_id, pushed_at) = 1
)
SELECT * REPLACE (getvariable('run_id') AS observed_run_id) FROM staged
UNION ALL BY NAME
SELECT p.* FROM prev_placements AS p
JOIN fates ON fates.scope_id = p.scope_id AND (fates.fate <> 'complete' OR EXISTS (
    FROM unlisted AS u WHERE (u.provider, u.registry_id, u.repository)
        = (p.provider, p.registry_id, p.repository)))
WHERE NOT EXISTS (
    FROM staged AS s WHERE (s.provider, s.registry_id, s.repository, s.digest)
        = (p.provider, p.registry_id, p.repository, p.digest));

CREATE TEMP TABLE registries_all AS
WITH staged AS (
    SELECT * FROM staged_registries
    QUALIFY row_number() OVER (PARTITION BY provider, registry_id ORDER BY scope_id) = 1
)
SELECT * REPLACE (getvariable('run_id') AS observed_run_id) FROM staged
UNION ALL BY NAME
SELECT p.* FROM prev_registries AS p
JOIN fates ON fates.scope_id = p.scope_id AND fates.fate <> 'complete'
WHERE NOT EXISTS (
    FROM staged AS s WHERE (s.provider, s.registry_id) = (p.provider, p.registry_id));

CREATE TEMP TABLE repositories_all AS
WITH staged AS (
    SELECT * FROM staged_repositories
    QUALIFY row_number() OVER (
        PARTITION BY provider, registry_id, repository ORDER BY scope_id) = 1
)
SELECT * REPLACE (getvariable('run_id') AS observed_run_id) FROM staged
UNION ALL BY NAME
SELECT p.* FROM prev_repositories AS p
JOIN fates ON fates.scope_id = p.scope_id AND fates.fate <> 'complete'
WHERE NOT EXISTS (
    FROM staged AS s WHERE (s.provider, s.registry_id, s.repository)
        = (p.provider, p.registry_id, p.repository));

-- One row a digest. Where two places tell different things the more particular kind wins (an
-- attestation is known as such only where its index is), and the greater of other values, so that
-- the order of reading never matters.
CREATE TEMP TABLE images_all AS
WITH facts AS (
    SELECT * FROM staged_images
    UNION ALL BY NAME
    SELECT * FROM prev_images AS p WHERE NOT EXISTS (FROM staged_images AS s
        WHERE s.digest = p.digest)
), placed AS (SELECT DISTINCT digest FROM placements_all)
SELECT facts.digest,
    arg_min(kind, CASE kind WHEN 'attestation' THEN 1 WHEN 'signature' THEN 2 WHEN 'sbom' THEN 3
        WHEN 'index' THEN 4 WHEN 'artifact' THEN 5 ELSE 6 END) AS kind,
    max(media_type) AS media_type, max(artifact_type) AS artifact_type, max(os) AS os,
    max(architecture) AS architecture, max(variant) AS variant, max(size_bytes) AS size_bytes,
    max(created_at) AS created_at, max(subject_digest) AS subject_digest,
    max(child_digests) AS child_digests, max(base_image) AS base_image, max(labels) AS labels
FROM facts JOIN placed ON placed.digest = facts.digest
GROUP BY facts.digest;
