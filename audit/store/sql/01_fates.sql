-- What became of every scope of the previous run, and a row for each that nobody asked.
-- complete: absence is believed. incomplete: what was not seen is carried. untouched: not asked for.
CREATE TEMP TABLE last_known AS
SELECT provider, scope_id, account, region, kind, source, parent_scope_id,
    scope_id IN (SELECT scope_id FROM prev_placements UNION SELECT scope_id FROM prev_registries
        UNION SELECT scope_id FROM prev_scopes) AS in_snapshot
FROM (
    SELECT *, row_number() OVER (PARTITION BY scope_id ORDER BY run_id DESC) AS newest
    FROM scopes_history WHERE scope_id <> provider || '/plan'
) WHERE newest = 1;

-- The nearest scope above each that this run has an outcome for, or the provider's plan where that
-- broke.
CREATE TEMP TABLE above AS
WITH RECURSIVE climb AS (
    SELECT scope_id, parent_scope_id AS above_id FROM last_known
    UNION
    SELECT climb.scope_id, line.parent_scope_id
    FROM climb JOIN last_known AS line ON line.scope_id = climb.above_id
    WHERE climb.above_id NOT IN (SELECT scope_id FROM scopes_now)
), met AS (
    SELECT climb.scope_id, climb.above_id, now.outcome
    FROM climb JOIN scopes_now AS now ON now.scope_id = climb.above_id
)
SELECT known.scope_id, coalesce(met.above_id, plan.scope_id) AS above_id,
    coalesce(met.outcome, plan.outcome) AS outcome
FROM last_known AS known
LEFT JOIN met USING (scope_id)
LEFT JOIN scopes_now AS plan ON plan.scope_id = known.provider || '/plan';

-- Scopes that are gone: a complete listing no longer names them, or they lay in one that is gone. The
-- latter holds below an inventory, and below a discovery only where what named that leaves nothing out.
CREATE TEMP TABLE gone AS
WITH RECURSIVE gone AS (
    SELECT known.scope_id, known.kind, coalesce(parent.exhaustive, false) AS exhaustive
    FROM last_known AS known JOIN scopes_now AS parent
        ON parent.scope_id = known.parent_scope_id AND parent.outcome = 'complete'
    WHERE known.scope_id NOT IN (SELECT scope_id FROM scopes_now)
    UNION
    SELECT known.scope_id, known.kind, gone.exhaustive
    FROM last_known AS known JOIN gone ON gone.scope_id = known.parent_scope_id
    WHERE (gone.exhaustive OR gone.kind <> 'discovery')
        AND known.scope_id NOT IN (SELECT scope_id FROM scopes_now)
)
SELECT scope_id FROM gone;

-- A scope whose parent could not be listed to its end, or which the plan no longer holds, was not
-- looked at: it gets an outcome too.
INSERT INTO scopes_now (provider, scope_id, parent_scope_id, kind, source, account, region,
                        outcome, listed, errors, api_calls, error_code, error, observed_run_id)
SELECT known.provider, known.scope_id, known.parent_scope_id, known.kind, known.source,
    known.account, known.region,
    CASE coalesce(above.outcome, 'complete') WHEN 'complete' THEN 'disabled'
        WHEN 'left_out' THEN 'left_out' ELSE 'failed' END,
    0, CASE WHEN above.outcome = 'left_out' THEN 0 ELSE 1 END, 0,
    CASE coalesce(above.outcome, 'complete') WHEN 'complete' THEN 'NotPlanned'
        WHEN 'left_out' THEN 'ParentLeftOut' ELSE 'ParentIncomplete' END,
    CASE coalesce(above.outcome, 'complete') WHEN 'complete'
        THEN 'known from an earlier run and not in this run''s plan; name it under retired_scopes '
            || 'if it is gone for good'
        WHEN 'left_out' THEN above.above_id || ' above it is left out by the configuration'
        ELSE above.above_id || ' above it was not listed to its end' END,
    getvariable('run_id')
FROM last_known AS known
LEFT JOIN above USING (scope_id)
WHERE getvariable('command') = 'run'
    AND known.provider <> 'files'
    AND known.in_snapshot
    AND known.scope_id NOT IN (SELECT scope_id FROM scopes_now)
    AND NOT list_contains(getvariable('retired'), known.scope_id)
    AND NOT list_contains(getvariable('retired'), known.parent_scope_id)
    AND known.scope_id NOT IN (SELECT scope_id FROM gone);

CREATE TEMP TABLE fates AS
SELECT known.scope_id, now.outcome,
    CASE
        WHEN now.outcome = 'complete' THEN 'complete'
        WHEN now.outcome IS NOT NULL THEN 'incomplete'
        WHEN list_contains(getvariable('retired'), known.scope_id) THEN 'complete'
        WHEN known.scope_id IN (SELECT scope_id FROM gone) THEN 'complete'
        ELSE 'untouched'
    END AS fate
FROM last_known AS known
LEFT JOIN scopes_now AS now ON now.scope_id = known.scope_id;

-- A scope that this run was not asked for stays on record with its last outcome: an import does not
-- make last night's denied region disappear.
INSERT INTO scopes_now BY NAME
SELECT * FROM prev_scopes AS p
WHERE p.scope_id NOT IN (SELECT scope_id FROM scopes_now)
    AND p.scope_id <> p.provider || '/plan'
    AND CASE WHEN p.provider = 'files'
        THEN p.scope_id IN (SELECT scope_id FROM prev_placements)
        ELSE getvariable('command') <> 'run' END;
