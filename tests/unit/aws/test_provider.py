"""The adapter as the core sees it."""

import pickle
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

from audit.model.enums import ScopeKind
from providers.aws.provider import AwsProvider
from providers.aws.settings import AwsSettings
from tests.unit.aws import payloads as p
from tests.unit.aws.support import CONTEXT, ListSink
from tests.unit.aws.wire import Wire, paged, unset

_SETTINGS = {
    "accounts": [{"id": "111111111111"}, {"id": "222222222222"}],
    "regions": ["eu-west-1", "us-east-1"],
}


def test_importing_and_planning_loads_no_sdk():
    program = """
import logging, sys
from datetime import UTC, datetime
from audit.ports import RunContext
from providers.aws.provider import AwsProvider
given = {"accounts": [{"id": "111111111111"}], "regions": ["eu-west-1"]}
context = RunContext("r", datetime(2026, 1, 1, tzinfo=UTC), logging.getLogger())
assert AwsProvider(AwsProvider.settings_model.model_validate(given), context).plan().tasks
assert not {"boto3", "botocore"} & sys.modules.keys()
"""
    subprocess.run([sys.executable, "-c", program], check=True)


def test_plan_has_a_task_for_each_account_and_region():
    plan = AwsProvider(AwsSettings.model_validate(_SETTINGS), CONTEXT).plan()
    assert [task.task_id for task in plan.tasks] == [
        "aws/111111111111/eu-west-1",
        "aws/111111111111/us-east-1",
        "aws/222222222222/eu-west-1",
        "aws/222222222222/us-east-1",
    ]
    inventory, posture, findings = plan.tasks[0].scopes
    assert (inventory.kind, inventory.scope_id) == (ScopeKind.INVENTORY, plan.tasks[0].task_id)
    assert (posture.kind, posture.scope_id, posture.parent_scope_id) == (
        ScopeKind.CONFIGURATION,
        "aws/111111111111/eu-west-1/posture",
        "aws/111111111111/eu-west-1",
    )
    assert (findings.kind, findings.scope_id, findings.parent_scope_id) == (
        ScopeKind.FINDINGS,
        "aws/111111111111/eu-west-1/findings",
        "aws/111111111111/eu-west-1",
    )
    assert pickle.loads(pickle.dumps(plan.tasks)) == plan.tasks  # noqa: S301  our own bytes
    assert plan.outcomes == ()


def test_every_gap_has_a_kind_and_a_reason():
    gaps = AwsProvider.capabilities.gaps
    assert gaps
    for reason in gaps.values():
        kind, _, words = reason.partition(": ")
        assert kind in {"notimpl", "notyet", "never"}
        assert words
    assert AwsProvider.capabilities.sources == ("inspector", "ecr-basic")


def test_tasks_run_side_by_side():
    wire = Wire(
        GetRegistryScanningConfiguration=lambda _: p.scanning("BASIC"),
        DescribeRepositories=paged("repositories", [p.repository()]),
        BatchGetRepositoryScanningConfiguration=lambda _: p.frequencies("team/app"),
        DescribeImages=paged("imageDetails", [p.image("a")]),
        DescribeImageScanFindings=lambda _: p.scan("a", "COMPLETE", p.scan_body()),
        **unset(),
    )
    with wire, ThreadPoolExecutor(4) as pool:
        provider = AwsProvider(AwsSettings.model_validate(wire.settings(**_SETTINGS)), CONTEXT)
        sinks = [ListSink() for _ in range(4)]
        outcomes = list(pool.map(provider.collect, provider.plan().tasks, sinks))
    assert {o.outcome for pair in outcomes for o in pair} == {"complete"}
    regions = {row["scope_id"] for sink in sinks for row in sink.rows["placements"]}
    assert len(regions) == 4
