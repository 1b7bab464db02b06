"""The state of owned partitions, looked at, taken along and stored elsewhere by `millrace state`: the aggregates stay those of
the reference, none missing, none twice; and what would make them others is refused by name."""
import json
import subprocess
import time
import unittest

from aggregates import OUTPUTS, AggregateStage, Pipeline
from harness import BINARY, EndToEnd, wait_until


class StateStage(AggregateStage):
    """A stage whose state is also asked for by commands."""

    state_stream = "MILLRACE_STATE"

    def run(self, *words, document=None):
        """`millrace WORDS -c FILE`, with the configuration as it is now; (exit code, output, complaints)."""
        config = self.folder / "command.yaml"
        config.write_text(self.config.format(admin=1, **self.settings), encoding="utf-8")
        done = subprocess.run([BINARY, *words, "-c", config], input=document, capture_output=True, text=True, timeout=60, check=False)
        return done.returncode, done.stdout, done.stderr

    def change(self, old, new):
        """Changes the pipelines' configuration."""
        assert old in self.settings["pipelines"], old
        self.settings["pipelines"] = self.settings["pipelines"].replace(old, new)

    def inspect(self):
        """What `inspect --json` says of the first pipeline's partitions."""
        code, out, err = self.run("state", "inspect", "--json")
        assert code == 0, err
        return json.loads(out)["pipelines"][0]["partitions"]

    def move(self, stream, **limits):
        """The state stream is replaced by another one: what it held is in nobody's hands but the caller's."""
        self.jetstream.api(f"STREAM.DELETE.{self.state_stream}")
        self.change("      lease:", f"      stream: {stream}\n      lease:")
        code, out, err = self.run("setup", "--apply")
        assert code == 0, out + err
        self.jetstream.api(f"STREAM.UPDATE.{stream}", {**self.jetstream.stream(stream)["config"], **limits})
        self.state_stream = stream

    def die(self):
        """kill -9 of the bridge, and the time until nobody counts as owner."""
        self.fault("kill -9 of the bridge")
        self.bridge.kill()
        wait_until(lambda: all(each["age_ms"] > each["lease_ms"] for each in self.inspect()), "the lease is over", 10.0)


