"""Settings of one account and region, from the wire to the rows."""

from typing import Any

import pytest

from audit.model.enums import Outcome
from providers.aws.posture_registry import same_principal
from tests.unit.aws import payloads as p
from tests.unit.aws import payloads_settings as s
from tests.unit.aws.support import Collected, collect
from tests.unit.aws.wire import Answer, Raw, Wire, failure, paged, unset

DENIED = failure("AccessDeniedException")
ONCE = (
    *("GetRegistryPolicy", "DescribeRegistry", "DescribePullThroughCacheRules"),
    *("DescribeRepositoryCreationTemplates", "GetSigningConfiguration"),
    *("ListPullTimeUpdateExclusions", "GetConfiguration", "ListFilters", "GetResources"),
)
NULLED = {
    "GetRepositoryPolicy": ("anonymous_access", "external_accounts", "outside_organisation"),
    "GetLifecyclePolicy": ("retention_enabled", "retention_evaluated_at"),
    "DescribeKey": ("key_manager",),
    "GetRegistryPolicy": ("policy_present", "anonymous_write"),
    "DescribeRegistry": ("replication_destinations",),
    "DescribePullThroughCacheRules": ("pull_through_rules", "pull_through_anonymous"),
    "DescribeRepositoryCreationTemplates": ("creation_templates",),
    "GetSigningConfiguration": ("signing_rules",),
    "GetAccountSetting": ("scanner_generation", "policy_scope", "blob_mounting"),
    "ListPullTimeUpdateExclusions": ("pull_time_exclusions", "own_pulls_excluded"),
    "GetConfiguration": ("rescan_duration", "pull_rescan_mode"),
    "ListFilters": ("suppression_filters",),
}
OF_REPOSITORIES = {"GetRepositoryPolicy", "GetLifecyclePolicy", "DescribeKey"}


def _wire(*names: str, **answers: Answer) -> Wire:
    """An enhanced registry without images, of ``team/app`` unless other repositories are named."""
    names = names or ("team/app",)
    rows = [s.repository_of(name) for name in names]
    return Wire(
        **{
            "GetRegistryScanningConfiguration": lambda _: p.scanning("ENHANCED"),
            "DescribeRepositories": paged("repositories", rows),
            "BatchGetRepositoryScanningConfiguration": lambda _: p.frequencies(*names),
            "DescribeImages": paged("imageDetails", []),
            "ListCoverage": paged("coveredResources", []),
            "ListFindings": paged("findings", []),
            **unset(),
            **answers,
        }
    )


def _collect(wire: Wire, **more: Any) -> Collected:
    with wire:
        return collect(wire.settings(**more))


def _registry(wire: Wire, **more: Any) -> dict[str, Any]:
    (row,) = _collect(wire, **more).table("registries")
    return row


def _repository(wire: Wire, **more: Any) -> dict[str, Any]:
    (row,) = _collect(wire, **more).table("repositories")
    return row


def test_nothing_set_reads_as_nothing_and_not_as_unread():
    wire = _wire()
    got = _collect(wire)
    (registry,), (repository,) = got.table("registries"), got.table("repositories")
    assert (registry["unread"], repository["unread"]) == ([], [])
    for row in (registry, repository):
        assert (row["policy_present"], row["anonymous_access"]) == (False, False)
        assert (row["external_accounts"], row["external_write"]) == ([], False)
    empty = ("replication_destinations", "pull_through_rules", "creation_templates")
    for column in (*empty, "signing_rules", "pull_time_exclusions"):
        assert registry[column] == []
    assert (registry["suppression_filters"], registry["own_pulls_excluded"]) == (0, False)
    assert (repository["retention_enabled"], repository["labels"]) == (False, [])
    assert got.posture.outcome is Outcome.COMPLETE
    assert wire.calls["GetCallerIdentity"] == 0


