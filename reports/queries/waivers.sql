-- Answers: which exceptions are known, who keeps them, until when they hold and how many open
-- exposures each marks. Denominator: waivers known at this run.
SELECT w.provider, w.origin, w.title, w.type, w.reason, w.owner, w.scope, w.expires_at,
    coalesce(w.starts_at <= r.started_at, true) AND coalesce(w.expires_at > r.started_at, true)
        AS in_force,
    w.applied_count, w.waiver_id, count(*) OVER () AS total
FROM waivers AS w CROSS JOIN runs AS r
ORDER BY w.applied_count DESC, w.expires_at NULLS LAST, w.waiver_id
LIMIT $limit OFFSET $offset
