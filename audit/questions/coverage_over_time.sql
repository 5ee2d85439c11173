-- Title: How much was looked at, over time?
-- Answers: the assessable images of each cloud after each run by state. No row for a night without
--   a run: a gap, not a zero.
-- Parameter: days (days, default 90): How far back from this run.
-- Column: run_id: Run.
-- Column: moment: The run's moment.
-- Column: provider: Cloud.
-- Column: state: The best state any source has of an image; only assessed was looked at.
-- Column: placements: Images (in their repositories) in that state.
-- Column: current_placements: Those of them that are current.
-- Column: share: Of the cloud's images in that run, between 0 and 1.
-- Tables: coverage_history, all_runs, runs
SELECT run_id, r.started_at AS moment, provider, state, sum(placements)::BIGINT AS placements,
    sum(current_placements)::BIGINT AS current_placements,
    sum(placements) / sum(sum(placements)) OVER (PARTITION BY run_id, provider) AS share
FROM coverage_history JOIN all_runs AS r USING (run_id)
WHERE r.started_at > (SELECT started_at FROM runs) - to_days($days::INTEGER)
GROUP BY run_id, r.started_at, provider, state
ORDER BY run_id, provider, state