class StateTest(EndToEnd):
    def ask(self, stage, *words, document=None):
        code, out, err = stage.run("state", *words, document=document)
        self.assertEqual(code, 0, f"{words}: {out}{err}")
        return out

    def refused(self, stage, name, *words, document=None):
        """The command must be refused for this reason, and must have stored nothing."""
        before = stage.jetstream.stream(stage.state_stream)["state"]["last_seq"]
        code, out, err = stage.run("state", *words, document=document)
        self.assertEqual((code, out), (1, ""), err)
        self.assertIn(f"{name}: ", err)
        if name != "owner_alive":
            self.assertEqual(stage.jetstream.stream(stage.state_stream)["state"]["last_seq"], before)

    def prepare(self, rate=500, **options):
        stage = self.put_on(StateStage, **options)
        stage.start_bridge()
        load = stage.load(rate=rate)
        stage.owners(stage.partitions)
        self.wait(lambda: stage.jetstream.stream(OUTPUTS)["state"]["messages"] > 0, "aggregates come out")
        return stage, load

    def end(self, stage, load):
        load.stop()
        stage.verify(self)
        stage.stop_bridge(self)

    def test_state_moves_to_another_stream(self):
        stage, load = self.prepare(rate=1000, partitions=2, pipelines=[Pipeline(each=True)], largest_state=16_384)
        time.sleep(3.0)
        stage.die()
        before = stage.inspect()
        document = self.ask(stage, "export")
        stage.move("ELSEWHERE", max_msg_size=16_384)
        for moment in range(6):  # an import that is killed on its way
            self.begin_and_kill(stage, document, 0.01 * moment)
        self.ask(stage, "import", "-", document=document)
        self.assertEqual(self.ask(stage, "import", "-", document=document).count("is there already"), 2)
        for old, new in zip(before, stage.inspect()):
            self.assertEqual([old[name] for name in ("floor", "clear_to", "aggregates", "panes", "watermarks", "outbox")],
                             [new[name] for name in ("floor", "clear_to", "aggregates", "panes", "watermarks", "outbox")])
            self.assertTrue(new["released"])
            self.assertGreater(new["epoch"], old["epoch"])
        self.assertGreater(sum(each["groups"] for state in before for each in state["aggregates"]), 0, "nothing was open")
        stage.start_bridge(wait=False)
        stage.owners(4, within=10.0)
        time.sleep(2.0)
        self.end(stage, load)

    def begin_and_kill(self, stage, document, after):
        (stage.folder / "state.json").write_text(document, encoding="utf-8")
        began = subprocess.Popen([BINARY, "state", "import", stage.folder / "state.json", "-c", stage.folder / "command.yaml"],
                                 stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(after)
        began.kill()
        began.wait()

    def test_what_does_not_fit_is_refused(self):
        stage, load = self.prepare()
        self.refused(stage, "owner_alive", "export")
        text = self.ask(stage, "inspect")
        self.assertIn("epoch 1", text)
        self.assertIn("counts-second: ", text)
        self.assertRegex(text, r"aggregate +tenant +group +from +to +events +out after +watermark\n +counts-\w+ +\w+ +kind=")
        stage.die()
        old = self.ask(stage, "export")
        self.refused(stage, "document_damaged", "import", "-", document=old.replace("a", "b", 1))
        self.refused(stage, "document_damaged", "import", "-", document=old[: len(old) // 2])
        self.refused(stage, "document_version", "import", "-", document=old.replace('"version":1', '"version":2'))

        stage.change("late_arrival_tolerance: 1000ms", "late_arrival_tolerance: 2s")
        self.refused(stage, "fingerprint_mismatch", "export")
        self.refused(stage, "fingerprint_mismatch", "import", "-", document=old)
        stage.change("late_arrival_tolerance: 2s", "late_arrival_tolerance: 1000ms")
        stage.change("{tumbling: 1s}", "{tumbling: 2s}")
        self.refused(stage, "layout_mismatch", "import", "-", "--accept-fingerprint", document=old)
        stage.change("{tumbling: 2s}", "{tumbling: 1s}")
        stage.change("    partitions:", "    generation: 2\n    partitions:")
        self.refused(stage, "generation_mismatch", "import", "-", "--accept-fingerprint", document=old)
        stage.change("    generation: 2\n", "")

        stage.start_bridge(wait=False)
        stage.owners(2)
        time.sleep(1.0)
        self.refused(stage, "owner_alive", "import", "-", document=old)
        time.sleep(1.0)
        stage.stop_bridge(self)
        self.refused(stage, "state_regressed", "import", "-", document=old)  # by the head that is there
        stage.move("ELSEWHERE")
        self.refused(stage, "state_regressed", "import", "-", document=old)  # by what was acked
        stage.failed = False
        load.stop()

    def test_another_meaning_is_accepted(self):
        stage, load = self.prepare()
        time.sleep(1.0)
        load.stop()
        stage.verify(self)
        stage.stop_bridge(self)
        stage.failed = True
        document = self.ask(stage, "export")
        stage.change("late_arrival_tolerance: 1000ms", "late_arrival_tolerance: 1500ms")
        stage.pipelines = [Pipeline(late=1500)]
        self.assertIn("not what the configuration says", self.ask(stage, "inspect"))
        self.refused(stage, "fingerprint_mismatch", "import", "-", document=document)
        self.ask(stage, "import", "-", "--accept-fingerprint", document=document)
        # No event of the load is so late that the two meanings differ.
        again = stage.load()
        stage.start_bridge(wait=False)
        stage.owners(2)
        time.sleep(2.0)
        self.end(stage, again)

    def test_the_input_is_another_one(self):
        stage, load = self.prepare()
        load.stop()
        stage.verify(self)
        stage.stop_bridge(self)
        document = self.ask(stage, "export")
        found = stage.jetstream.stream("EVENTS")["config"]
        stage.jetstream.api("STREAM.DELETE.EVENTS")
        stage.jetstream.api("STREAM.CREATE.EVENTS", found)
        self.refused(stage, "input_regressed", "import", "-", document=document.replace("\n", " "))


if __name__ == "__main__":
    unittest.main()
