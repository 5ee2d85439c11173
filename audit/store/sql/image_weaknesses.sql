-- One row a weakness in an image, as each tool saw it when it looked for such last.
SELECT w.* FROM weaknesses_history AS w
SEMI JOIN weakness_looks USING (digest, tool, kind, run_id)
