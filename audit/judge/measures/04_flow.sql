-- flow_changes: what moved the number of open exposures, one row a run and slice in which anything
-- did. A closing counts in the slice that the exposure was open in; a reason outside the closed
-- list counts as removed, which is never remediation. moved_in and moved_out: the exposure stayed
-- open and changed its severity (or its account). unconfirmed_change: of the open, unconfirmed.
CREATE TEMP VIEW flow_changes AS
WITH steps AS (
    SELECT position, slice, severity, state, was_slice, was_severity, was_state, known_before,
        ending, count(*) AS exposures
    FROM exposure_steps GROUP BY ALL
),
moves AS (
    SELECT position, slice, severity, exposures,
        CASE WHEN known_before THEN 'reopened' ELSE 'opened' END AS move
    FROM steps WHERE state <> 'closed' AND was_state = 'closed'
    UNION ALL
    SELECT position, was_slice, was_severity, exposures, ending
    FROM steps WHERE state = 'closed' AND was_state <> 'closed'
    UNION ALL
    SELECT position, unnest([slice, was_slice]), unnest([severity, was_severity]), exposures,
        unnest(['moved_in', 'moved_out'])
    FROM steps
    WHERE state <> 'closed' AND was_state <> 'closed'
        AND (slice <> was_slice OR severity <> was_severity)
    UNION ALL
    SELECT position, slice, severity, exposures, 'unconfirmed' FROM steps
    WHERE state = 'unconfirmed'
    UNION ALL
    SELECT position, was_slice, was_severity, -exposures, 'unconfirmed' FROM steps
    WHERE was_state = 'unconfirmed'
),
summed AS (
    SELECT position, slice, severity, move, sum(exposures) AS exposures FROM moves GROUP BY ALL
),
counted AS (
    SELECT position, slice, severity,
        coalesce(sum(exposures) FILTER (move = 'opened'), 0)::BIGINT AS opened,
        coalesce(sum(exposures) FILTER (move = 'reopened'), 0)::BIGINT AS reopened,
        coalesce(sum(exposures) FILTER (move = 'fixed'), 0)::BIGINT AS fixed,
        coalesce(sum(exposures) FILTER (move = 'removed'), 0)::BIGINT AS removed,
        coalesce(sum(exposures) FILTER (move = 'withdrawn'), 0)::BIGINT AS withdrawn,
        coalesce(sum(exposures) FILTER (move = 'not_affected'), 0)::BIGINT AS not_affected,
        coalesce(sum(exposures) FILTER (move = 'merged'), 0)::BIGINT AS merged,
        coalesce(sum(exposures) FILTER (move = 'moved_in'), 0)::BIGINT AS moved_in,
        coalesce(sum(exposures) FILTER (move = 'moved_out'), 0)::BIGINT AS moved_out,
        coalesce(sum(exposures) FILTER (move = 'unconfirmed'), 0)::BIGINT AS unconfirmed_change
    FROM summed GROUP BY ALL
)
SELECT r.run_id, c.position, s.provider, s.account, s.registry_id, s.owner,
    c.severity::VARCHAR AS severity,
    opened + reopened - fixed - removed - withdrawn - not_affected - merged + moved_in - moved_out
        AS open_change,
    c.* EXCLUDE (position, slice, severity)
FROM counted AS c JOIN measure_slices AS s USING (slice) JOIN measure_runs AS r USING (position);

-- flow: one row a run and slice that had an open exposure before it or that anything moved in it.
-- open_now = open_before + opened + reopened - fixed - removed - withdrawn - not_affected - merged
--     + moved_in - moved_out. Open includes unconfirmed.
CREATE TEMP VIEW flow AS
WITH held AS (
    SELECT *, sum(open_change) OVER earlier AS open_now,
        sum(unconfirmed_change) OVER earlier AS unconfirmed,
        coalesce(lead(position) OVER earlier, (SELECT max(position) + 1 FROM measure_runs))
            AS next_position
    FROM flow_changes
    WINDOW earlier AS (
        PARTITION BY provider, account, registry_id, owner, severity ORDER BY position)
),
daily AS (
    SELECT *, unnest(range(position, next_position))::INTEGER AS on_position FROM held
)
SELECT r.run_id, r.started_at, provider, account, registry_id, owner, severity,
    (CASE WHEN on_position = d.position THEN open_now - open_change ELSE open_now END)::BIGINT
        AS open_before,
    opened * (on_position = d.position)::BIGINT AS opened, reopened * (on_position = d.position)::BIGINT AS reopened,
    fixed * (on_position = d.position)::BIGINT AS fixed, removed * (on_position = d.position)::BIGINT AS removed,
    withdrawn * (on_position = d.position)::BIGINT AS withdrawn,
    not_affected * (on_position = d.position)::BIGINT AS not_affected,
    merged * (on_position = d.position)::BIGINT AS merged,
    moved_in * (on_position = d.position)::BIGINT AS moved_in,
    moved_out * (on_position = d.position)::BIGINT AS moved_out,
    open_now::BIGINT AS open_now, unconfirmed::BIGINT AS unconfirmed
FROM daily AS d JOIN measure_runs AS r ON r.position = d.on_position
WHERE on_position = d.position OR open_now > 0;
