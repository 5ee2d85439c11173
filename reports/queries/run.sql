-- Answers: which run is this, how did it end, which run came before it. Denominator: one run.
SELECT r.*, before.started_at AS previous_started_at
FROM runs AS r LEFT JOIN all_runs AS before ON before.run_id = r.previous_run_id
