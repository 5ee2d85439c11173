"""History made again from the snapshots is the history; under other rules it is told apart."""

from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import HealthCheck, Phase, given, settings

from audit.store.layout import Layout
from audit.store.reader import Warehouse
from audit.store.replay import Replay, rebuild_differences
from providers.loopback.demo_story import two_nights
from tests.support.staging import POLICY, commit_estate
from tests.support.strategies import History, histories
from tests.unit.judge.nights import Told, exposures, night

CVE, GHSA = "CVE-2026-1000", "GHSA-aaaa-bbbb-cccc"


def rebuilt(source: Path, target: Path) -> dict[str, int]:
    runs = list(Replay(Layout(source), Layout(target)).run())
    assert runs == Warehouse(Layout(source)).run_ids()
    return rebuild_differences(Layout(source), Layout(target), runs)


@settings(
    max_examples=3,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
)
@given(histories(nights=4))
def test_the_history_of_random_nights_is_made_again(history: History):
    with TemporaryDirectory() as folder:
        root = Path(folder)
        for estate in history.nights:
            commit_estate(root / "own", estate)
        assert rebuilt(root / "own", root / "again") == {}


def test_the_history_of_the_demo_is_made_again(tmp_path):
    for estate in two_nights():
        commit_estate(tmp_path / "own", estate)
    assert rebuilt(tmp_path / "own", tmp_path / "again") == {}


def test_aliases_and_dismissals_are_made_again(tmp_path):
    own = tmp_path / "own"
    rejected = {"vulnerability_id": "CVE-2026-1003", "withdrawn_at": None}
    cleared = Told("CVE-2026-1002", more={"vex_status": "not_affected"})
    nights = (
        [Told(GHSA), Told("CVE-2026-1002"), Told("CVE-2026-1003")],
        [Told(GHSA), Told(CVE), cleared],
        [Told(GHSA, aliases=[CVE]), Told(CVE, severity="LOW"), cleared],
        [Told(GHSA)],
    )
    for number, told in enumerate(nights):
        night(own, number, told, known=[rejected]).close()
    assert rebuilt(own, tmp_path / "again") == {}


def test_a_difference_is_found(tmp_path):
    night(tmp_path / "one", 0, [Told(CVE)]).close()
    night(tmp_path / "two", 0, [Told(GHSA)]).close()
    runs = Warehouse(Layout(tmp_path / "one")).run_ids()
    found = rebuild_differences(Layout(tmp_path / "one"), Layout(tmp_path / "two"), runs)
    assert found == {"exposures": 2, "exposure_images": 2}


def test_another_policy_gives_another_judgement_that_says_so(tmp_path):
    own, other = Layout(tmp_path / "own"), Layout(tmp_path / "other")
    for number in (0, 1):
        night(tmp_path / "own", number, [Told(CVE)], scanned_days_ago=5).close()
    strict = {**POLICY, "evidence_window_days": 1}
    runs = list(Replay(own, other, strict).run())
    with Warehouse(own).open_run(runs[-1]) as was, Warehouse(other).open_run(runs[-1]) as now:
        assert was.rows("SELECT judged_from FROM runs") == [{"judged_from": None}]
        manifest = was.rows("SELECT manifest_sha256 FROM runs")[0]["manifest_sha256"]
        assert now.rows("SELECT judged_from FROM runs") == [{"judged_from": manifest}]
        assert was.rows("SELECT state FROM assessments") == [{"state": "assessed"}]
        assert now.rows("SELECT state FROM assessments") == [{"state": "stale"}]
        assert exposures(was, "opened_at") == exposures(now, "opened_at")
        assert '"evidence_window_days":1' in now.rows("SELECT policy FROM runs")[0]["policy"]


def test_judging_up_to_a_run_knows_nothing_of_later_ones(tmp_path):
    own, other = Layout(tmp_path / "own"), Layout(tmp_path / "other")
    for number in range(3):
        night(tmp_path / "own", number, [Told(CVE)]).close()
    second = Warehouse(own).run_ids()[1]
    assert list(Replay(own, other, POLICY).run(second)) == Warehouse(own).run_ids()[:2]
