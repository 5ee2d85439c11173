-- coverage_trend: one row a run, registry and account: how many assessable images there were and
-- how many of them a source had assessed. A run that kept no coverage has no row: not known.
CREATE TEMP VIEW coverage_trend AS
SELECT r.run_id, r.started_at, c.provider, c.account, c.registry_id,
    sum(c.placements)::BIGINT AS assessable,
    coalesce(sum(c.placements) FILTER (c.state = 'assessed'), 0)::BIGINT AS assessed,
    sum(c.current_placements)::BIGINT AS current_assessable,
    coalesce(sum(c.current_placements) FILTER (c.state = 'assessed'), 0)::BIGINT
        AS current_assessed
FROM coverage_history AS c JOIN measure_runs AS r USING (run_id)
GROUP BY ALL;

-- coverage_by_state: the same, one row a state.
CREATE TEMP VIEW coverage_by_state AS
SELECT r.run_id, r.started_at, c.provider, c.account, c.registry_id, c.state,
    sum(c.placements)::BIGINT AS placements,
    sum(c.current_placements)::BIGINT AS current_placements
FROM coverage_history AS c JOIN measure_runs AS r USING (run_id)
GROUP BY ALL;

-- method_lines: changes of how was looked, for a vertical line in every trend. registry_id is empty
-- where the whole run changed. What such a change moves is not remediation.
CREATE TEMP VIEW method_lines AS
SELECT r.run_id, r.started_at, r.day, m.provider, m.account, m.registry_id, m.source, m.change,
    m.before, m.after
FROM method_changes_history AS m JOIN measure_runs AS r USING (run_id);
