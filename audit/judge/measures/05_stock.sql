-- age_buckets: ages in whole days (UTC dates) from first_seen_at; the edges are common deadlines.
CREATE TEMP VIEW age_buckets AS
SELECT * FROM (VALUES (1, '0-7', 0), (2, '8-14', 8), (3, '15-30', 15), (4, '31-60', 31),
    (5, '61-90', 61), (6, '91-180', 91), (7, '>180', 181)) AS b(bucket, age_bucket, from_days);

-- age_bucket_of: the number of the bucket that an age in days lies in.
CREATE TEMP MACRO age_bucket_of(days) AS 1 + (days >= 8)::INTEGER + (days >= 15)::INTEGER
    + (days >= 31)::INTEGER + (days >= 61)::INTEGER + (days >= 91)::INTEGER
    + (days >= 181)::INTEGER;

-- stock_changes: by how much each run changes the number of open exposures of a slice, severity
-- and age bucket, by coming and going and by growing older; unconfirmed is a part of open.
CREATE TEMP VIEW stock_changes AS
WITH held AS (
    SELECT position, coalesce(next_position, (SELECT max(position) + 1 FROM measure_runs))
            AS next_position,
        slice, severity, first_seen_day, count(*) AS open,
        count(*) FILTER (state = 'unconfirmed') AS unconfirmed
    FROM exposure_steps WHERE state <> 'closed' GROUP BY ALL
),
births AS (
    SELECT first_seen_day, bucket, age_bucket, first_seen_day + from_days AS entry_day
    FROM (SELECT DISTINCT first_seen_day FROM held) CROSS JOIN age_buckets
),
entries AS (
    SELECT b.first_seen_day, b.bucket, b.age_bucket,
        CASE bucket WHEN 1 THEN 1 ELSE coalesce(d.position, 1000000000) END AS enters
    FROM births AS b
    ASOF LEFT JOIN (SELECT day, min(position) AS position FROM measure_runs GROUP BY day) AS d
        ON b.entry_day <= d.day
),
stays AS (
    SELECT first_seen_day, bucket, age_bucket, enters,
        coalesce(lead(enters) OVER (PARTITION BY first_seen_day ORDER BY bucket), 1000000000)
            AS leaves
    FROM entries
),
spells AS (
    SELECT slice, severity, bucket, age_bucket, open, unconfirmed,
        greatest(position, enters) AS starts, least(next_position, leaves) AS ends
    FROM held JOIN stays USING (first_seen_day)
    WHERE greatest(position, enters) < least(next_position, leaves)
),
summed AS (
    SELECT position, slice, severity, bucket, age_bucket, sum(open)::BIGINT AS open_change,
        sum(unconfirmed)::BIGINT AS unconfirmed_change
    FROM (
        SELECT starts AS position, slice, severity, bucket, age_bucket, open, unconfirmed
        FROM spells
        UNION ALL
        SELECT ends, slice, severity, bucket, age_bucket, -open, -unconfirmed FROM spells
    )
    GROUP BY ALL
)
SELECT r.run_id, c.position, s.provider, s.account, s.registry_id, s.owner,
    c.severity::VARCHAR AS severity, c.bucket, c.age_bucket, c.open_change, c.unconfirmed_change
FROM summed AS c JOIN measure_slices AS s USING (slice) JOIN measure_runs AS r USING (position)
WHERE c.open_change <> 0 OR c.unconfirmed_change <> 0;

-- stock: one row a run, slice, severity and age bucket in which an exposure is open.
CREATE TEMP VIEW stock AS
WITH held AS (
    SELECT *, sum(open_change) OVER earlier AS open,
        sum(unconfirmed_change) OVER earlier AS unconfirmed,
        coalesce(lead(position) OVER earlier, (SELECT max(position) + 1 FROM measure_runs))
            AS next_position
    FROM stock_changes
    WINDOW earlier AS (
        PARTITION BY provider, account, registry_id, owner, severity, bucket ORDER BY position)
)
SELECT r.run_id, r.started_at, provider, account, registry_id, owner, severity, bucket,
    age_bucket, open::BIGINT AS open, unconfirmed::BIGINT AS unconfirmed
FROM (SELECT *, unnest(range(position, next_position))::INTEGER AS on_position FROM held WHERE open > 0)
    AS daily
JOIN measure_runs AS r ON r.position = daily.on_position;
