-- Title: How long did fixes take, by owner and registry?
-- Answers: exposures that closed as fixed in a time, and what is left out of the figure. Only the
--   history knows why a statement vanished, so the snapshots have no answer to this.
-- Parameter: days (days, default 90): How far back from this run a closing counts.
-- Column: owner: Who answers for the repository; null where nobody is named.
-- Column: provider: Cloud.
-- Column: registry_id: Registry.
-- Column: severity: Highest severity stated.
-- Column: fixed: Exposures that closed as fixed; the next three are over these.
-- Column: mean_days: Mean of the days from first opening to closing.
-- Column: median_days: Median of the same.
-- Column: p90_days: Nine of ten took no longer.
-- Column: not_by_fixing: Closed for another reason: removed, withdrawn or not affected.
-- Column: still_open: Open today: their time is not over and is not in the figures.
-- Column: still_open_median_days: Median age of those.
-- Tables: exposures_now, repository_owners, runs
SELECT o.owner, e.provider, e.registry_id, e.severity,
    count(*) FILTER (closing_reason = 'fixed') AS fixed,
    avg(days) FILTER (closing_reason = 'fixed') AS mean_days,
    median(days) FILTER (closing_reason = 'fixed') AS median_days,
    quantile_disc(days, 0.9) FILTER (closing_reason = 'fixed') AS p90_days,
    count(*) FILTER (closing_reason <> 'fixed') AS not_by_fixing,
    count(*) FILTER (state <> 'closed') AS still_open,
    median(days) FILTER (state <> 'closed') AS still_open_median_days
FROM (
    SELECT *, date_diff('day', opened_at, coalesce(closed_at, (SELECT started_at FROM runs)))
        AS days
    FROM exposures_now
    WHERE merged_into IS NULL AND (state <> 'closed'
        OR closed_at > (SELECT started_at FROM runs) - to_days($days::INTEGER))
) AS e
LEFT JOIN repository_owners AS o USING (provider, registry_id, repository)
GROUP BY ALL ORDER BY ALL
