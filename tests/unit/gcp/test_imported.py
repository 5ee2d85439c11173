"""An import about an image that Google judges is no reading of Google's to go on from."""

from __future__ import annotations

import orjson

from audit import plugins
from audit.app import App
from audit.config import Config
from audit.importing import import_reports
from tests.support.gcp_nights import DAY, found, night, nights
from tests.unit.files.formats import gcloud
from tests.unit.loopback.estates import LOCATION, MOMENT, PROJECT


def test_what_an_import_left_out_is_not_remembered_as_googles_word(tmp_path):
    image = found(1, 1, 2, 3)
    place = f"{LOCATION}-docker.pkg.dev/{PROJECT}/apps/app@{image.digest}"
    report = gcloud()
    report["image_summary"] = {"digest": image.digest, "fully_qualified_digest": place}
    (look,) = report["discovery_summary"]["discovery"]
    look["discovery"]["lastScanTime"] = MOMENT.isoformat()
    (tmp_path / "less.json").write_bytes(orjson.dumps(report))
    with nights(tmp_path / "warehouse", night(0, image)) as job:
        first = job.run(night(0, image))
        config = Config(version=1, warehouse=str(tmp_path / "warehouse"))
        app = App(config, MOMENT + 0.5 * DAY)
        assert import_reports(app, [tmp_path / "less.json"], plugins.importers()).errors == []
        second = job.run(night(1, image), honest=False)
        assert second.states() == {"1": "unknown"}, "what Google changed cannot be told from it"
        third = job.run(night(2, image), honest=False)
        assert third.bases() == {"1": "read"}
        assert third.states() == {"1": "assessed"}
        assert third.stated() == first.stated()
