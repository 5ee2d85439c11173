"""ECR Public: listed as it is, scanned by nobody, and a scope of its own."""

from dataclasses import replace

import pytest

from audit.model.enums import Outcome, ScopeKind
from providers.aws.provider import AwsProvider
from providers.aws.settings import AwsSettings
from providers.loopback.aws import AwsLoopback
from providers.loopback.estate import Estate, Fault, Place, Registry, Repository
from tests.unit.aws.support import CONTEXT, Collected, collect
from tests.unit.loopback.estates import ACCOUNT, MOMENT, OCI_INDEX, digest, image, small_estate

HOME, HOST, SCOPE = "us-east-1", "public.ecr.aws/a1b2c3d4", f"aws/{ACCOUNT}/public"


def _estate(*faults: Fault) -> Estate:
    images = (
        image(900, tags=("1", "latest")),
        image(901, kind="index", media_type=OCI_INDEX, os=None, architecture=None),
        image(902, kind="artifact", artifact_type="application/vnd.cncf.helm.config.v1+json"),
        image(903),
    )
    repositories = (Repository("tools/cli", MOMENT, images), Repository("tools/empty", MOMENT, ()))
    public = Registry(HOST, ACCOUNT, MOMENT, repositories)
    private = Registry(f"{ACCOUNT}.dkr.ecr.{HOME}.amazonaws.com", ACCOUNT, MOMENT, ())
    place = Place("aws", ACCOUNT, HOME, (private, public), {"scan_type": "BASIC"})
    return replace(small_estate(*faults), places=(place,))


def _collect(*faults: Fault, **more: object) -> Collected:
    with AwsLoopback(_estate(*faults)) as aws:
        return collect({**aws.settings(), "max_attempts": 1, "public": True, **more})


@pytest.fixture(scope="module")
def whole() -> Collected:
    return _collect()


def test_it_is_read_only_where_it_is_asked_for():
    with AwsLoopback(_estate()) as aws:
        plain, asked = ({**aws.settings(), "public": public} for public in (False, True))
    for settings, wanted in ((plain, set()), (asked, {SCOPE})):
        plan = AwsProvider(AwsSettings.model_validate(settings), CONTEXT).plan()
        refs = {ref.scope_id: ref for task in plan.tasks for ref in task.scopes}
        assert {one for one in refs if one.endswith("/public")} == wanted
    assert (refs[SCOPE].kind, refs[SCOPE].region) == (ScopeKind.INVENTORY, HOME)


def test_rows_of_a_public_registry(whole):
    assert whole.outcomes[SCOPE].outcome is Outcome.COMPLETE
    assert whole.outcomes[SCOPE].listed == 4
    (registry,) = [row for row in whole.table("registries") if row["registry_id"] == HOST]
    assert (registry["scope_id"], registry["scanning_enabled"]) == (SCOPE, False)
    rows = {row["repository"]: row for row in whole.table("repositories")}
    assert {name: row["listed_images"] for name, row in rows.items()} == {
        "tools/cli": 4,
        "tools/empty": 0,
    }
    for row in rows.values():
        assert (row["registry_id"], row["complete"]) == (HOST, True)
        assert (row["scan_frequency"], row["anonymous_access"]) == ("NONE", True)
        assert row["anonymous_write"] is None
        assert any(note.startswith("anonymous_write: ") for note in row["unread"])


def test_kinds_and_placements(whole):
    kinds = {row["digest"]: row["kind"] for row in whole.table("images")}
    wanted = {900: "image", 901: "index", 902: "artifact", 903: "image"}
    assert kinds == {digest(number): kind for number, kind in wanted.items()}
    (index,) = [row for row in whole.table("images") if row["kind"] == "index"]
    assert index["child_digests"] is None, "this API gives no manifests"
    placed = {row["digest"]: row for row in whole.table("placements")}
    assert placed[digest(900)]["tags"] == ["1", "latest"]
    assert {row["archived"] for row in placed.values()} == {False}
    assert {row["scope_id"] for row in placed.values()} == {SCOPE}


def test_nobody_scans_it(whole):
    rows = whole.table("assessments")
    assert {row["digest"] for row in rows} == {digest(900), digest(903)}
    told = {(row["source"], row["state"], row["reason"]) for row in rows}
    assert told == {("ecr-public", "not_scanned", "ECR Public has no scanning.")}


def test_patterns_hold_there_too():
    got = _collect(exclude=["*/cli"])
    rows = {row["repository"]: row for row in got.table("repositories")}
    assert rows["tools/cli"]["complete"] is False
    assert "images: left out by the configuration" in rows["tools/cli"]["unread"]
    assert got.table("placements") == []


@pytest.mark.parametrize(
    ("operation", "outcome"),
    [("ecr-public:DescribeRepositories", Outcome.DENIED), ("ecr-public:DescribeImages", None)],
)
def test_what_is_denied_is_not_empty(operation, outcome):
    got = _collect(Fault("posture_denied", "aws", ACCOUNT, HOME, operation=operation))
    assert got.outcomes[SCOPE].outcome is (outcome or Outcome.DENIED)
    assert got.outcomes[SCOPE].missing_permission == operation
    assert all(row["complete"] is False for row in got.table("repositories"))
    private = got.outcomes[f"aws/{ACCOUNT}/{HOME}"]
    assert private.outcome is Outcome.COMPLETE
