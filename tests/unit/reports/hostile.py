"""The small estate with names that attack whoever shows them."""

from __future__ import annotations

from tests.unit.reports import estate
from tests.unit.reports.fake_run import FakeRun

SCRIPT = "<script>alert(1)</script>"
FORMULA = '=HYPERLINK("http://evil.example/","x")'
TURNED = "team/\u202egpj.exe"
STYLE = "</style><img src=x onerror=alert(1)>"
NAMES = (SCRIPT, FORMULA, TURNED, "+1+1", "-2+3", "@SUM(A1)", "{{ 7 * 7 }}", STYLE, "{0.__class__}")


def hostile_run() -> FakeRun:
    places = [estate.placed("aws", FORMULA, name, f"{n}f") for n, name in enumerate(NAMES)]
    images = [{"digest": place["digest"], "kind": "image"} for place in places]
    rows = estate.night()
    rows["placements"] = [*rows["placements"], *places]
    rows["images"] = [*rows["images"], *images]
    rows["assessments"] = [
        *rows["assessments"],
        *(
            estate.judged(place, SCRIPT, "denied", reason=name, native_status=name)
            for place, name in zip(places, NAMES, strict=True)
        ),
    ]
    rows["findings"] = [
        *rows["findings"],
        *(
            estate.finding(estate.WEB_1, name, name, source=source, package_type=name)
            for source, name in zip(("inspector", "trivy") * len(NAMES), NAMES, strict=False)
        ),
    ]
    rows["exposures"] = [
        *rows["exposures"],
        *(
            estate.exposure(
                *(500 + n, place, "opened"),
                package_name=name,
                vulnerability_id=name,
                reason=name,
            )
            for n, (place, name) in enumerate(zip(places, NAMES, strict=True))
        ),
    ]
    rows["scopes"] = [
        *rows["scopes"],
        *(
            estate.scope("aws", name, name, "failed", error=name, missing_permission=name)
            for name in NAMES
        ),
    ]
    rows["control_results"] = [
        *rows["control_results"],
        *(
            estate.control(name, "FAIL", subject=name, field=name, value=name, reason=name)
            for name in NAMES
        ),
    ]
    rows["runs"] = [estate.run_row(tool_version=STYLE, policy=SCRIPT, command=FORMULA)]
    return FakeRun(estate.RUN, rows, estate.BEFORE, estate.before())
