"""Reads a query's tree for counts and sums that run over the sources.

A relation is *per source* while it has a row for each source that speaks of a thing. To count or
add up its rows is only right cut by source, or distinct in something that no source is a part of.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import duckdb

PER_SOURCE = {
    *("findings", "findings_snapshots", "flat_findings", "previous_findings"),
    *("assessments", "assessments_snapshots", "source_statements", "paired_statements"),
    *("source_pairs", "opinions", "opinion_pairs", "image_weaknesses", "weakness_looks"),
}
CUTS = {"source", "first_source", "second_source", "silent", "tool"}
ADDING = {"count_star", "count", "sum", "avg", "fsum", "sum_no_overflow"}
LISTED = "total"
"""Name of the column in which a listing tells how many rows it has, which is no figure."""

Node = dict[str, Any]


def sums_over_sources(sql: str) -> list[str]:
    """Return each aggregate of a query that runs over the sources, by function and alias."""
    with duckdb.connect() as con:
        told = con.execute("SELECT json_serialize_sql(?)", [sql]).fetchone()
    tree: dict[str, Any] = json.loads(told[0]) if told else {"error": True}
    assert not tree["error"], tree.get("error_message")
    found: list[str] = []
    statements: list[Any] = tree["statements"]
    for statement in statements:
        _per_source(statement["node"], {}, found)
    return found


def _per_source(node: Node, known: dict[str, bool], found: list[str]) -> bool:
    """Say whether a query's rows are per source; what adds them up goes to ``found``."""
    known = dict(known)
    for entry in node["cte_map"]["map"]:
        known[entry["key"]] = _per_source(entry["value"]["query_node"], known, found)
    if node["type"] == "SET_OPERATION_NODE":
        parts = node.get("children") or [node["left"], node["right"]]
        judged = [_per_source(part, known, found) for part in parts]  # each of them is read
        return any(judged)
    if node["type"] != "SELECT_NODE":
        return False
    for inner in _subqueries(node["select_list"], node["where_clause"], node["having"]):
        _per_source(inner, known, found)
    rows = _from(node["from_table"], known, found)
    return rows and _told(node, found)


def _told(node: Node, found: list[str]) -> bool:
    """Judge the aggregates over rows that are per source; say whether the result still is."""
    added = [one for one in _calls(node["select_list"], node["having"]) if _adds(one)]
    distinct = [m for m in node["modifiers"] if m["type"] == "DISTINCT_MODIFIER"]
    grouped = node["group_expressions"] or node["aggregate_handling"] == "FORCE_AGGREGATES"
    if not grouped and not added and not distinct:
        return node["qualify"] is None
    keys = node["select_list"] if distinct and not grouped else _keys(node)
    cut = bool(_columns(keys) & CUTS)
    found += [
        f"{one['function_name']} AS {one['alias'] or '?'}"
        for one in added
        if not cut or one["class"] == "WINDOW"
    ]
    return cut


def _keys(node: Node) -> list[Node]:
    """Return what a query groups by."""
    if node["aggregate_handling"] == "FORCE_AGGREGATES":
        return [one for one in node["select_list"] if not list(_calls([one]))]
    return list(node["group_expressions"])


def _adds(call: Node) -> bool:
    if call["class"] == "WINDOW":
        parts = _columns(call["partitions"]) & CUTS
        return call["function_name"] in ADDING and call["alias"] != LISTED and not parts
    if call["function_name"] not in ADDING or _columns([call.get("filter")]) & CUTS:
        return False
    return not call["distinct"] or bool(_columns([call["arguments"]]) & CUTS)


def _from(table: Node, known: dict[str, bool], found: list[str]) -> bool:
    kind = table["type"]
    if kind == "BASE_TABLE":
        return known.get(table["table_name"], table["table_name"] in PER_SOURCE)
    if kind == "SUBQUERY":
        return _per_source(table["subquery"]["node"], known, found)
    if kind == "JOIN":
        left, right = (_from(table[side], known, found) for side in ("left", "right"))
        return left or (right and table["join_type"] not in ("SEMI", "ANTI"))
    return False


def _walk(tree: Any) -> Iterator[Node]:
    """Yield every object of a tree, subqueries left out."""
    if isinstance(tree, list):
        for one in tree:
            yield from _walk(one)
    elif isinstance(tree, dict):
        yield tree
        for name, one in tree.items():
            if name not in ("subquery", "node"):
                yield from _walk(one)


def _calls(*trees: Any) -> Iterator[Node]:
    for one in _walk(list(trees)):
        if one.get("class") in ("FUNCTION", "WINDOW") and one.get("function_name") in {
            *ADDING,
            *("max", "min", "any_value", "arg_max", "list", "bool_or", "bool_and"),
        }:
            yield one


def _columns(trees: Any) -> set[str]:
    return {
        name
        for one in _walk(trees)
        if one.get("class") == "COLUMN_REF" or one.get("alias")
        for name in (*one.get("column_names", ())[-1:], one.get("alias"))
        if name
    }


def _subqueries(*trees: Any) -> Iterator[Node]:
    for one in _walk(list(trees)):
        if one.get("class") == "SUBQUERY":
            yield one["subquery"]["node"]
