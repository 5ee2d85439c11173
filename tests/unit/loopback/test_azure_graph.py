"""The loopback Resource Graph: rows, pages, scopes, faults, through the official client."""

from __future__ import annotations

import pytest
from azure.core.exceptions import ClientAuthenticationError, HttpResponseError

from providers.loopback.azure import AzureLoopback
from providers.loopback.azure.assessments import writes_camel, writes_list
from providers.loopback.estate import Fault
from tests.unit.loopback.azure_clients import (
    FINDINGS,
    PLANS,
    REGISTRIES,
    ask,
    credential,
    cves_of,
    digest_of,
    graph,
    lower,
    pages,
    rows,
    rows_of,
)
from tests.unit.loopback.azure_estates import (
    HEALTHY,
    ONE,
    PROD,
    SCANNED,
    SILENT,
    TENANT,
    TWO,
    UNHEARD,
    UNSUPPORTED,
    estate,
    native_id,
    statements_of,
)

SUBSCRIPTIONS = """
resourcecontainers
| where type == 'microsoft.resources/subscriptions'
| project id, subscriptionId
| order by id asc
"""
EVERYTHING = """
securityresources
| where type == 'microsoft.security/assessments'
| project id, source=properties.resourceDetails.Source, kind=properties.resourceDetails.ResourceType
"""


@pytest.fixture(scope="module")
def cloud():
    with AzureLoopback(estate()) as running:
        yield running


@pytest.fixture(scope="module")
def client(cloud):
    return graph(cloud)


class TestRows:
    def test_registries_have_arm_posture(self, client):
        found = {row["name"]: row for row in rows(client, REGISTRIES)}

        assert sorted(found) == ["acmebare", "acmeopen", "acmeprod"]
        prod, bare = found["acmeprod"], found["acmebare"]
        assert prod["id"] == native_id(ONE, "acmeprod")
        assert prod["sku"]["name"] == "Premium"
        assert prod["location"] == "westeurope"
        assert prod["resourceGroup"] == "shared-registries"
        facts = prod["properties"]
        assert facts["loginServer"] == PROD
        assert facts["adminUserEnabled"] is True
        assert facts["anonymousPullEnabled"] is False
        assert facts["publicNetworkAccess"] == "Disabled"
        assert facts["networkRuleSet"]["defaultAction"] == "Deny"
        assert facts["policies"]["retentionPolicy"]["status"] == "disabled"
        assert facts["policies"]["exportPolicy"]["status"] == "disabled"
        assert facts["encryption"]["status"] == "enabled"
        assert facts["roleAssignmentMode"] == "AbacRepositoryPermissions"
        links = [one["properties"] for one in facts["privateEndpointConnections"]]
        states = [link["privateLinkServiceConnectionState"]["status"] for link in links]
        assert states == ["Approved", "Pending"]
        assert set(bare["properties"]) == {"loginServer", "creationDate", "provisioningState"}

    def test_plans_follow_the_description(self, client):
        found = {row["subscriptionId"]: row for row in rows(client, PLANS)}

        assert {one: row["tier"] for one, row in found.items()} == {ONE: "Standard", TWO: "Free"}
        assert found[ONE]["extensions"][0]["isEnabled"] == "True"
        assert found[TWO]["extensions"][0]["isEnabled"] == "False"

    def test_subscriptions_are_listed(self, client):
        assert [row["subscriptionId"] for row in rows(client, SUBSCRIPTIONS)] == [ONE, TWO]

    def test_one_row_for_an_image_and_a_package(self, client):
        found = rows(client, FINDINGS, ONE)

        told = {
            (digest_of(row), lower(row["ad"])["softwarename"], cve["cveid"])
            for row in found
            for cve in cves_of(row)
        }
        assert told == {
            (image.digest, one.package, one.vulnerability_id)
            for image in SCANNED
            for one in statements_of(image)
        }
        assert len([row for row in found if cves_of(row)]) == 2 * len(SCANNED)
        assert all(
            row["rid"].lower().startswith(native_id(ONE, "acmeprod").lower()) for row in found
        )

    def test_the_shapes_of_the_field_all_occur(self, client):
        seen = set()
        for row in rows(client, FINDINGS, ONE):
            if not cves_of(row):
                continue
            digest = digest_of(row)
            details = {key.lower(): value for key, value in row["ad"].items()}["cvesdetails"]
            assert isinstance(details, list) == writes_list(digest)
            assert ("softwareName" in row["ad"]) == writes_camel(digest)
            seen.add((type(details), writes_camel(digest)))

        assert seen == {(list, True), (list, False), (str, True), (str, False)}

    def test_a_cve_keeps_its_words(self, client):
        told = {
            cve["cveid"]: cve
            for row in rows(client, FINDINGS, ONE)
            for cve in cves_of(row)
            if digest_of(row) == SCANNED[0].digest
        }

        assert told["CVE-2026-1000"]["severity"] == "High"
        assert told["CVE-2026-1000"]["fixstatus"] == "FixAvailable"
        assert told["CVE-2026-1000"]["fixedversion"] == "1.2.4"
        assert told["CVE-2026-1000"]["cvss"][0]["key"] == "3"
        assert told["CVE-2026-1000"]["cvss"][0]["value"]["base"] == 7.5
        assert told["CVE-2026-1001"]["severity"] == "Unknown"
        assert told["CVE-2026-1001"]["cvss"] is None
        assert told["CVE-2026-1001"]["fixstatus"] == "NoFixAvailable"

    def test_an_image_without_statements_has_its_status_or_no_row(self, client):
        codes = {digest_of(row): row["code"] for row in rows(client, FINDINGS, ONE)}

        assert codes[HEALTHY.digest] == "Healthy"
        assert codes[UNSUPPORTED.digest] == "NotApplicable"
        assert codes[UNHEARD.digest] == "OnHold"
        assert SILENT.digest not in codes

    def test_rows_of_other_clouds_and_clusters_are_there_to_be_filtered(self, client):
        found = rows(client, EVERYTHING, ONE)

        assert sum(row["source"] == "AWS" for row in found) == 2
        assert sum(row["kind"] == "K8s-container" for row in found) == 1
        assert rows(client, FINDINGS, TWO) == []


