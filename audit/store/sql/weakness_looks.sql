-- One row an image, a tool and a kind of weakness that the tool looked for in it: when last. What is
-- in a digest does not change, but the rules do by which a scanner tells it.
SELECT digest, tool, kind, max(run_id) AS run_id
FROM (SELECT digest, tool, unnest(looked_for) AS kind, run_id FROM sboms_history)
GROUP BY ALL
