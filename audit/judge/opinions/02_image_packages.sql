-- One row a package in an image, as each tool listed it last. An image is looked into once; what is
-- in a digest does not change.
SELECT p.* FROM packages_history AS p
SEMI JOIN (SELECT digest, tool, max(run_id) AS run_id FROM sboms_history GROUP BY ALL) AS newest
    USING (digest, tool, run_id)
