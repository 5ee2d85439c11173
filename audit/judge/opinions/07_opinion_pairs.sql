-- One row a pair of sources that assessed a current image both: on how many images they can be
-- compared, on how many of these neither states anything alone, and what they state. stated is by_both
-- + first_alone + second_alone: each hole once. The rest is of by_both: whether they rate it alike;
-- unrated_by_one where only one of them rates it.
WITH pairs AS (
    SELECT digest, one.source AS first_source, two.source AS second_source
    FROM (SELECT digest, unnest(sources) AS source FROM image_looks) AS one
    JOIN (SELECT digest, unnest(sources) AS source FROM image_looks) AS two USING (digest)
    WHERE one.source < two.source
), ranked AS (
    SELECT *, list_position(['UNKNOWN', 'NEGLIGIBLE', 'LOW', 'MEDIUM', 'HIGH', 'CRITICAL'],
            first_severity) AS one,
        list_position(['UNKNOWN', 'NEGLIGIBLE', 'LOW', 'MEDIUM', 'HIGH', 'CRITICAL'],
            second_severity) AS two
    FROM opinions
), told AS (
    SELECT first_source, second_source, digest, count(*) AS stated,
        count(*) FILTER (stated_by = 'both') AS by_both,
        count(*) FILTER (stated_by = 'first') AS first_alone,
        count(*) FILTER (stated_by = 'second') AS second_alone,
        count(*) FILTER (one = two) AS same_severity,
        count(*) FILTER (one > two AND two > 1) AS first_higher,
        count(*) FILTER (one < two AND one > 1) AS second_higher,
        count(*) FILTER (one <> two AND least(one, two) = 1) AS unrated_by_one
    FROM ranked GROUP BY ALL
)
SELECT p.first_source, p.second_source, count(*) AS images,
    count(*) FILTER (coalesce(t.stated = t.by_both, true)) AS alike_images,
    coalesce(sum(t.stated), 0)::BIGINT AS stated, coalesce(sum(t.by_both), 0)::BIGINT AS by_both,
    coalesce(sum(t.first_alone), 0)::BIGINT AS first_alone,
    coalesce(sum(t.second_alone), 0)::BIGINT AS second_alone,
    coalesce(sum(t.same_severity), 0)::BIGINT AS same_severity,
    coalesce(sum(t.first_higher), 0)::BIGINT AS first_higher,
    coalesce(sum(t.second_higher), 0)::BIGINT AS second_higher,
    coalesce(sum(t.unrated_by_one), 0)::BIGINT AS unrated_by_one
FROM pairs AS p LEFT JOIN told AS t USING (first_source, second_source, digest)
GROUP BY p.first_source, p.second_source
