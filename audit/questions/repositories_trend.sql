-- Title: Which repositories got better or worse?
-- Answers: open exposures of each repository now and some days ago, and how the difference came
--   about: before + opened + reopened - fixed - removed - dismissed - merged = now.
-- Parameter: days (days, default 30): How far back; the first run where there is none so old.
-- Column: provider: Cloud.
-- Column: registry_id: Registry.
-- Column: repository: Repository.
-- Column: difference: Open now less open before; below zero is better.
-- Column: open_before: Open exposures then, unconfirmed ones included.
-- Column: opened: Opened since.
-- Column: reopened: Opened again since.
-- Column: fixed: Closed because they were mended.
-- Column: removed: Closed because the images went away: no remediation.
-- Column: dismissed: Withdrawn at source, or not affected by the publisher's word.
-- Column: merged: Turned out to be another exposure.
-- Column: open_now: Open exposures now, unconfirmed ones included.
-- Column: unconfirmed_now: Of the open now, those that could not be confirmed.
-- Column: confirmed_before: Of the open then, the others.
-- Column: confirmed_now: Of the open now, the others.
-- Tables: exposures_history, all_runs, runs
WITH base AS (
    SELECT coalesce(max(run_id) FILTER (started_at <= (SELECT started_at FROM runs)
        - to_days($days::INTEGER)), min(run_id)) AS run_id
    FROM all_runs
), steps AS (
    SELECT provider, registry_id, repository, run_id, event, state, closing_reason,
        coalesce(lag(state) OVER changes, 'closed') AS was,
        run_id > (SELECT run_id FROM base) AS later,
        lead(run_id) OVER changes AS next_id
    FROM exposures_history
    WINDOW changes AS (PARTITION BY exposure_id::UUID ORDER BY run_id)
), counted AS (
    SELECT provider, registry_id, repository,
        count(*) FILTER (held AND state <> 'closed') AS open_before,
        count(*) FILTER (later AND state <> 'closed' AND was = 'closed' AND event <> 'reopened')
            AS opened,
        count(*) FILTER (later AND state <> 'closed' AND was = 'closed' AND event = 'reopened')
            AS reopened,
        count(*) FILTER (ends AND closing_reason = 'fixed') AS fixed,
        count(*) FILTER (ends AND closing_reason = 'removed') AS removed,
        count(*) FILTER (ends AND closing_reason IN ('withdrawn', 'not_affected')) AS dismissed,
        count(*) FILTER (ends AND closing_reason = 'merged') AS merged,
        count(*) FILTER (next_id IS NULL AND state <> 'closed') AS open_now,
        count(*) FILTER (next_id IS NULL AND state = 'unconfirmed') AS unconfirmed_now,
        count(*) FILTER (held AND state = 'open') AS confirmed_before
    FROM (SELECT *, later AND state = 'closed' AND was <> 'closed' AS ends,
            NOT later AND (next_id IS NULL OR next_id > (SELECT run_id FROM base)) AS held
        FROM steps)
    GROUP BY ALL
)
SELECT provider, registry_id, repository, open_now - open_before AS difference,
    open_before, opened, reopened, fixed, removed, dismissed, merged, open_now, unconfirmed_now,
    confirmed_before, open_now - unconfirmed_now AS confirmed_now
FROM counted
ORDER BY difference, provider, registry_id, repository
