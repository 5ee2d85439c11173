"""Filters and pages of Amazon Inspector's listings, over the registries that a caller sees."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Generic, NamedTuple, TypeVar

from providers.loopback.aws.wire import AwsError, Call
from providers.loopback.aws.world import RegistryView
from providers.loopback.paging import Page, PageTokenError

Item = TypeVar("Item")


class Seen(NamedTuple, Generic[Item]):
    """An item of a listing and the registry it belongs to."""

    view: RegistryView
    item: Item


Word = Callable[[Seen[Item]], str]
Time = Callable[[Seen[Item]], float]
Conditions = list[dict[str, Any]]


class Filters(NamedTuple, Generic[Item]):
    """The filters that an operation knows here, and what of an item each one compares."""

    words: Mapping[str, Word[Item]]
    times: Mapping[str, Time[Item]]
    comparisons: frozenset[str]


def refuse_denied(call: Call) -> None:
    """Refuse the call where a fault of the caller's place says so."""
    if call.view.fault("findings_denied"):
        raise AwsError(
            "AccessDeniedException",
            f"User is not authorized to perform: inspector2:{call.operation}",
            403,
        )


def chosen_page(
    call: Call,
    items: Callable[[RegistryView], Iterator[Item]],
    filters: Filters[Item],
    *,
    most: int,
) -> Page[Seen[Item]]:
    """Return the page asked for of what every registry in the caller's sight holds.

    Raises:
        AwsError: A filter not known here, a page size out of range, or a token that is not ours.
    """
    criteria = _criteria(call, filters)
    return page_of(call, _chosen(call, items, criteria, filters), most=most, within=criteria)


def page_of(call: Call, items: Sequence[Item], *, most: int, within: object) -> Page[Item]:
    """Cut the page asked for out of a whole listing.

    Raises:
        AwsError: A page size out of range, or a token that is not ours.
    """
    cap = call.view.estate.findings_page_size
    named = json.dumps(within, sort_keys=True)
    try:
        return call.page(items, default=most, most=most, cap=cap, within=named)
    except PageTokenError as error:
        raise AwsError("ValidationException", str(error)) from error


def _criteria(call: Call, filters: Filters[Item]) -> dict[str, Conditions]:
    criteria: dict[str, Conditions] = call.params.get("filterCriteria") or {}
    for name, values in criteria.items():
        if name not in filters.words and name not in filters.times:
            raise AwsError("ValidationException", f"filterCriteria: {name} is not known")
        if not 1 <= len(values) <= 10:
            raise AwsError("ValidationException", f"filterCriteria: {name} takes 1 to 10 values")
        if name in filters.times:
            _check_dates(name, values)
        elif any(one.get("comparison") not in filters.comparisons for one in values):
            raise AwsError("ValidationException", f"filterCriteria: {name}: unknown comparison")
    return criteria


def _check_dates(name: str, values: Conditions) -> None:
    for one in values:
        if not one.keys() <= {"startInclusive", "endInclusive"} or not all(
            isinstance(moment, int | float) for moment in one.values()
        ):
            raise AwsError("ValidationException", f"filterCriteria: {name} takes epoch seconds")


def _chosen(
    call: Call,
    items: Callable[[RegistryView], Iterator[Item]],
    criteria: dict[str, Conditions],
    filters: Filters[Item],
) -> Sequence[Seen[Item]]:
    """Return the items that pass every filter; remembered, as each page asks anew."""
    key = f"{call.operation} {json.dumps(criteria, sort_keys=True)}"
    if key not in call.view.chosen:
        overseen = call.world.overseen(call.view.account, call.view.region)
        call.view.chosen[key] = [
            seen
            for view in overseen
            for seen in (Seen(view, item) for item in items(view))
            if _passes(seen, criteria, filters)
        ]
    return call.view.chosen[key]


def _passes(seen: Seen[Item], criteria: dict[str, Conditions], filters: Filters[Item]) -> bool:
    return all(
        _within(filters.times[name](seen), conditions)
        if name in filters.times
        else _matches(filters.words[name](seen), conditions)
        for name, conditions in criteria.items()
    )


def _within(value: float, conditions: Conditions) -> bool:
    """Any of the periods; an open end reaches as far as there is."""
    return any(
        one.get("startInclusive", value) <= value <= one.get("endInclusive", value)
        for one in conditions
    )


def _matches(value: str, conditions: Conditions) -> bool:
    """Any of the EQUALS and PREFIX values, and none of the NOT_EQUALS ones."""
    wanted = [one for one in conditions if one["comparison"] != "NOT_EQUALS"]
    if any(value == one["value"] for one in conditions if one not in wanted):
        return False
    return not wanted or any(
        value == one["value"] or (one["comparison"] == "PREFIX" and value.startswith(one["value"]))
        for one in wanted
    )
