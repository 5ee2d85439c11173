-- Registry settings that a run already knows, judged. A setting that could not be read is UNKNOWN,
-- never PASS; a setting the cloud does not have is NOT_APPLICABLE.
CREATE TEMP TABLE control_results_all AS
WITH registry AS (SELECT *, registry_id AS subject, NULL::VARCHAR AS repository
    FROM registries_all WHERE coalesce(format, 'DOCKER') = 'DOCKER'),
repository AS (
    SELECT r.*, r.registry_id || '/' || r.repository AS subject,
        g.tag_mutability AS registry_tag_mutability,
        g.anonymous_access AS registry_anonymous_access
    FROM repositories_all AS r LEFT JOIN registries_all AS g USING (provider, registry_id)
),
results AS (
    SELECT 'INV-01' AS control_id, scope_id AS subject, provider, account, region,
        NULL::VARCHAR AS registry_id, NULL::VARCHAR AS repository,
        CASE outcome WHEN 'complete' THEN 'PASS' WHEN 'left_out' THEN 'NOT_APPLICABLE'
            ELSE 'FAIL' END AS status,
        CASE outcome WHEN 'complete' THEN 'listed to its end'
            ELSE coalesce(error, 'not listed to its end') END AS reason,
        'scopes' AS operation, 'outcome' AS field, outcome AS value,
        observed_run_id
    FROM scopes_now

    UNION ALL
    SELECT 'SCN-01', subject, provider, account, region, registry_id, repository,
        CASE WHEN scanning_enabled THEN 'PASS' WHEN NOT scanning_enabled THEN 'FAIL'
            ELSE 'UNKNOWN' END,
        CASE WHEN scanning_enabled THEN 'the cloud scans this registry'
            WHEN NOT scanning_enabled THEN 'the cloud''s scanning is off for this registry'
            ELSE 'whether scanning is on could not be read' END,
        'registry configuration', 'scanning_enabled', scanning_enabled::VARCHAR, observed_run_id
    FROM registry WHERE provider <> 'aws'

    UNION ALL
    SELECT 'SCN-01', subject, provider, account, region, registry_id, repository,
        CASE WHEN scan_frequency IN ('SCAN_ON_PUSH', 'CONTINUOUS_SCAN') THEN 'PASS'
            WHEN scan_frequency IN ('MANUAL', 'NONE') THEN 'FAIL' ELSE 'UNKNOWN' END,
        CASE WHEN scan_frequency IN ('SCAN_ON_PUSH', 'CONTINUOUS_SCAN')
                THEN 'a scanning rule covers this repository'
            WHEN scan_frequency = 'MANUAL' THEN 'no scanning rule covers this repository'
            WHEN scan_frequency = 'NONE' THEN 'its registry cannot scan'
            ELSE 'the effective scan frequency could not be read' END,
        'ecr:BatchGetRepositoryScanningConfiguration', 'scanFrequency', scan_frequency,
        observed_run_id
    FROM repository WHERE provider = 'aws'

    UNION ALL
    SELECT 'SCN-02', subject, provider, account, region, registry_id, repository,
        CASE WHEN language_packages_scanned THEN 'PASS'
            WHEN NOT language_packages_scanned THEN 'FAIL' ELSE 'UNKNOWN' END,
        CASE WHEN language_packages_scanned THEN 'language packages are scanned too'
            WHEN NOT language_packages_scanned THEN 'only operating system packages are scanned'
            ELSE 'what the scanning covers could not be read' END,
        'registry configuration', 'language_packages_scanned',
        language_packages_scanned::VARCHAR, observed_run_id
    FROM registry

    UNION ALL
    SELECT 'IAM-01', subject, provider, account, region, registry_id, repository,
        CASE WHEN anonymous_pull_enabled THEN 'FAIL' WHEN NOT anonymous_pull_enabled THEN 'PASS'
            ELSE 'UNKNOWN' END,
        CASE WHEN anonymous_pull_enabled THEN 'anyone may pull without credentials'
            WHEN NOT anonymous_pull_enabled THEN 'pulling needs credentials'
            ELSE 'the setting could not be read' END,
        'registry configuration', 'anonymous_pull_enabled', anonymous_pull_enabled::VARCHAR,
        observed_run_id
    FROM registry WHERE provider NOT IN ('aws', 'gcp')

    UNION ALL
    SELECT 'IAM-01', subject, provider, account, region, registry_id, repository,
        CASE WHEN anonymous_access THEN 'FAIL' WHEN NOT anonymous_access THEN 'PASS'
            ELSE 'UNKNOWN' END,
        CASE WHEN anonymous_access THEN 'its policy or its project''s lets anyone in'
            WHEN NOT anonymous_access THEN 'neither its policy nor its project''s lets anyone in'
            ELSE 'whom the policies let in could not be read or decided' END,
        'artifactregistry:GetIamPolicy', 'anonymous_access', anonymous_access::VARCHAR,
        observed_run_id
    FROM registry WHERE provider = 'gcp'

    UNION ALL
    -- Whoever the registry's policy lets in comes to each of its repositories.
    SELECT 'IAM-01', subject, provider, account, region, registry_id, repository,
        CASE WHEN starts_with(registry_id, 'public.ecr.aws/') THEN 'NOT_APPLICABLE'
            WHEN anonymous_access OR registry_anonymous_access THEN 'FAIL'
            WHEN NOT anonymous_access AND NOT registry_anonymous_access THEN 'PASS'
            ELSE 'UNKNOWN' END,
        CASE WHEN starts_with(registry_id, 'public.ecr.aws/')
                THEN 'the registry is a public one: that is what it is for'
            WHEN anonymous_access THEN 'its policy lets anyone in'
            WHEN registry_anonymous_access THEN 'the registry''s policy lets anyone in'
            WHEN NOT anonymous_access AND NOT registry_anonymous_access
                THEN 'no policy lets anyone in'
            ELSE 'whom the policies let in could not be read or decided' END,
        'ecr:GetRepositoryPolicy', 'anonymous_access', anonymous_access::VARCHAR, observed_run_id
    FROM repository WHERE provider = 'aws'

    UNION ALL
    SELECT 'IAM-04', subject, provider, account, region, registry_id, repository,
        CASE WHEN provider <> 'azure' THEN 'NOT_APPLICABLE' WHEN admin_user_enabled THEN 'FAIL'
            WHEN NOT admin_user_enabled THEN 'PASS' ELSE 'UNKNOWN' END,
        CASE WHEN provider <> 'azure' THEN 'this cloud has no shared administrator account'
            WHEN admin_user_enabled THEN 'the shared administrator account is on'
            WHEN NOT admin_user_enabled THEN 'the shared administrator account is off'
            ELSE 'the setting could not be read' END,
        'registry configuration', 'admin_user_enabled', admin_user_enabled::VARCHAR,
        observed_run_id
    FROM registry

    UNION ALL
    SELECT 'NET-01', subject, provider, account, region, registry_id, repository,
        CASE WHEN provider <> 'azure' THEN 'NOT_APPLICABLE'
            WHEN lower(public_network_access) = 'disabled'
                OR lower(network_default_action) = 'deny' THEN 'PASS'
            WHEN lower(public_network_access) = 'enabled'
                AND coalesce(lower(network_default_action), 'allow') = 'allow' THEN 'FAIL'
            ELSE 'UNKNOWN' END,
        CASE WHEN provider <> 'azure' THEN 'this cloud has no such switch on a registry'
            WHEN lower(public_network_access) = 'disabled'
                OR lower(network_default_action) = 'deny' THEN 'networks are restricted'
            WHEN lower(public_network_access) = 'enabled'
                AND coalesce(lower(network_default_action), 'allow') = 'allow'
                THEN 'the registry is reachable from every network'
            ELSE 'the network rules could not be read' END,
        'registry configuration', 'public_network_access', public_network_access,
        observed_run_id
    FROM registry

    UNION ALL
    SELECT 'INT-01', subject, provider, account, region, registry_id, repository,
        CASE WHEN provider = 'azure' THEN 'NOT_APPLICABLE'
            WHEN coalesce(tag_mutability, registry_tag_mutability)
                IN ('IMMUTABLE', 'IMMUTABLE_WITH_EXCLUSION') THEN 'PASS'
            WHEN coalesce(tag_mutability, registry_tag_mutability)
                IN ('MUTABLE', 'MUTABLE_WITH_EXCLUSION') THEN 'FAIL'
            ELSE 'UNKNOWN' END,
        CASE WHEN provider = 'azure' THEN 'this cloud locks single tags, not repositories'
            WHEN coalesce(tag_mutability, registry_tag_mutability) = 'IMMUTABLE'
                THEN 'tags cannot be moved'
            WHEN coalesce(tag_mutability, registry_tag_mutability) = 'IMMUTABLE_WITH_EXCLUSION'
                THEN 'tags cannot be moved, but for those an exclusion names'
            WHEN coalesce(tag_mutability, registry_tag_mutability)
                IN ('MUTABLE', 'MUTABLE_WITH_EXCLUSION') THEN 'tags can be moved to another image'
            ELSE 'the setting could not be read' END,
        'repository configuration', 'tag_mutability',
        coalesce(tag_mutability, registry_tag_mutability), observed_run_id
    FROM repository WHERE provider <> 'files'

    UNION ALL
    SELECT 'ENC-02', subject, provider, account, region, registry_id, repository,
        CASE WHEN starts_with(registry_id, 'public.ecr.aws/') THEN 'NOT_APPLICABLE'
            WHEN key_manager = 'CUSTOMER' THEN 'PASS'
            WHEN key_manager IN ('AWS', 'none') THEN 'FAIL' ELSE 'UNKNOWN' END,
        CASE WHEN starts_with(registry_id, 'public.ecr.aws/') THEN 'what lies there is public'
            WHEN key_manager = 'CUSTOMER' THEN 'it is encrypted with a key of the customer''s'
            WHEN key_manager IN ('AWS', 'none') THEN 'the cloud manages the key'
            ELSE 'who manages the key could not be read' END,
        'kms:DescribeKey', 'key_manager', key_manager, observed_run_id
    FROM repository WHERE provider = 'aws'

    UNION ALL
    SELECT 'ENC-02', subject, provider, account, region, registry_id, repository,
        CASE key_manager WHEN 'CUSTOMER' THEN 'PASS' WHEN 'none' THEN 'FAIL' ELSE 'UNKNOWN' END,
        CASE key_manager WHEN 'CUSTOMER' THEN 'it is encrypted with a key of the customer''s'
            WHEN 'none' THEN 'the cloud manages the key'
            ELSE 'who manages the key could not be read' END,
        'registry configuration', 'key_manager', key_manager, observed_run_id
    FROM registry WHERE provider = 'gcp'

    UNION ALL
    SELECT 'LIF-01', subject, provider, account, region, registry_id, repository,
        CASE WHEN starts_with(registry_id, 'public.ecr.aws/') THEN 'NOT_APPLICABLE'
            WHEN retention_enabled THEN 'PASS' WHEN NOT retention_enabled THEN 'FAIL'
            ELSE 'UNKNOWN' END,
        CASE WHEN starts_with(registry_id, 'public.ecr.aws/')
                THEN 'a public registry has no lifecycle policies'
            WHEN retention_enabled THEN 'a lifecycle policy is in force'
            WHEN NOT retention_enabled THEN 'there is no lifecycle policy'
            ELSE 'whether there is a lifecycle policy could not be read' END,
        'ecr:GetLifecyclePolicy', 'retention_enabled', retention_enabled::VARCHAR, observed_run_id
    FROM repository WHERE provider = 'aws'

    UNION ALL
    SELECT 'LIF-01', subject, provider, account, region, registry_id, repository,
        CASE WHEN retention_enabled THEN 'PASS' WHEN NOT retention_enabled THEN 'FAIL'
            ELSE 'UNKNOWN' END,
        CASE WHEN retention_enabled THEN 'a retention or clean-up policy is in force'
            WHEN NOT retention_enabled THEN 'there is no retention or clean-up policy in force'
            ELSE 'whether there is such a policy could not be read' END,
        'registry configuration', 'retention_enabled', retention_enabled::VARCHAR, observed_run_id
    FROM registry WHERE provider NOT IN ('aws', 'files')
)
-- A value of an earlier run says nothing of tonight: it stays as evidence, the verdict is UNKNOWN.
SELECT * EXCLUDE (outdated) REPLACE (
    CASE WHEN outdated AND status IN ('PASS', 'FAIL') THEN 'UNKNOWN' ELSE status END AS status,
    CASE WHEN outdated AND status IN ('PASS', 'FAIL')
        THEN 'not read in this run; by run ' || observed_run_id || ': ' || reason
        ELSE reason END AS reason),
    NULL::VARCHAR AS waiver_id
FROM (SELECT *, getvariable('command') = 'run' AND control_id <> 'INV-01'
    AND observed_run_id <> getvariable('run_id') AS outdated FROM results)
UNION ALL BY NAME
-- A scope of which no run has read anything yet has settings too: nobody knows them.
SELECT control.id AS control_id, s.scope_id AS subject, s.provider, s.account, s.region,
    'UNKNOWN' AS status, 'nothing in this scope was read: it was ' || s.outcome AS reason,
    'scopes' AS operation, 'outcome' AS field, s.observed_run_id
FROM scopes_now AS s
CROSS JOIN unnest(['SCN-01', 'SCN-02', 'IAM-01', 'ENC-02', 'INT-01', 'LIF-01']) AS control(id)
WHERE (control.id <> 'ENC-02' OR s.provider IN ('aws', 'gcp')) AND s.kind = 'inventory'
    AND s.outcome <> 'complete' AND s.provider <> 'files'
    AND s.scope_id NOT IN (SELECT scope_id FROM registries_all);
