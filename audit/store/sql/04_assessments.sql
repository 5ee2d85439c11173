-- One assessment for every (placement of an assessable image x source): read in this run, or carried
-- forward with the reason why it is not fresh. told_state is the state before the evidence window.
CREATE TEMP TABLE assessable AS
SELECT p.* FROM placements_current AS p
JOIN images_all AS i ON i.digest = p.digest AND i.kind = 'image';

CREATE TEMP TABLE assessments_all AS
WITH native_sources AS (
    -- What we scan ourselves is no service of the registry's: its last look holds for its time.
    SELECT DISTINCT provider, source FROM scopes_history WHERE source <> '' AND kind <> 'scan'
    UNION SELECT DISTINCT provider, source FROM scopes_now WHERE source <> '' AND kind <> 'scan'
), staged AS (
    SELECT s.* REPLACE (coalesce(a.owner, s.provider) AS provider)
    FROM staged_assessments AS s
    LEFT JOIN adopted AS a ON s.provider = 'files' AND (a.registry_id, a.repository, a.digest)
        = (s.registry_id, s.repository, s.digest)
    QUALIFY row_number() OVER (
        PARTITION BY coalesce(a.owner, s.provider), s.registry_id, s.repository, s.digest, s.source
        -- Of parts of one list none is all there is, whatever the last of them says.
        ORDER BY s.provider = 'files' AND coalesce(s.basis, 'read') = 'read',
            s.scanned_at DESC NULLS LAST, s.state, s.content_hash) = 1
), carried AS (
    -- The window is applied afresh: what it made of the row before does not count.
    SELECT a.* REPLACE (coalesce(a.told_state, a.state) AS state,
            CASE WHEN a.told_state IS NOT DISTINCT FROM a.state THEN a.reason END AS reason),
        fates.fate, fates.outcome, p.scope_id,
        p.observed_run_id = getvariable('run_id') AS listed_now,
        EXISTS (FROM native_sources AS n WHERE (n.provider, n.source) = (a.provider, a.source))
            AS native
    FROM prev_assessments AS a
    JOIN placements_current AS p USING (provider, registry_id, repository, digest)
    LEFT JOIN fates ON fates.scope_id = p.scope_id
    WHERE a.source <> 'none' AND NOT EXISTS (
        FROM staged AS s WHERE (s.provider, s.registry_id, s.repository, s.digest, s.source)
            = (a.provider, a.registry_id, a.repository, a.digest, a.source))
), answers AS (
    SELECT provider, registry_id, repository, digest, source, read_run_id, observed_run_id,
        coalesce(told_state, state) = 'assessed' AND (getvariable('command') <> 'run'
            OR coalesce(read_run_id, observed_run_id) NOT IN (
                SELECT run_id FROM runs_history WHERE command = 'import')) AS answered
    FROM prev_assessments
), known AS (
    -- Who asked only for what changed needs an earlier answer to build on, and it must be the source's
    -- own: a source that says that nothing changed does not speak of what a file left out.
    SELECT s.* REPLACE (getvariable('run_id') AS observed_run_id,
        CASE WHEN s.state = 'assessed' AND coalesce(s.basis, 'read') <> 'read'
            AND NOT coalesce(was.answered, false) THEN 'unknown' ELSE s.state END AS state,
        CASE WHEN s.state = 'assessed' AND coalesce(s.basis, 'read') <> 'read'
            AND NOT coalesce(was.answered, false)
            THEN 'only changes were asked for, and no earlier run had read the image'
            ELSE s.reason END AS reason,
        coalesce(s.basis, 'read') AS basis,
        CASE WHEN coalesce(s.basis, 'read') = 'read' THEN getvariable('run_id')
            ELSE coalesce(was.read_run_id, was.observed_run_id) END AS read_run_id)
    FROM staged AS s
    LEFT JOIN answers AS was USING (provider, registry_id, repository, digest, source)
    SEMI JOIN placements_current USING (provider, registry_id, repository, digest)
    UNION ALL BY NAME
    SELECT c.* EXCLUDE (fate, outcome, scope_id, listed_now, native) REPLACE (
        CASE
            WHEN listed_now AND native THEN 'stale'
            WHEN listed_now OR fate = 'untouched' THEN state
            WHEN outcome = 'denied' THEN 'denied'
            ELSE 'unknown'
        END AS state,
        CASE
            WHEN listed_now AND native
                THEN 'the registry no longer uses ' || source || '; last answer of run '
                    || observed_run_id
            WHEN listed_now OR fate = 'untouched' THEN reason
            WHEN outcome = 'complete'
                THEN 'its repository was not listed in this run; last read by run '
                    || observed_run_id
            ELSE 'not listed in this run, scope ' || scope_id || ' was ' || outcome
                || '; last read by run ' || observed_run_id
        END AS reason)
    FROM carried AS c
)
SELECT * REPLACE (state AS told_state) FROM known
UNION ALL BY NAME
SELECT p.provider, p.registry_id, p.repository, p.digest, 'none' AS source,
    CASE WHEN p.observed_run_id = getvariable('run_id') THEN 'not_scanned' ELSE 'unknown' END
        AS state,
    'no source has judged this image' AS reason,
    CASE WHEN p.observed_run_id = getvariable('run_id') THEN 'not_scanned' ELSE 'unknown' END
        AS told_state, p.observed_run_id
FROM assessable AS p
ANTI JOIN known USING (provider, registry_id, repository, digest);

-- Evidence from after the run (a day for clocks that differ) is none: its date cannot be right, and
-- it would hold for longer than the window.
UPDATE assessments_all
SET state = 'unknown',
    reason = 'evidence is dated ' || strftime(scanned_at, '%Y-%m-%d') || ', after the run'
WHERE state = 'assessed' AND scanned_at > getvariable('moment') + to_days(1);

-- Evidence older than the window is no look at today's image. Where its time was not told it is as
-- old as the run that read it.
CREATE TEMP MACRO run_moment(id) AS strptime(id, '%Y%m%dT%H%M%SZ')::TIMESTAMP AT TIME ZONE 'UTC';
UPDATE assessments_all
SET state = 'stale',
    reason = 'evidence of '
        || strftime(coalesce(scanned_at, run_moment(observed_run_id)), '%Y-%m-%d')
        || ' is older than ' || getvariable('evidence_window_days') || ' days'
WHERE state = 'assessed' AND coalesce(scanned_at, run_moment(observed_run_id))
    < getvariable('moment') - to_days(getvariable('evidence_window_days'));
