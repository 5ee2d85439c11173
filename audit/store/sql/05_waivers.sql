-- Exceptions that are known at this run: those that were read, and of a scope that could not be read
-- to its end those of the run before. One that a complete reading no longer names has ended.
CREATE TEMP TABLE waivers_all AS
WITH told AS (
    SELECT * REPLACE (getvariable('run_id') AS observed_run_id) FROM staged_waivers
    -- One that reaches over several scopes is told by each.
    QUALIFY row_number() OVER (PARTITION BY waiver_id ORDER BY scope_id) = 1
)
FROM told
UNION ALL BY NAME
SELECT p.* FROM prev_waivers AS p
LEFT JOIN fates USING (scope_id)
ANTI JOIN told USING (waiver_id)
WHERE coalesce(fates.fate, 'untouched') <> 'complete';
