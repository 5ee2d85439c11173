"""Plug-ins by name: what is there, what is not, and in which order."""

from __future__ import annotations

import pytest

from audit import plugins
from audit.errors import ConfigError


def test_names_are_sorted():
    assert plugins.names(plugins.PROVIDERS) == ["aws", "azure", "gcp", "oci"]
    assert plugins.names("registry_audit.nothing") == []


@pytest.mark.parametrize("group", [plugins.PROVIDERS, plugins.REPORTS, plugins.DEMO])
def test_a_name_that_is_not_there_is_refused_and_those_that_are_told(group):
    with pytest.raises(ConfigError) as error:
        plugins.load(group, "no-such")
    assert f"no plug-in 'no-such' in {group}" in str(error.value)
    assert all(name in error.value.cure for name in plugins.names(group))


def test_a_group_without_plugins_says_so():
    with pytest.raises(ConfigError, match="known: none"):
        plugins.load("registry_audit.nothing", "x")


def test_reports_come_in_the_order_asked_for_or_of_their_names():
    names = plugins.names(plugins.REPORTS)
    assert [report.name for report in plugins.reports()] == names
    backwards = tuple(reversed(names))
    assert tuple(report.name for report in plugins.reports(backwards)) == backwards


def test_importers_come_in_the_order_of_their_names():
    names = [importer.name for importer in plugins.importers()]
    assert names == sorted(names) == plugins.names(plugins.IMPORTERS)
