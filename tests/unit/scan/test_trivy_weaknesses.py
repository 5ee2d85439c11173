"""Secrets and misconfigurations in Trivy's report: where they are, never what they are."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.ports import ScanError
from providers.scanners.trivy import weaknesses

IMAGE = "registry.example/app@sha256:1"
HIDDEN = "correct-horse"
BOTH = frozenset({"secret", "misconfiguration"})


def secret(**more: Any) -> dict[str, Any]:
    told = {"RuleID": "github-pat", "Title": "GitHub Token", "Severity": "CRITICAL"}
    lines = {
        "StartLine": 3,
        "EndLine": 3,
        "Match": f"x={HIDDEN}",
        "Layer": {"DiffID": "sha256:d"},
    }
    return told | lines | more


def misconfiguration(**more: Any) -> dict[str, Any]:
    lines = [{"Number": 2, "Content": f"ENV PASSWORD={HIDDEN}"}]
    cause = {"StartLine": 2, "EndLine": 2, "Code": {"Lines": lines}}
    told = {"ID": "DS-0031", "Title": "Secrets in ENV", "Severity": "CRITICAL", "Status": "FAIL"}
    return told | {"Message": HIDDEN, "Resolution": "Mount it", "CauseMetadata": cause} | more


def report(*results: dict[str, Any], **more: Any) -> bytes:
    config = {"os": "linux", "config": {"Env": [f"P={HIDDEN}"], "Labels": {"key": HIDDEN}}}
    history = {"history": [{"created_by": f"ENV P={HIDDEN}"}]}
    metadata = {"OS": {"Family": "debian", "Name": "12"}, "ImageConfig": config | history}
    told = {"SchemaVersion": 2, "ArtifactName": IMAGE, "Metadata": metadata, "Results": results}
    return json.dumps(told | more).encode()


def rows(*results: dict[str, Any]) -> list[dict[str, Any]]:
    return [dict(row) for row in weaknesses.read(report(*results), BOTH).weaknesses]


def test_a_secret_is_told_by_its_place():
    (row,) = rows({"Target": "/app/x.env", "Class": "secret", "Secrets": [secret()]})
    assert row == {
        "kind": "secret",
        "rule_id": "github-pat",
        "title": "GitHub Token",
        "severity": "CRITICAL",
        "native_severity": "CRITICAL",
        "location": "app/x.env",
        "start_line": 3,
        "end_line": 3,
        "layer_digest": "sha256:d",
        "remedy": None,
        "url": None,
    }


def test_what_bears_the_images_name_lies_in_its_configuration():
    told = {"Target": IMAGE, "Class": "config", "Misconfigurations": [misconfiguration()]}
    (row,) = rows(told)
    assert (row["kind"], row["location"], row["start_line"]) == ("misconfiguration", None, 2)
    assert row["remedy"] == "Mount it"


@pytest.mark.parametrize(
    ("status", "told"), [("FAIL", 1), ("PASS", 0), ("EXCEPTION", 0), ("NEW", 1)]
)
def test_only_what_is_known_to_be_well_is_left_out(status, told):
    found = rows({"Target": "a", "Misconfigurations": [misconfiguration(Status=status)]})
    assert len(found) == told


@pytest.mark.parametrize(
    ("result", "told"),
    [
        ({"Target": IMAGE, "Class": "config", "MisconfSummary": {"Successes": 27}}, BOTH),
        ({"Target": "app/Dockerfile", "Class": "config"}, {"secret"}),
        ({"Target": IMAGE, "Class": "secret"}, {"secret"}),
    ],
)
def test_a_configuration_that_was_not_judged_is_not_taken_for_a_good_one(result, told):
    look = weaknesses.read(report(result), BOTH)
    assert (look.asked_for, look.looked_for) == (BOTH, told)


def test_the_same_at_the_same_place_is_told_once():
    again = {"Target": "/a", "Secrets": [secret(), secret(), secret(StartLine=4)]}
    assert [row["start_line"] for row in rows(again)] == [3, 4]


def test_a_severity_never_seen_is_unknown_and_its_word_is_kept():
    (row,) = rows({"Target": "/a", "Secrets": [secret(Severity="DREADFUL")]})
    assert (row["severity"], row["native_severity"]) == ("UNKNOWN", "DREADFUL")


def test_nothing_secret_is_left_in_what_is_written_down():
    packages = [{"ID": "a@1", "Name": "a", "Version": "1"}]
    content = report(
        {"Target": IMAGE, "Class": "os-pkgs", "Type": "debian", "Packages": packages},
        {"Target": "/a", "Class": "secret", "Secrets": [secret()]},
        {"Target": IMAGE, "Class": "config", "Misconfigurations": [misconfiguration()]},
    )
    kept = weaknesses.packages_only(content)
    assert HIDDEN.encode() not in kept
    told = json.loads(kept)
    assert told["Results"][0]["Packages"] == packages
    assert told["Metadata"]["OS"] == {"Family": "debian", "Name": "12"}
    assert told["Metadata"]["ImageConfig"] == {"os": "linux"}
    assert HIDDEN not in repr(weaknesses.read(content, BOTH))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=8,
)
NAMES = ("RuleID", "Severity", "Layer", "StartLine", "Title", "Resolution")


def refused(read: Callable[[], object]) -> ScanError | None:
    try:
        read()
    except ScanError as error:
        return error
    return None


@given(st.sampled_from(NAMES), JSON)
def test_a_report_of_another_form_is_one_clear_error(name, value):
    content = report({"Target": "/a", "Secrets": [secret(**{name: value})]})
    error = refused(lambda: weaknesses.read(content, BOTH))
    assert error is None or error.code == "ReportUnreadable"
    assert HIDDEN not in str(error)


@pytest.mark.parametrize("number", [-1, 2.5, 2**31, 1e300])
def test_a_line_is_a_number_of_a_line(number):
    content = report({"Target": "/a", "Secrets": [secret(StartLine=number)]})
    error = refused(lambda: weaknesses.read(content, BOTH))
    assert error is not None
    assert "StartLine: is no number of a line" in error.told


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"null", report(Results={})])
def test_what_is_no_report_is_refused(content):
    for read in (lambda: weaknesses.read(content, BOTH), lambda: weaknesses.packages_only(content)):
        error = refused(read)
        assert error is not None
        assert error.code == "ReportUnreadable"
