-- measure_places: every repository that ever held an exposure. slice numbers what figures are cut
-- by: provider, account, registry_id and owner. The owner is the one that this run knows; null
-- where the repository has none or is known no more.
CREATE TEMP VIEW measure_places AS
SELECT p.*, o.owner, dense_rank() OVER (
    ORDER BY p.provider, p.account, p.registry_id, o.owner)::INTEGER AS slice
FROM (SELECT DISTINCT provider, account, registry_id, repository FROM exposures_history) AS p
LEFT JOIN repository_owners AS o USING (provider, registry_id, repository);

CREATE TEMP VIEW measure_slices AS
SELECT DISTINCT slice, provider, account, registry_id, owner FROM measure_places;
