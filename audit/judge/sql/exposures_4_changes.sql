-- One row for every exposure whose state changes in this run. Closing needs a complete scope and
-- fresh looks, or a word from the source or the publisher; everything else that is no longer seen is
-- unconfirmed, and unconfirmed is open.
CREATE TEMP TABLE blind_carriers AS
SELECT s.key, min(CASE a.state WHEN 'assessed' THEN 'carried' ELSE a.state END) AS state
FROM (SELECT key, provider, registry_id, repository, sources, unnest(carrier_digests) AS digest
    FROM stated WHERE NOT fresh) AS s
JOIN assessments_told AS a USING (provider, registry_id, repository, digest)
WHERE list_contains(s.sources, a.source) AND a.raw_state <> 'assessed'
GROUP BY s.key;

-- A statement about the images that were looked at says nothing of one that could not be.
CREATE TEMP TABLE unseen_repositories AS
SELECT DISTINCT i.registry_id, i.repository FROM current_images AS i
JOIN images_all AS m ON m.digest = i.digest AND m.kind = 'image'
LEFT JOIN looked_at AS seen ON (seen.provider, seen.registry_id, seen.repository, seen.digest)
    = (i.provider, i.registry_id, i.repository, i.digest)
WHERE NOT coalesce(seen.clean, false);

