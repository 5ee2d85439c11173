-- Title: What changed between two runs, and why?
-- Answers: the changes of exposures after a moment up to this run, by cloud, event and reason. A
--   change of method stands among them: figures on its two sides are not of one kind.
-- Parameter: since (moment, default null): Changes after it; by default the moment of the run before.
-- Column: provider: Cloud; empty for a change of method of the whole run.
-- Column: event: opened, reopened, confirmed, unconfirmed, changed, closed, merged or method.
-- Column: reason: Why, in a word; for a method what changed and how.
-- Column: severity: Highest severity stated; empty for a method.
-- Column: changes: How many.
-- Column: repositories: In how many repositories.
-- Tables: exposures_history, method_changes_history, all_runs, runs
WITH after AS (
    SELECT run_id FROM all_runs WHERE started_at > coalesce($since::TIMESTAMPTZ,
        (SELECT max(a.started_at) FROM all_runs AS a JOIN runs AS r ON a.run_id < r.run_id),
        '-infinity')
)
SELECT provider, event, reason, severity, count(*) AS changes,
    count(DISTINCT (registry_id, repository)) AS repositories
FROM exposures_history SEMI JOIN after USING (run_id) GROUP BY ALL
UNION ALL
SELECT provider, 'method', concat(change, ': ', before, ' to ', after), '', count(*), 0
FROM method_changes_history SEMI JOIN after USING (run_id) GROUP BY ALL
ORDER BY ALL