def test_settings_of_a_registry():
    rules = [
        s.pull_through("hub", "registry-1.docker.io", credentialArn="arn:aws:secretsmanager:x"),
        s.pull_through("quay", "quay.io"),
        s.pull_through("up", "1.dkr.ecr.eu-west-1.amazonaws.com", customRoleArn="arn:aws:iam::1:r"),
    ]
    row = _registry(
        _wire(
            GetRegistryPolicy=lambda _: s.registry_policy(s.allow("*", s.PUSH)),
            DescribeRegistry=lambda _: s.replication(("2", "eu-north-1"), ("1", "eu-north-1")),
            DescribePullThroughCacheRules=paged("pullThroughCacheRules", rules[:2], rules[2:]),
            DescribeRepositoryCreationTemplates=paged(
                "repositoryCreationTemplates", [s.template("ROOT", "REPLICATION", "CREATE_ON_PUSH")]
            ),
            GetSigningConfiguration=lambda _: s.signing("prod/*"),
            GetConfiguration=lambda _: s.rescanning(),
            ListFilters=paged("filters", [s.suppression("a")], [s.suppression("b")]),
        )
    )
    assert (row["anonymous_access"], row["anonymous_write"]) == (True, True)
    assert row["replication_destinations"] == ["1/eu-north-1", "2/eu-north-1"]
    assert row["pull_through_rules"][:2] == ["hub=registry-1.docker.io", "quay=quay.io"]
    assert row["pull_through_anonymous"] == ["quay"]
    assert row["creation_templates"] == ["ROOT=CREATE_ON_PUSH+REPLICATION"]
    assert row["signing_rules"][0].startswith("prod/*=arn:aws:signer:")
    durations = ("rescan_duration", "pull_rescan_duration", "pull_rescan_mode")
    assert [row[name] for name in durations] == ["LIFETIME", "DAYS_14", "LAST_IN_USE_AT"]
    assert row["suppression_filters"] == 2
    settings = ("scanner_generation", "policy_scope", "blob_mounting")
    assert [row[name] for name in settings] == ["AWS_NATIVE", "V2", "ENABLED"]
    assert (row["scan_rules"], row["scan_rules_cover_all"]) == (["CONTINUOUS_SCAN=prod/*"], False)


def test_settings_of_a_repository():
    row = _repository(
        _wire(
            GetRepositoryPolicy=lambda _: s.repository_policy(s.allow({"AWS": "2" * 12}, s.PUSH)),
            GetLifecyclePolicy=lambda _: s.lifecycle(),
            GetResources=lambda _: s.tagged(team="apps", cost="7"),
        )
    )
    assert (row["external_accounts"], row["external_write"]) == (["2" * 12], True)
    assert (row["anonymous_access"], row["outside_organisation"]) == (False, None)
    assert row["retention_enabled"] is True
    assert row["retention_evaluated_at"].timestamp() == p.PUSHED
    assert row["labels"] == ["cost=7", "team=apps"]
    assert (row["key_manager"], row["tag_mutability"]) == ("CUSTOMER", "IMMUTABLE_WITH_EXCLUSION")
    assert (row["tag_mutability_exclusions"], row["scan_filters"]) == (["dev-*"], ["prod/*"])


@pytest.mark.parametrize("filters", [["*"], ["prod/*", "*"]])
def test_a_rule_for_all_covers_all_only_if_it_scans(filters):
    def answer(frequency: str) -> Answer:
        body = p.scanning("ENHANCED", frequency)
        rule = body["scanningConfiguration"]["rules"][0]
        rule["repositoryFilters"] = [{"filter": one, "filterType": "WILDCARD"} for one in filters]
        return lambda _: body

    for frequency, covers in (("CONTINUOUS_SCAN", True), ("MANUAL", False), ("NEW", False)):
        row = _registry(_wire(GetRegistryScanningConfiguration=answer(frequency)))
        assert row["scan_rules_cover_all"] is covers


def test_the_organisation_of_the_configuration_decides_who_is_outside():
    policy = s.repository_policy(s.allow({"AWS": "2" * 12}, s.PULL))
    for accounts, outside in ((["2" * 12], False), ([], True)):
        row = _repository(
            _wire(GetRepositoryPolicy=lambda _: policy), organization_accounts=accounts
        )
        assert row["outside_organisation"] is outside