class TestPages:
    def test_a_listing_comes_in_pages_and_whole(self, client):
        read = pages(client, FINDINGS)

        assert [page.count for page in read] == [7, 7, 7, 6]
        assert {page.total_records for page in read} == {27}
        assert [page.result_truncated for page in read] == ["true", "true", "true", "false"]
        ids = [row["id"] for page in read for row in rows_of(page)]
        assert len(set(ids)) == 27
        assert ids == sorted(ids)

    def test_a_smaller_page_is_given_when_asked_for(self, client):
        assert [page.count for page in pages(client, REGISTRIES, top=2)] == [2, 1]

    def test_without_the_id_there_is_no_second_page(self, client):
        page = ask(client, "securityresources | project subscriptionId, name")

        assert page.result_truncated == "true"
        assert page.skip_token is None
        assert page.total_records > page.count

    def test_a_skip_token_belongs_to_its_query(self, client):
        token = ask(client, FINDINGS).skip_token

        with pytest.raises(HttpResponseError) as refused:
            ask(client, EVERYTHING, skip_token=token)
        assert refused.value.status_code == 400

    def test_the_quota_is_told(self, client):
        told = {}
        client.resources(
            {"query": REGISTRIES}, raw_response_hook=lambda r: told.update(r.http_response.headers)
        )
        assert told["x-ms-user-quota-remaining"].isdecimal()
        assert told["x-ms-user-quota-resets-after"] == "00:00:05"


class TestScope:
    def test_subscriptions_and_management_groups(self, client):
        assert len(rows(client, REGISTRIES, TWO)) == 1
        assert ask(client, REGISTRIES, management_groups=[TENANT]).total_records == 3
        for scope in ({"management_groups": ["elsewhere"]}, {}):
            with pytest.raises(HttpResponseError) as refused:
                ask(client, REGISTRIES, *(() if scope else ("not-mine",)), **scope)
            assert refused.value.status_code == 403

    @pytest.mark.parametrize("bad", ["resources | take 5", "resources | where id contains 'x'", ""])
    def test_a_query_outside_the_subset_is_refused(self, client, bad):
        with pytest.raises(HttpResponseError, match="InvalidQuery") as refused:
            ask(client, bad)
        assert refused.value.status_code == 400

    def test_an_unknown_table_is_refused(self, client):
        with pytest.raises(HttpResponseError, match="InvalidQuery"):
            ask(client, "advisorresources | project id")

    def test_a_token_for_another_audience_is_refused(self, cloud):
        wrong = graph(cloud, credential_scopes=["https://vault.azure.net/.default"])
        with pytest.raises(ClientAuthenticationError):
            ask(wrong, REGISTRIES)

    def test_a_token_of_another_cloud_is_refused(self, cloud):
        with AzureLoopback(estate()) as other:
            stranger = graph(cloud, credential=credential(other))
            with pytest.raises(ClientAuthenticationError):
                ask(stranger, REGISTRIES)


class TestFaults:
    def test_findings_fail_after_their_first_page(self):
        with AzureLoopback(estate(Fault("findings", "azure", ONE))) as cloud:
            client = graph(cloud)

            for scope in ((ONE,), ()):
                token = ask(client, FINDINGS, *scope).skip_token
                with pytest.raises(HttpResponseError) as broken:
                    ask(client, FINDINGS, *scope, skip_token=token)
                assert broken.value.status_code == 500
            assert len(rows(client, PLANS)) == 2
            assert len(pages(client, REGISTRIES, top=1)) == 3

    def test_an_invisible_subscription_is_left_out_without_an_error(self):
        with AzureLoopback(estate(Fault("invisible", "azure", TWO))) as cloud:
            client = graph(cloud)

            for query in (SUBSCRIPTIONS, REGISTRIES, PLANS):
                assert {row["subscriptionId"] for row in rows(client, query)} == {ONE}
                assert {row["subscriptionId"] for row in rows(client, query, ONE, TWO)} == {ONE}
                with pytest.raises(HttpResponseError, match="AccessDenied"):
                    ask(client, query, TWO)

    def test_findings_can_be_denied(self):
        with AzureLoopback(estate(Fault("findings_denied", "azure", TWO))) as cloud:
            client = graph(cloud)

            for query in (FINDINGS, PLANS):
                with pytest.raises(HttpResponseError, match="AuthorizationFailed") as denied:
                    ask(client, query, TWO)
                assert denied.value.status_code == 403
            assert len(rows(client, FINDINGS, ONE)) == 27
            assert len(rows(client, REGISTRIES)) == 3
