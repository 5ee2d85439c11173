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
SELECT DISTINCT provider, registry_id, repository FROM staged_repositories
WHERE complete IS NOT TRUE;

CREATE TEMP TABLE placements_all AS
WITH staged AS (
    SELECT * FROM staged_placements AS s
    WHERE s.provider <> 'files' OR NOT EXISTS (
        FROM adopted AS a WHERE (a.registry_id, a.repository, a.digest)
            = (s.registry_id, s.repository, s.digest))
    QUALIFY row_number() OVER (
        PARTITION BY provider, registry_id, repository, digest ORDER BY scope_id, pushed_at) = 1
)
-- What a source told before and not tonight still holds: a push is never undone, a pull neither, and
-- whether an image runs is not answered by silence.
SELECT s.* REPLACE (
    getvariable('run_id') AS observed_run_id,
    coalesce(s.pushed_at, was.pushed_at) AS pushed_at,
    coalesce(s.last_pulled_at, was.last_pulled_at) AS last_pulled_at,
    coalesce(s.in_use, was.in_use) AS in_use,
    CASE WHEN s.in_use IS NULL THEN was.in_use_count ELSE s.in_use_count END AS in_use_count,
    coalesce(s.archived, was.archived) AS archived)
FROM staged AS s
LEFT JOIN prev_placements AS was USING (provider, registry_id, repository, digest)
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

-- Who answers for a repository: the first rule of the owners' file that fits, else the first of the
-- named labels that the repository or its registry bears.
UPDATE repositories_all SET owner = NULL, owner_source = NULL;
UPDATE repositories_all AS r SET owner = o.owner, owner_source = o.owner_source
FROM (
    SELECT provider, registry_id, repository, arg_min(owner, (rank, place)) AS owner,
        arg_min(owner_source, (rank, place)) AS owner_source
    FROM (
        SELECT r.provider, r.registry_id, r.repository, rule.owner, 'rule' AS owner_source,
            0 AS rank, rule.place
        FROM repositories_all AS r JOIN owner_rules AS rule
            ON r.registry_id GLOB rule.registry AND r.repository GLOB rule.repository
        UNION ALL
        SELECT r.provider, r.registry_id, r.repository,
            substr(label, len(name) + 2) AS owner, 'label' AS owner_source, 1 AS rank, place
        FROM (
            SELECT r.provider, r.registry_id, r.repository,
                unnest(list_concat(coalesce(r.labels, []), coalesce(g.labels, []))) AS label
            FROM repositories_all AS r LEFT JOIN registries_all AS g USING (provider, registry_id)
        ) AS r
        JOIN owner_labels ON starts_with(lower(label), lower(name) || '=')
        WHERE len(label) > len(name) + 1
    ) GROUP BY ALL
) AS o
WHERE (r.provider, r.registry_id, r.repository) = (o.provider, o.registry_id, o.repository);

-- One row a digest. A digest's content never changes, so what was once read of it (the children of an
-- index, its platform) holds when tonight's read of it failed. Where two places tell different kinds,
-- an index is one by its media type, and what any place holds for a runnable image is one: otherwise
-- a misleading tag elsewhere would take it out of every denominator.
CREATE TEMP TABLE images_all AS
WITH placed AS (SELECT DISTINCT digest FROM placements_all),
told AS (
    SELECT s.digest,
        arg_min(kind, list_position(['index', 'image', 'attestation', 'signature', 'sbom',
            'artifact'], kind)) AS kind,
        max(media_type) AS media_type, max(artifact_type) AS artifact_type, max(os) AS os,
        max(architecture) AS architecture, max(variant) AS variant,
        max(size_bytes) AS size_bytes, max(created_at) AS created_at,
        max(subject_digest) AS subject_digest, max(child_digests) AS child_digests,
        max(base_image) AS base_image, max(labels) AS labels
    FROM staged_images AS s SEMI JOIN placed USING (digest)
    GROUP BY s.digest
), before AS (SELECT * FROM prev_images SEMI JOIN placed USING (digest))
SELECT digest,
    CASE WHEN before.kind = 'index' THEN 'index' ELSE coalesce(told.kind, before.kind) END AS kind,
    coalesce(told.media_type, before.media_type) AS media_type,
    coalesce(told.artifact_type, before.artifact_type) AS artifact_type,
    coalesce(told.os, before.os) AS os,
    coalesce(told.architecture, before.architecture) AS architecture,
    coalesce(told.variant, before.variant) AS variant,
    coalesce(told.size_bytes, before.size_bytes) AS size_bytes,
    coalesce(told.created_at, before.created_at) AS created_at,
    coalesce(told.subject_digest, before.subject_digest) AS subject_digest,
    coalesce(CASE WHEN len(told.child_digests) > 0 THEN told.child_digests END,
        before.child_digests, told.child_digests)
        AS child_digests,
    coalesce(told.base_image, before.base_image) AS base_image,
    coalesce(told.labels, before.labels) AS labels
FROM told FULL JOIN before USING (digest);