def test_denied_settings_are_null_with_their_reasons_and_leave_the_images_alone():
    wire = _wire(DescribeImages=paged("imageDetails", [p.image("a")]))
    wire.answers |= dict.fromkeys(
        (*NULLED, "GetResources", "ListTagsForResource"), lambda _: DENIED
    )
    got = _collect(wire)
    for operation, columns in NULLED.items():
        (row,) = got.table("repositories" if operation in OF_REPOSITORIES else "registries")
        for column in columns:
            assert row[column] is None
            assert any(note.startswith(f"{column}: ") for note in row["unread"])
    assert (got.posture.outcome, got.posture.listed) == (Outcome.DENIED, 0)
    assert (got.inventory.outcome, got.findings.outcome) == (Outcome.COMPLETE,) * 2
    assert got.table("repositories")[0]["complete"] is True
    assert len(got.table("placements")) == 1


@pytest.mark.parametrize("operation", ["GetRepositoryPolicy", "GetAccountSetting"])
def test_one_denied_setting_takes_no_other_with_it(operation):
    got = _collect(_wire(**{operation: lambda _: DENIED}))
    assert got.posture.outcome is Outcome.PARTIAL
    assert got.posture.missing_permission == f"ecr:{operation}"
    noted = {
        note.partition(":")[0]
        for table in ("registries", "repositories")
        for note in got.table(table)[0]["unread"]
    }
    assert noted >= set(NULLED[operation])
    assert noted <= {*NULLED[operation], "policy_present", "anonymous_write", "external_write"}


@pytest.mark.parametrize(
    "answer",
    [
        failure("ValidationException", "This feature is disabled"),
        failure("UnknownOperationException"),
    ],
)
def test_what_a_region_does_not_offer_is_null_and_no_error(answer):
    got = _collect(_wire(GetSigningConfiguration=lambda _: answer))
    (row,) = got.table("registries")
    assert row["signing_rules"] is None
    assert row["unread"] == ["signing_rules: not offered in this region"]
    assert got.posture.outcome is Outcome.COMPLETE


def test_cut_answers_are_not_empty_settings():
    wire = _wire()
    wire.answers |= dict.fromkeys((*NULLED, "GetResources", "ListTagsForResource"), lambda _: {})
    got = _collect(wire)
    for operation, columns in NULLED.items():
        (row,) = got.table("repositories" if operation in OF_REPOSITORIES else "registries")
        assert all(row[column] is None for column in columns)
    assert got.table("repositories")[0]["labels"] is None
    assert (got.posture.outcome, got.posture.error_code) == (Outcome.FAILED, "BrokenPageError")


@pytest.mark.parametrize(
    ("operation", "answer"),
    [
        ("DescribePullThroughCacheRules", {"pullThroughCacheRules": [None]}),
        (
            "DescribePullThroughCacheRules",
            {"pullThroughCacheRules": [{"upstreamRegistryUrl": "x"}]},
        ),
        ("ListFilters", {"filters": [None]}),
        ("GetRepositoryPolicy", {"policyText": "{"}),
        ("DescribeRegistry", {"replicationConfiguration": {"rules": [None]}}),
    ],
)
def test_a_row_that_cannot_be_read_is_no_shorter_list(operation, answer):
    got = _collect(_wire(**{operation: lambda _: answer}))
    assert got.posture.error_code == "BrokenPageError"
    assert got.inventory.outcome is Outcome.COMPLETE


def test_a_repository_deleted_meanwhile_is_no_error():
    gone = failure("RepositoryNotFoundException")
    got = _collect(_wire(GetRepositoryPolicy=lambda _: gone, GetLifecyclePolicy=lambda _: gone))
    assert got.posture.outcome is Outcome.COMPLETE
    assert got.table("repositories")[0]["anonymous_access"] is None


def test_each_key_is_asked_for_once_and_own_encryption_not_at_all():
    rows = [
        s.repository_of("one", encryptionType="KMS", kmsKey="k"),
        s.repository_of("two", encryptionType="KMS_DSSE", kmsKey="k"),
        s.repository_of("three", encryptionType="AES256"),
        s.repository_of("four", encryptionType="KMS"),
        s.repository_of("five", encryptionType="QUANTUM", kmsKey="k"),
    ]
    wire = _wire(
        DescribeRepositories=paged("repositories", rows), DescribeKey=lambda _: s.key("AWS")
    )
    got = {row["repository"]: row for row in _collect(wire).table("repositories")}
    managers = {name: row["key_manager"] for name, row in got.items()}
    assert managers == {"one": "AWS", "two": "AWS", "three": "none", "four": None, "five": None}
    assert "key_manager: encryption QUANTUM" in got["five"]["unread"]
    assert wire.asked("DescribeKey") == [{"KeyId": "k"}]


