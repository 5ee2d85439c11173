"""Single values out of Azure's JSON."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from providers.azure.values import count, dig, digest, moment, number, pick, text, unwrap, whole


@pytest.mark.parametrize(
    ("value", "read"),
    [
        ("2023-09-04T16:05:32.8223098Z", datetime(2023, 9, 4, 16, 5, 32, 822309, UTC)),
        ("2023-09-04T16:05:32Z", datetime(2023, 9, 4, 16, 5, 32, 0, UTC)),
        ("2023-09-04T18:05:32+02:00", datetime(2023, 9, 4, 16, 5, 32, 0, UTC)),
        ("2023-09-04T16:05:32", datetime(2023, 9, 4, 16, 5, 32, 0, UTC)),
        ("0001-01-01T00:00:00Z", None),
        ("0001-01-01T00:00:00+02:00", None),
        ("9999-12-31T23:59:59-02:00", None),
        ("9999-12-31T23:59:59.9999999Z", datetime(9999, 12, 31, 23, 59, 59, 999999, UTC)),
        ("soon", None),
        ("", None),
        (None, None),
        (1700000000, None),
    ],
)
def test_moments(value, read):
    assert moment(value) == read


def test_members_are_found_in_any_case_the_exact_one_first():
    both = {"digest": "camel", "Digest": "pascal"}
    assert (pick(both, "Digest"), pick(both, "digest")) == ("pascal", "camel")
    assert pick({"CVESDETAILS": 1}, "CvesDetails") == 1
    assert dig({"A": {"b": {"C": 3}}}, "a", "B", "c") == 3
    nothings: tuple[object, ...] = (None, [], "text", 5)
    for nothing in nothings:
        assert pick(nothing, "a") is None
        assert dig({"a": nothing}, "a", "b") is None


def test_scalars():
    assert [text(v) for v in ("a", " ", "", None, 5)] == ["a", None, None, None, None]
    assert text("caf\u00e9 \ud800") == "caf\u00e9 ?"
    assert [whole(v) for v in (5, True, "5", 5.0, None)] == [5, None, None, None, None]
    assert [number(v) for v in (5, "7.5", True, "x", None)] == [5.0, 7.5, None, None, None]
    assert [number(v) for v in ("nan", "inf", 10**400)] == [None] * 3
    assert [whole(v) for v in (2**63 - 1, 2**63)] == [2**63 - 1, None]


def test_json_in_a_string():
    assert [unwrap(v) for v in ('{"a": 1}', "", " ", None, [1])] == [
        {"a": 1},
        None,
        None,
        None,
        [1],
    ]
    with pytest.raises(ValueError, match="unexpected"):
        unwrap("{")


@pytest.mark.parametrize(
    ("value", "read"),
    [
        *((0, 0), (7, 7), ("7", 7), ("0", 0), (-1, None), ("-1", None), (True, None), (1.0, None)),
        *((None, None), ("", None), ("\u0667", None), ("9" * 40, None), (2**70, None)),
    ],
)
def test_counts(value, read):
    assert count(value) == read


HEX = "0a" * 32


@pytest.mark.parametrize(
    ("value", "read"),
    [
        *((f"sha256:{HEX}", f"sha256:{HEX}"), (HEX.upper(), f"sha256:{HEX}")),
        *((f"SHA256:{HEX.upper()}", f"sha256:{HEX}"), (f" {HEX} ", f"sha256:{HEX}")),
        *((f"sha512:{HEX * 2}", f"sha512:{HEX * 2}"), (f"sha512:{HEX}", None)),
        *((HEX[1:], None), (f"sha256:{HEX}0", None), (f"a@sha256:{HEX}", None), (5, None)),
    ],
)
def test_digests(value, read):
    assert digest(value) == read
