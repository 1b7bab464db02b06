"""The soak must fail for what it is there for: it is fed what a sick process would show."""
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "e2e"))

from ledger import MAX_SLOPE, Ledger, percentile  # noqa: E402
from oracle import Report  # noqa: E402
from rounds import PARALLEL, PARTITIONS, Round, SoakMaker  # noqa: E402
from sampler import FIELDS, MIB, Sample, memory_slope, redeliveries, slope  # noqa: E402


def sample(at=0.0, **changes):
    """A sample of a healthy process."""
    return Sample(**{**dict.fromkeys(FIELDS, 0), "at": at, "phase": "steady", "pid": 1, "rss": 20 * MIB, **changes})


class SamplerTest(unittest.TestCase):
    def test_slope_of_a_line_has_no_error(self):
        rise, error = slope([(x, 3 * x - 7) for x in range(20)])
        self.assertAlmostEqual(rise, 3)
        self.assertAlmostEqual(error, 0, 6)

    def test_slope_of_noise_is_within_its_error(self):
        rise, error = slope([(x, 5 + (-1) ** x) for x in range(100)])
        self.assertLess(abs(rise), 2 * error)

    def test_memory_slope_is_per_hour_and_leaves_the_warm_up_out(self):
        samples = [sample(at, rss=(100 if at < 250 else 20) * MIB + at * MIB // 360) for at in range(1000)]
        rise, _, seconds = memory_slope(samples)
        self.assertAlmostEqual(rise, 10, 1)
        self.assertAlmostEqual(seconds, 749, -1)

    def test_redeliveries_of_every_process_count_from_where_the_phase_began(self):
        seen = [sample(pid=1, redeliveries_total=5), sample(pid=1, redeliveries_total=7), sample(pid=2, redeliveries_total=3),
                sample(pid=2, redeliveries_total=4)]
        self.assertEqual(redeliveries(seen), 2 + 4)


class LedgerTest(unittest.TestCase):
    def setUp(self):
        self.ledger = Ledger()
        self.report = Report()
        self.samples = [sample(at) for at in range(1200)]

    def wrong(self):
        self.ledger.add("steady", Round(self.report, 0.5, [(100, 1.0)], {"all": [0.1]}, []))
        return self.ledger.verdict(self.samples)

    def test_a_healthy_run(self):
        self.ledger.descriptors = [12, 14, 12]
        self.assertEqual(self.wrong(), [])

    def test_what_the_oracle_finds(self):
        for name in (*Report.FORBIDDEN, "doubled_on_wire"):
            with self.subTest(name):
                self.ledger, self.report = Ledger(), Report()
                getattr(self.report, name).append("input 7")
                self.assertEqual(self.wrong(), [f"steady: {name}: 1"])

    def test_leaked_descriptors(self):
        self.ledger.descriptors = [12, 12 + PARTITIONS * PARALLEL + 1]
        self.assertIn("descriptors: 12 at first", self.wrong()[0])

    def test_growing_memory(self):
        self.samples = [sample(at, rss=20 * MIB + int(at * 2 * MAX_SLOPE * MIB / 3600)) for at in range(1200)]
        self.assertIn("memory: 16.0", self.wrong()[0])

    def test_growing_memory_is_not_judged_in_a_short_run(self):
        self.samples = [sample(at, rss=20 * MIB + at * MIB) for at in range(60)]
        self.assertEqual(self.wrong(), [])

    def test_too_many_requests_at_once(self):
        self.samples[7] = sample(7, requests_in_flight=PARTITIONS * PARALLEL + 1)
        self.assertIn("in_flight: 5", self.wrong()[0])

    def test_a_phase_that_did_not_end(self):
        self.ledger.broken.append("steady: everything is settled: not within 900 s")
        self.assertEqual(len(self.wrong()), 1)

    def test_percentile(self):
        self.assertEqual(percentile(list(range(100)), 0.99), 99)
        self.assertEqual(percentile([], 0.5), 0.0)


class MakerTest(unittest.TestCase):
    def test_numbers_go_on_and_a_note_is_part_of_event_and_row(self):
        maker = SoakMaker(padding=5, begin=40)
        event = maker.event("alpha")
        self.assertEqual((event.row[0], event.row[-1], maker.number), (41, ".....", 41))
        self.assertTrue(event.text.endswith(b'"note": "....."}'))


if __name__ == "__main__":
    unittest.main()
