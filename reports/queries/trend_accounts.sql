-- Answers: what became of the open exposures of each account since the first run.
-- Denominator: exposures ever open in the account.
SELECT provider, account,
    sum(opened) FILTER (position = 1) AS met, sum(opened) FILTER (position > 1) AS opened,
    sum(reopened) AS reopened, sum(fixed) AS fixed, sum(removed) AS removed,
    sum(withdrawn) AS withdrawn, sum(not_affected) AS not_affected, sum(merged) AS merged,
    sum(moved_in) - sum(moved_out) AS moved, sum(open_change) AS open_now,
    sum(unconfirmed_change) AS unconfirmed_now
FROM flow_changes
GROUP BY GROUPING SETS ((provider, account), ())
HAVING count(*) > 0
ORDER BY GROUPING(provider) DESC, provider, account NULLS FIRST
