"""Plans are read strictly, and a trial that should fail does."""
import pathlib
import tempfile
import unittest

import world  # noqa: F401  (first: it knows where the rest of the tests is)
from actions import ACTIONS
from plan import Plan, Wrong, all_plans, matrix
from registry import once
from trial import try_plan

GOOD = """\
title = "t"
rows = [1]
expect = "e"
progress = "may stop"

[load]
seconds = 2.0

[[fault]]
at = 0.5
until = 1.0
do = "line"
before = "endpoint"
way = "up"
delay = 0.1
"""
# (what is replaced, by what, a word of the message)
BAD = (
    ('title = "t"\n', "", "missing: title"), ("rows = [1]", "rows = [0]", "rows"), ("rows = [1]", 'rows = "1"', "rows"),
    ("may stop", "perhaps", "progress"), ("[load]", '[load]\nspeed = 1', "load.speed"), ("seconds = 2.0", 'seconds = "2"', "load.seconds"),
    ("seconds = 2.0", "seconds = true", "load.seconds"), ('do = "line"', 'do = "lines"', "unknown"), ("delay", "delai", "line.delai"),
    ("until = 1.0\n", "", "until"), ("until = 1.0", "until = 0.4", "until"), ('way = "up"\n', "", "lacks way"),
    ("[load]", '[judge]\nchecks = ["x >= 1"]\n[load]', "check"), ("[load]", "[world]\nstore_mib = 1.5\n[load]", "store_mib"),
    ("[load]", "[load]\n[load]", "load"), ('before = "endpoint"', "before = 3", "line.before"),
)


class PlanTest(unittest.TestCase):
    def read(self, text):
        with tempfile.NamedTemporaryFile("w", suffix=".toml") as file:
            file.write(text)
            file.flush()
            return Plan(file.name, ACTIONS)

    def test_a_good_plan_and_every_plan_there_is(self):
        self.assertEqual(self.read(GOOD).faults[0].arguments, {"before": "endpoint", "way": "up", "delay": 0.1})
        self.assertGreaterEqual(len(all_plans(ACTIONS)), 50)

    def test_every_row_of_the_matrix_has_a_plan_or_a_place(self):
        plans, rows = all_plans(ACTIONS), matrix()
        self.assertEqual(list(rows), list(range(1, 69)))
        for number, (_, elsewhere) in rows.items():
            with self.subTest(number):
                self.assertNotEqual(any(number in plan.rows for plan in plans.values()), elsewhere is not None)

    def test_mistakes(self):
        for old, new, word in BAD:
            self.assertIn(old, GOOD)
            with self.subTest(new), self.assertRaises(Wrong) as caught:
                self.read(GOOD.replace(old, new, 1))
            self.assertIn(word, str(caught.exception))


class VerdictTest(unittest.TestCase):
    """Trials that lose something on purpose: the verdict says so."""

    def wrong_with(self, act, judge=""):
        """What is wrong with a trial in which `act` happened."""
        once(act)
        self.addCleanup(ACTIONS.pop, act.__name__)
        text = GOOD[:GOOD.index("[[fault]]")] + f'[[fault]]\nat = 0.5\ndo = "{act.__name__}"\n{judge}'
        folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
        (folder / "broken.toml").write_text(text, encoding="utf-8")
        return "\n".join(try_plan(Plan(folder / "broken.toml", ACTIONS))["wrong"])

    def test_results_that_vanish(self):
        def results_vanish(world):
            world.jetstream.api("STREAM.PURGE.RESULTS")
        wrong = self.wrong_with(results_vanish, '[judge]\nchecks = ["endpoint.requests == 0"]\n')
        self.assertIn("lost: ", wrong)
        self.assertIn("endpoint.requests == 0: it is", wrong)

    def test_results_of_another_event_and_another_tenant(self):
        def results_are_forged(world):
            stored = next(world.jetstream.read("RESULTS"))
            own = stored.subject.split(".")[1]
            other = next(tenant for tenant in world.plan.load["tenants"] if tenant != own)
            sequence = stored.headers["Millrace-Input-Sequence"]
            world.jetstream.publish(f"results.{other}.scores", stored.payload, "forged", [("Millrace-Input-Sequence", sequence)])
        wrong = self.wrong_with(results_are_forged)
        self.assertIn("cross_tenant: ", wrong)
        self.assertIn("doubled: ", wrong)

    def test_a_bridge_that_ends(self):
        def bridge_ends(world):
            world.bridges[0].kill()
        self.assertIn("ended by itself with -9", self.wrong_with(bridge_ends))


if __name__ == "__main__":
    unittest.main()
