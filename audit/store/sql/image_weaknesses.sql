-- One row a weakness in an image, as each tool saw it when it was asked about such last; also where it
-- could not tell of all there is, and so is not in weakness_looks.
SELECT w.* FROM weaknesses_history AS w
SEMI JOIN (
    SELECT digest, tool, kind, max(run_id) AS run_id
    FROM (SELECT digest, tool, unnest(asked_for) AS kind, run_id FROM sboms_history)
    GROUP BY ALL
) AS newest USING (digest, tool, kind, run_id)
