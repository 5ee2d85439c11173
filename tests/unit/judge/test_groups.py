"""Alias groups: pure rules, and memory."""

from hypothesis import given
from hypothesis import strategies as st

from audit.judge.groups import is_cve, leading_ids

CVE, OTHER = "CVE-2026-1000", "CVE-2026-2000"


def test_an_id_with_one_cve_goes_by_it():
    assert leading_ids([("GHSA-a", CVE)], {}) == {"GHSA-a": CVE}
    assert leading_ids([(CVE.lower(), "GHSA-a")], {}) == {"GHSA-a": CVE}


def test_ids_without_a_cve_go_by_the_first():
    assert leading_ids([("PYSEC-b", "GHSA-a")], {}) == {"PYSEC-b": "GHSA-a"}


def test_ids_are_joined_over_what_they_have_in_common():
    pairs = [("PYSEC-b", "GHSA-a"), ("GHSA-a", CVE)]
    assert leading_ids(pairs, {}) == {"PYSEC-b": CVE, "GHSA-a": CVE}


def test_an_advisory_of_several_cves_joins_none():
    pairs = [("DSA-1", CVE), ("DSA-1", OTHER)]
    assert leading_ids(pairs, {}) == {}


def test_of_a_group_with_several_cves_each_id_keeps_its_own():
    pairs = [("GHSA-a", CVE), ("GHSA-b", OTHER), ("GHSA-a", "GHSA-b"), ("GHSA-b", "X-1")]
    assert leading_ids(pairs, {}) == {"GHSA-a": CVE, "GHSA-b": OTHER}


def test_two_cves_never_become_one():
    assert leading_ids([(CVE, OTHER)], {}) == {}


def test_what_was_one_stays_one():
    remembered = {"GHSA-a": CVE}
    assert leading_ids([], remembered) == remembered
    assert leading_ids([("GHSA-a", OTHER)], remembered) == remembered


def test_a_group_without_a_cve_moves_to_the_one_that_appears():
    remembered = {"PYSEC-b": "GHSA-a"}
    assert leading_ids([("GHSA-a", CVE)], remembered) == {"PYSEC-b": CVE, "GHSA-a": CVE}


def test_a_new_member_does_not_rename_a_group():
    assert leading_ids([("AAA-1", "PYSEC-b")], {"PYSEC-b": "GHSA-a"}) == {
        "AAA-1": "GHSA-a",
        "PYSEC-b": "GHSA-a",
    }


IDS = st.sampled_from(["CVE-2026-1000", "CVE-2026-2000", "GHSA-a", "GHSA-b", "PYSEC-c", "X-d"])
PAIRS = st.lists(st.tuples(IDS, IDS).filter(lambda pair: pair[0] != pair[1]), max_size=6)


@given(st.lists(PAIRS, max_size=4), st.randoms())
def test_leads_are_final_and_a_cve_is_never_left_again(nights, random):
    remembered: dict[str, str] = {}
    for pairs in nights:
        shuffled = random.sample(pairs, len(pairs))
        found = leading_ids(pairs, remembered)
        assert leading_ids(shuffled, remembered) == found
        for member, lead in found.items():
            assert not is_cve(member)
            assert lead not in found
        for member, lead in remembered.items():
            if is_cve(lead):
                assert found[member] == lead
        remembered = found
