-- Every exposure as of a run, closed ones too.
SELECT * REPLACE ((SELECT run_id FROM runs) AS run_id) FROM exposures_now