CREATE TEMP TABLE exposure_changes AS
WITH
seen AS (
    SELECT s.*, prior.opened_at AS was_opened_at, prior,
        look.reason AS appearance, fates.outcome, fates.fate, blind.state AS blind_state,
        CASE
            WHEN dismissed IS NOT NULL AND coalesce(prior.state, 'closed') = 'closed' THEN NULL
            WHEN dismissed = 'withdrawn' OR (dismissed IS NOT NULL AND unseen.repository IS NULL)
                THEN 'closed'
            WHEN prior.state IS NULL THEN 'opened'
            WHEN prior.state = 'closed' THEN 'reopened'
            WHEN fresh AND prior.state = 'unconfirmed' THEN 'confirmed'
            WHEN fresh AND (prior.severity, prior.fix_state, prior.sources)
                IS DISTINCT FROM (s.severity, s.fix_state, s.sources) THEN 'changed'
            WHEN NOT fresh AND prior.state = 'open' AND (blind.state = 'stale'
                OR coalesce(fates.fate, 'complete') <> 'untouched') THEN 'unconfirmed'
        END AS event
    FROM stated AS s
    LEFT JOIN prior ON prior.key = s.key
    LEFT JOIN appearance AS look ON look.key = s.key
    LEFT JOIN fates ON fates.scope_id = s.scope_id
    LEFT JOIN blind_carriers AS blind ON blind.key = s.key
    LEFT JOIN unseen_repositories AS unseen
        ON (unseen.registry_id, unseen.repository) = (s.registry_id, s.repository)
),
seen_rows AS (
    SELECT key, coalesce(prior.exposure_id, key) AS exposure_id, event,
        CASE event
            WHEN 'closed' THEN dismissed
            WHEN 'opened' THEN appearance
            WHEN 'reopened' THEN appearance
            WHEN 'confirmed' THEN 'stated_again'
            WHEN 'changed' THEN CASE
                WHEN prior.severity IS DISTINCT FROM severity THEN 'severity'
                WHEN prior.fix_state IS DISTINCT FROM fix_state THEN 'fix'
                ELSE 'sources' END
            ELSE CASE
                WHEN listed OR fate = 'untouched' THEN 'image_' || coalesce(blind_state, 'unknown')
                WHEN outcome = 'complete' THEN 'repository_unlisted'
                ELSE 'scope_' || coalesce(outcome, 'failed') END
        END AS reason,
        provider, scope_id, account, region, registry_id, repository, vulnerability_id,
        package_name,
        CASE WHEN event = 'closed' THEN 'closed' WHEN fresh THEN 'open' ELSE 'unconfirmed' END
            AS state,
        severity, fix_state, sources,
        CASE WHEN event = 'unconfirmed' THEN carrier_digests END AS carrier_digests,
        CASE WHEN event = 'unconfirmed' THEN carrier_pushed_at END AS carrier_pushed_at,
        coalesce(was_opened_at, getvariable('moment')) AS opened_at,
        CASE WHEN fresh THEN getvariable('moment') ELSE prior.last_confirmed_at END
            AS last_confirmed_at,
        CASE WHEN event = 'closed' THEN getvariable('moment') END AS closed_at,
        CASE WHEN event = 'closed' THEN dismissed END AS closing_reason,
        NULL::VARCHAR AS merged_into,
        coalesce(prior.reopened_count, 0) + (event = 'reopened')::BIGINT AS reopened_count,
        prior.published_at AS published_at,
        coalesce(prior.fix_available_at,
            CASE WHEN fix_state = 'available' THEN getvariable('moment') END) AS fix_available_at,
        least(prior.native_first_observed_at, native_first_observed_at)
            AS native_first_observed_at,
        coalesce(prior.first_seen_at, getvariable('moment')) AS first_seen_at,
        prior.kev_added_at AS kev_added_at,
        coalesce(prior.evaluated_at,
            CASE WHEN severity <> 'UNKNOWN' THEN getvariable('moment') END) AS evaluated_at
    FROM seen WHERE event IS NOT NULL
),
judged AS (
    SELECT b.*, fates.outcome,
        CASE
            WHEN known.withdrawn_at <= getvariable('moment') THEN 'withdrawn'
            WHEN coalesce(fates.fate, 'complete') = 'untouched' THEN NULL
            WHEN coalesce(fates.fate, 'complete') <> 'complete' THEN 'unconfirmed'
            WHEN unlisted.repository IS NOT NULL THEN 'unconfirmed'
            WHEN v.current_images = 0 THEN 'removed'
            WHEN v.proven AND hidden.key IS NULL AND v.first_absence THEN 'unconfirmed'
            WHEN v.proven AND hidden.key IS NULL THEN 'fixed'
            WHEN v.newer_clean AND NOT v.carrier_current AND (hidden.unseen OR v.newer_once)
                THEN 'unconfirmed'
            WHEN v.newer_clean AND NOT v.carrier_current THEN 'removed'
            ELSE 'unconfirmed'
        END AS verdict,
        CASE
            WHEN fates.fate = 'incomplete' THEN 'scope_' || fates.outcome
            WHEN unlisted.repository IS NOT NULL THEN 'repository_unlisted'
            WHEN v.proven AND hidden.key IS NULL THEN 'absent_once'
            WHEN v.proven THEN 'waived_at_source'
            WHEN v.newer_clean AND NOT v.carrier_current
                THEN CASE WHEN hidden.unseen THEN 'waived_at_source' ELSE 'absent_once' END
            WHEN v.carrier_current THEN 'image_' || coalesce(v.carrier_state, v.successor_state,
                v.any_state, 'unknown')
            ELSE 'successor_' || coalesce(v.successor_state, 'unknown')
        END AS blind_reason
    FROM open_before AS b
    JOIN vanished AS v USING (key)
    LEFT JOIN hidden USING (key)
    LEFT JOIN vulnerabilities_known AS known USING (vulnerability_id)
    LEFT JOIN fates ON fates.scope_id = b.scope_id
    LEFT JOIN unlisted USING (registry_id, repository)
),
gone_rows AS (
    SELECT * EXCLUDE (renamed, outcome, verdict, blind_reason, run_id) REPLACE (
        CASE WHEN verdict = 'unconfirmed' AND state <> 'open' THEN 'changed'
            WHEN verdict = 'unconfirmed' THEN 'unconfirmed' ELSE 'closed' END AS event,
        CASE verdict WHEN 'unconfirmed' THEN blind_reason ELSE verdict END AS reason,
        CASE verdict WHEN 'unconfirmed' THEN 'unconfirmed' ELSE 'closed' END AS state,
        CASE WHEN verdict = 'unconfirmed' THEN carrier_digests END AS carrier_digests,
        CASE WHEN verdict = 'unconfirmed' THEN carrier_pushed_at END AS carrier_pushed_at,
        CASE WHEN verdict <> 'unconfirmed' THEN getvariable('moment') END AS closed_at,
        CASE WHEN verdict <> 'unconfirmed' THEN verdict END AS closing_reason)
    FROM judged
    WHERE verdict IN ('fixed', 'removed', 'withdrawn')
        -- That it was missing is kept: the next look that lacks it too closes it.
        OR (verdict = 'unconfirmed' AND (state = 'open'
            OR (blind_reason = 'absent_once' AND reason IS DISTINCT FROM 'absent_once')))
),
decided AS (FROM seen_rows UNION ALL BY NAME FROM gone_rows),
kept_rows AS (
    SELECT p.* EXCLUDE (renamed, run_id) REPLACE (
        'changed' AS event,
        CASE WHEN p.renamed THEN 'alias' WHEN m.waiver_id IS NULL THEN 'waiver_ended'
            ELSE 'waived' END AS reason,
        CASE WHEN s.fresh THEN getvariable('moment') ELSE p.last_confirmed_at END
            AS last_confirmed_at)
    FROM prior AS p ANTI JOIN decided USING (exposure_id)
    LEFT JOIN marked AS m USING (key)
    LEFT JOIN stated AS s USING (key)
    WHERE p.renamed OR (p.state <> 'closed'
        AND (m.waiver_id, m.waived_until) IS DISTINCT FROM (p.waiver_id, p.waived_until))
)
SELECT rows.* EXCLUDE (key) REPLACE (
    CASE WHEN rows.state <> 'closed' THEN m.waiver_id END AS waiver_id,
    CASE WHEN rows.state <> 'closed' THEN m.waived_until END AS waived_until,
    coalesce(rows.published_at, known.published_at) AS published_at,
    coalesce(rows.kev_added_at, known.kev_added_at) AS kev_added_at)
FROM (FROM decided UNION ALL BY NAME FROM kept_rows UNION ALL BY NAME FROM merged_rows) AS rows
LEFT JOIN marked AS m USING (key)
LEFT JOIN vulnerabilities_known AS known USING (vulnerability_id);
