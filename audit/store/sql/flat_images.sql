-- The placements of a run, each with the facts of its image.
SELECT p.*, i.* EXCLUDE (digest, run_id)
FROM placements AS p JOIN images AS i USING (digest)
