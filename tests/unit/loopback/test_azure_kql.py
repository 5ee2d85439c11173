"""The query subset: what is understood is answered as Kusto would, all else is refused."""

from __future__ import annotations

import pytest

from providers.loopback.azure.kql import QueryError, parse

ROWS = (
    {"id": "b", "type": "Shop", "name": "Two", "properties": {"a": {"B": "x"}, "n": 1}},
    {"id": "a", "type": "shop", "name": "One", "properties": {"a": {"B": "X"}}},
    {"id": "c", "type": "bank", "properties": {"a": "not an object"}},
)


def ids(query: str) -> list[str]:
    return [row["id"] for row in parse(query).run(ROWS)]


@pytest.mark.parametrize(
    ("query", "answer"),
    [
        ("resources", ["b", "a", "c"]),
        ("Resources | where type == 'shop'", ["a"]),
        ("resources|where type=~'SHOP'", ["b", "a"]),
        ('resources\n| where type =~ "shop" and name == "One"', ["a"]),
        ("resources | where type =~ 'shop' | where properties.a.B == 'x'", ["b"]),
        ("resources | where properties.a.b == 'x'", []),
        ("resources | where properties.n == '1'", []),
        ("resources | where properties.a.B == 'x' | project id", ["b"]),
        ("resources | order by id asc", ["a", "b", "c"]),
        ("resources | project id, kind=type | where kind == 'bank' | order by kind asc", ["c"]),
        ("resources | where name == 'a | project id'", []),
    ],
)
def test_what_is_understood(query, answer):
    assert ids(query) == answer


def test_columns_of_a_projection():
    query = parse("resources | project id, first=properties.a.B, properties.n, name")

    assert query.columns == ("id", "first", "properties_n", "name")
    assert query.run(ROWS)[2] == {"id": "c", "first": None, "properties_n": None, "name": None}


@pytest.mark.parametrize(
    "query",
    [
        "",
        "| where id == 'a'",
        "resources |",
        "resources | take 1",
        "resources | where",
        "resources | where id",
        "resources | where id == a",
        "resources | where id == 'a",
        "resources | where id == 'a\\'b'",
        "resources | where id != 'a'",
        "resources | where id = 'a'",
        "resources | where id == 'a' or id == 'b'",
        "resources | where id == 'a' 'b'",
        "resources | where tolower(id) == 'a'",
        "resources | where id in ('a')",
        "resources | where unheard == 'a'",
        "resources | where 'a' == id",
        "resources | project",
        "resources | project id,",
        "resources | project id, id",
        "resources | project tostring(id)",
        "resources | project id | where name == 'One'",
        "resources | order by id",
        "resources | order by id desc",
        "resources | order by id asc, name asc",
        "resources | project name | order by id asc",
        "resources | summarize count()",
        "resources // all",
        "resources; other",
    ],
)
def test_all_else_is_refused(query):
    with pytest.raises(QueryError):
        parse(query)
