-- Answers: does open before + opened + reopened - fixed - removed - withdrawn - not affected - merged
-- give open now, over all and by cloud. Denominator: exposures ever open.
-- Needs: clouds, exposure_events
WITH moves AS (
    SELECT provider, 'before' AS move FROM exposures_before WHERE state <> 'closed'
    UNION ALL SELECT provider, 'now' FROM exposures_now WHERE state <> 'closed'
    UNION ALL SELECT provider, 'unconfirmed_now' FROM exposures_now WHERE state = 'unconfirmed'
    UNION ALL SELECT provider, 'waived_now' FROM exposures_now
    WHERE state <> 'closed' AND waiver_id IS NOT NULL
    UNION ALL SELECT provider, change FROM exposure_events
)
SELECT provider, open_before, opened, reopened, fixed, removed, withdrawn, not_affected, merged,
    open_now, unconfirmed_now, waived_now, newly_unconfirmed,
    open_before + opened + reopened - fixed - removed - withdrawn - not_affected - merged
        = open_now AS balances
FROM (
    SELECT c.provider, count(*) FILTER (move = 'before') AS open_before,
        count(*) FILTER (move = 'new') AS opened,
        count(*) FILTER (move = 'reopened') AS reopened,
        count(*) FILTER (move = 'fixed') AS fixed,
        count(*) FILTER (move = 'removed') AS removed,
        count(*) FILTER (move = 'withdrawn') AS withdrawn,
        count(*) FILTER (move = 'not_affected') AS not_affected,
        count(*) FILTER (move = 'merged') AS merged,
        count(*) FILTER (move = 'now') AS open_now,
        count(*) FILTER (move = 'unconfirmed_now') AS unconfirmed_now,
        count(*) FILTER (move = 'waived_now') AS waived_now,
        count(*) FILTER (move = 'unconfirmed') AS newly_unconfirmed
    FROM (SELECT provider FROM clouds UNION SELECT provider FROM moves) AS c
    LEFT JOIN moves USING (provider)
    GROUP BY GROUPING SETS ((c.provider), ())
)
ORDER BY provider NULLS FIRST
