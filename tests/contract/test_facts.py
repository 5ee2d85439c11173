"""What each provider tells, and that every gap is declared, with its reason, and is one."""

from __future__ import annotations

import pytest

from audit import plugins
from tests.contract.under_test import COLUMNS, FACTS, REASONS, delivers


@pytest.mark.parametrize("fact", FACTS)
def test_a_fact_is_delivered_or_its_absence_declared(provider, whole, fact):
    declared = {**provider.gaps, **provider.unserved}
    if delivers(whole, fact):
        assert fact not in declared, f"{fact} is delivered: take it out of the gaps"
    else:
        assert fact in declared, f"{fact} is not delivered: declare why"


def test_the_gaps_are_about_facts_and_give_reasons(provider):
    assert set(provider.gaps) | set(provider.unserved) <= set(FACTS)
    assert not set(provider.gaps) & set(provider.unserved)
    for fact, reason in provider.gaps.items():
        assert reason.startswith(REASONS), fact


def test_the_adapters_own_gaps_are_gaps(provider, whole):
    """What ``Capabilities.gaps`` names by column is not delivered, unless it is partly."""
    named = set(plugins.provider(provider.name).capabilities.gaps) & set(COLUMNS)
    assert {fact for fact in named if delivers(whole, fact)} == provider.partial


def test_the_sources_are_those_of_the_capabilities(provider, whole):
    sources = set(plugins.provider(provider.name).capabilities.sources)
    assert {row["source"] for row in whole["assessments"]} == sources
    assert {row["source"] for row in whole["findings"]} == sources
    told = {o.ref.source for o in whole.outcomes if o.ref.kind == "findings"}
    assert told == sources
    assert {area.source for area in provider.areas if area.source} == sources
