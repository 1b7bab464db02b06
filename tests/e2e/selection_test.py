"""`where`, `bypass` and computed features, through kills of the bridge: each event ends as one of scored, bypassed,
filtered and dead, and the model sees what was computed.
"""
import json
import random
import time
import urllib.request
import unittest

from harness import EndToEnd, Stage, seconds
from load import EventMaker

CHANGES = (
    ("    partitions:", "    where: kind = 'trip' AND (x IS NULL OR GetType(x) = 'array' OR x <> 0)\n{bypass}    partitions:"),
    ("features: [n, tenant, x]", "features: [n, tenant, {{twice: x * 2}}]"),
)


class SelectedMaker(EventMaker):
    """Of three events two are trips. Of a trip the model is asked with twice its `x`, which one without an `x` has not."""

    not_selected = "filtered"

    def event(self, tenant):
        event = super().event(tenant)
        if event.end == "not_an_object":
            return event
        content = json.loads(event.text)
        kind = self._chance.choice(("trip", "trip", "stop", None))
        if kind is not None:
            content["kind"] = kind
        text = json.dumps(content).encode()
        if kind != "trip":
            return event._replace(end=self.not_selected, text=text)
        if event.end in ("field_missing", "field_wrong_type"):
            return event._replace(end="field_null", text=text)
        row = event.row if event.end == "field_null" else [*event.row[:2], event.row[2] * 2]
        return event._replace(text=text, row=row)


class BypassedMaker(SelectedMaker):
    not_selected = "bypassed"


class SelectionStage(Stage):
    events = SelectedMaker
    bypass = ""

    def __init__(self, **options):
        super().__init__(**options)
        for old, new in CHANGES:
            self.config = self.config.replace(old, new.replace("{bypass}", self.bypass))


class ApartStage(SelectionStage):
    events = BypassedMaker
    bypass = '    bypass: {{subject: "bypass.{{tenant}}.scores"}}\n'


class AmongStage(SelectionStage):
    events = BypassedMaker
    bypass = "    bypass: results\n"


class SelectionTest(EndToEnd):
    def run_with(self, kind):
        stage = self.put_on(kind, ack_wait="2s")
        stage.endpoint.script(delay=0.01)
        stage.start_bridge()
        load = stage.load(rate=1500, shapes=("object", "array", "lines"), poison=0.001, bad=0.02)
        chance, until = random.Random(5), time.monotonic() + seconds(7)
        while time.monotonic() < until:
            time.sleep(chance.uniform(1.0, 2.5))
            self.assertTrue(stage.bridge.running(), f"the bridge ended by itself\n{stage.bridge.tail()}")
            stage.bridge.kill()
            stage.start_bridge(wait=False)
        self.wait(lambda: self.counted(stage) > 0, "the process that runs last counts those not selected")
        load.stop()
        stage.settle()
        report = stage.verify(self)
        self.assertGreater(report.scored, 0)
        return stage, report

    def counted(self, stage):
        """Events not selected, as the process that runs last counts them."""
        outcome = f'outcome="{stage.events.not_selected}"'
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{stage.admin}/metrics", timeout=10) as answer:
                lines = answer.read().decode().splitlines()
        except OSError:  # it is not up yet
            return 0
        return sum(float(line.split()[-1]) for line in lines
                   if line.startswith("millrace_events_total") and outcome in line)

    def test_those_not_selected_are_filtered_out(self):
        stage, report = self.run_with(SelectionStage)
        self.assertGreater(report.filtered, 0)
        stage.stop_bridge(self)

    def test_those_not_selected_go_past_the_model(self):
        stage, report = self.run_with(ApartStage)
        self.assertGreater(report.bypassed, 0)
        stage.stop_bridge(self)

    def test_those_not_selected_go_among_the_results(self):
        stage, report = self.run_with(AmongStage)
        self.assertGreater(report.bypassed, 0)
        stage.stop_bridge(self)


if __name__ == "__main__":
    unittest.main()
