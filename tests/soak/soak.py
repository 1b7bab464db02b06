"""make soak: hours of load in phases on one machine, each ended by the oracle's verdict.

Needs the environment variable MILLRACE (the binary) and a nats-server on the PATH. --minutes is the length of the whole
run, checks included; every phase gets its share (phases.py). Exits 1 when anything was lost, doubled or given to the wrong
tenant, when it does not drain, when descriptors leak, or when memory grows faster than ledger.MAX_SLOPE over a long
steady phase. Rates, latencies and drain times are printed and never judged.
"""
import argparse
import csv
import datetime
import os
import pathlib
import platform
import subprocess
import sys
import time

import rounds
from ledger import Ledger
from phases import MODEL_DELAY, PHASES
from sampler import FIELDS, MIB, Sampler, descriptors, memory, memory_slope, redeliveries

from harness import BINARY
from nats_wire import NatsError
from show import Screen


class Soak:
    """The run: what the phases work on."""

    def __init__(self, screen, stage, sampler):
        self._screen, self._sampler = screen, sampler
        self.stage = stage
        self.ledger = Ledger()
        self.knee = 0.0
        self.kills = 0

    def phase(self, name):
        """From now on samples belong to this phase."""
        self._sampler.phase = name

    def note(self, text):
        """A line for who watches."""
        self._screen.line(f"  {time.strftime('%H:%M:%S')} {self._sampler.phase}: {text}")

    def judge(self, name, drained=None, by_tenant=False):
        """Ends a round of a phase; returns it."""
        done = self.stage.judge(by_tenant=by_tenant)
        self.ledger.add(name, done, drained)
        if done.report.violations():
            self.note(str(done.report))
        return done

    def count_idle(self):
        """Descriptors and threads now, when nothing is under way."""
        time.sleep(1.0)
        self.ledger.descriptors.append(descriptors(self.stage.bridge.pid))
        self.ledger.threads.append(memory(self.stage.bridge.pid)[2])

    def run(self, seconds, phases):
        """All phases; one that cannot go on is noted, and ends the run."""
        self.stage.endpoint.script(delay=MODEL_DELAY)
        for phase, share in phases:
            self.phase(phase.__name__)
            if phase.__name__ == "kill":
                self.count_idle()
            try:
                phase(self, share * seconds)
            except (RuntimeError, AssertionError, OSError, NatsError) as error:
                self.ledger.broken.append(f"{phase.__name__}: {type(error).__name__}: {error}")
                return
            finally:
                self.note("over")
            if phase.__name__ == "knee":
                self.count_idle()
        if self.kills == 0:
            self.count_idle()


def show(screen, soak, samples, begin):
    """The report; returns what is wrong."""
    ledger = soak.ledger
    screen.heading("Phases")
    names, *rows = ledger.rows(samples)
    screen.table(names, rows)
    names, *rows = ledger.fairness()
    if rows:
        screen.heading("One tenant sends a hundred times as much as each of nine others")
        screen.table(names, rows)
    screen.heading("The process")
    rise, error, seconds = memory_slope([sample for sample in samples if sample.phase == "steady"])
    screen.line(f"  memory: {rise:+.2f} ± {error:.2f} MiB/hour over {seconds:.0f} s of the steady phase (its last three quarters)")
    screen.line(f"  resident: {samples[0].rss / MIB:.0f} MiB at first, {max(s.peak for s in samples) / MIB:.0f} MiB at most; nats-server "
                f"{max(s.server_rss for s in samples) / MIB:.0f} MiB at most")
    screen.line(f"  descriptors, idle: {ledger.descriptors}; threads: {ledger.threads}")
    screen.line(f"  redelivered: {redeliveries(samples)}; kills: {soak.kills}")
    screen.line(f"  log: {max(s.log_bytes for s in samples):,} bytes; slowest scrape {1e3 * max(s.scrape_seconds for s in samples):.0f} ms, "
                f"largest {max(s.scrape_bytes for s in samples):,} bytes")
    events = sum(tally.events for tally in ledger.phases.values())
    wrong = ledger.verdict(samples)
    screen.heading(f"{events:,} events in {(time.monotonic() - begin) / 60:.1f} minutes")
    screen.check(not wrong, "nothing lost, doubled or misattributed; nothing leaked" if not wrong else "; ".join(wrong))
    return wrong


def keep(folder, samples):
    """The samples as CSV."""
    with open(pathlib.Path(folder) / "samples.csv", "w", encoding="ascii", newline="") as out:
        csv.writer(out).writerows([FIELDS, *samples])


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--minutes", type=float, default=1.0)
    parser.add_argument("--phases", default="", help="some of " + ",".join(phase.__name__ for phase, _ in PHASES))
    parser.add_argument("--out", help="a folder for samples.csv")
    options = parser.parse_args()
    chosen = set(options.phases.split(",")) - {""} or {phase.__name__ for phase, _ in PHASES}
    phases = [(phase, share) for phase, share in PHASES if phase.__name__ in chosen | {"knee"}]
    if not os.access(BINARY, os.X_OK) or chosen - {phase.__name__ for phase, _ in phases}:
        parser.error(f"no binary at {BINARY}, or no such phase")
    screen, begin = Screen(), time.monotonic()
    with rounds.SoakStage() as stage:
        stage.start_bridge()
        version = subprocess.run([BINARY, "--version"], capture_output=True, text=True, check=True).stdout.strip()
        screen.line(f"{datetime.date.today()}: {version}, nats-server {stage.server.version()}, Python {platform.python_version()}, Linux "
                    f"{platform.release()}, {os.cpu_count()} CPUs, load average {os.getloadavg()[0]:.1f}")
        sampler = Sampler(stage)
        soak = Soak(screen, stage, sampler)
        sampler.start()
        soak.run(60 * options.minutes / sum(share for _, share in phases), phases)
        sampler.stop()
        samples = sampler.samples or [sampler.now()]
        if options.out:
            keep(options.out, samples)
        wrong = show(screen, soak, samples, begin)
        stage.failed = bool(wrong)
        if not wrong and stage.bridge.stop(30.0) != 0:
            wrong.append("the bridge did not drain")
            screen.check(False, stage.bridge.tail())
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