def test_a_manager_nobody_knows_is_not_assessed_and_named():
    row = _repository(_wire(DescribeKey=lambda _: s.key("LANDLORD")))
    assert row["key_manager"] is None
    assert row["unread"] == ["key_manager: unknown manager LANDLORD"]


def test_tags_are_listed_by_the_hundred_or_asked_for_one_by_one():
    first = {**s.tagged(team="apps"), "PaginationToken": "t"}
    wire = _wire(GetResources=lambda asked: s.tagged() if "PaginationToken" in asked else first)
    assert _repository(wire)["labels"] == ["team=apps"]
    asked = {"ResourceTypeFilters": ["ecr:repository"], "ResourcesPerPage": 100}
    assert wire.asked("GetResources") == [asked, {**asked, "PaginationToken": "t"}]
    tags = {"tags": [{"Key": "team", "Value": "web"}]}
    wire = _wire(GetResources=lambda _: DENIED, ListTagsForResource=lambda _: tags)
    got = _collect(wire)
    assert got.table("repositories")[0]["labels"] == ["team=web"]
    assert got.posture.outcome is Outcome.COMPLETE
    assert wire.asked("ListTagsForResource") == [{"resourceArn": s.ARN}]


def test_tags_that_nobody_may_read_are_not_none():
    wire = _wire(GetResources=lambda _: DENIED, ListTagsForResource=lambda _: DENIED)
    got = _collect(wire)
    assert got.table("repositories")[0]["labels"] is None
    assert got.posture.missing_permission == "ecr:ListTagsForResource"


@pytest.mark.parametrize(("listed", "excluded"), [(s.ROLE, True), (s.ROLE + "-2", False)])
def test_whether_the_tools_own_pulls_count(listed, excluded):
    wire = _wire(
        ListPullTimeUpdateExclusions=lambda _: {"pullTimeUpdateExclusions": [listed]},
        GetCallerIdentity=lambda _: Raw(200, s.IDENTITY.encode(), "text/xml"),
    )
    row = _registry(wire)
    assert (row["pull_time_exclusions"], row["own_pulls_excluded"]) == ([listed], excluded)


@pytest.mark.parametrize(
    ("caller", "principal", "same"),
    [
        (s.SESSION, s.ROLE, True),
        (s.SESSION, s.ROLE.replace(p.ACCOUNT, "2" * 12), False),
        (f"arn:aws:iam::{p.ACCOUNT}:user/a", f"arn:aws:iam::{p.ACCOUNT}:user/a", True),
        (f"arn:aws:iam::{p.ACCOUNT}:user/a", s.ROLE, False),
        (s.ROLE, s.ROLE, True),
    ],
)
def test_a_session_is_its_role(caller, principal, same):
    assert same_principal(caller, principal) is same


def test_inspector_is_not_asked_where_it_does_not_scan():
    wire = _wire(GetRegistryScanningConfiguration=lambda _: p.scanning("BASIC"))
    row = _registry(wire)
    assert not wire.calls.keys() & {"GetConfiguration", "ListFilters"}
    assert row["suppression_filters"] is None
    assert any(note.startswith("suppression_filters: not asked") for note in row["unread"])


def test_the_calls_are_two_a_repository_and_a_few_a_registry():
    names = tuple(f"r{n}" for n in range(26))
    wire = _wire(*names)
    got = _collect(wire)
    assert wire.calls["GetRepositoryPolicy"] == wire.calls["GetLifecyclePolicy"] == 26
    assert wire.calls["BatchGetRepositoryScanningConfiguration"] == 2
    assert {name: wire.calls[name] for name in ONCE} == dict.fromkeys(ONCE, 1)
    assert (wire.calls["GetAccountSetting"], wire.calls["DescribeKey"]) == (3, 1)
    assert got.posture.api_calls == 2 * 26 + len(ONCE) + 3 + 1
