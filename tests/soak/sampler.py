"""What a process looks like from outside, once a second: /proc says what it holds, /metrics what it does."""
import collections
import os
import pathlib
import re
import threading
import time
import urllib.request

METRICS = ("redeliveries_total", "requests_in_flight", "backlog_messages", "open_deliveries", "open_bytes", "queued_events",
           "accused_events", "concurrency_limit")
FIELDS = ("at", "phase", "pid", "rss", "peak", "descriptors", "threads", "server_rss", "log_bytes", "scrape_seconds", "scrape_bytes",
          *METRICS)
Sample = collections.namedtuple("Sample", FIELDS)
_LINE = re.compile(rb"^millrace_(%s)\{[^}]*\} (\S+)$" % b"|".join(name.encode() for name in METRICS), re.M)
MIB = 1 << 20


def memory(pid):
    """(resident bytes now, their peak, threads) of a process."""
    status = pathlib.Path(f"/proc/{pid}/status").read_text(encoding="ascii", errors="replace")
    found = dict(re.findall(r"^(VmRSS|VmHWM|Threads):\s+(\d+)", status, re.M))
    return int(found["VmRSS"]) << 10, int(found["VmHWM"]) << 10, int(found["Threads"])


def descriptors(pid):
    """How many files and sockets a process holds."""
    return len(os.listdir(f"/proc/{pid}/fd"))


def scrape(port):
    """(sums by metric over all pipelines, seconds it took, bytes)."""
    begin = time.monotonic()
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5.0) as answer:
        text = answer.read()
    seconds, sums = time.monotonic() - begin, collections.Counter()
    for name, value in _LINE.findall(text):
        sums[name.decode()] += float(value)
    return sums, seconds, len(text)


class Sampler(threading.Thread):
    """Samples until stop(). `phase` is written by whoever runs the phases; what cannot be read now (the process was just
    killed) is no sample."""

    def __init__(self, stage, every=1.0):
        super().__init__(daemon=True)
        self._stage, self._every = stage, every
        self._over = threading.Event()
        self.phase = "start"
        self.samples = []

    def run(self):
        while not self._over.wait(self._every):
            try:
                self.samples.append(self.now())
            except (OSError, KeyError, ValueError):
                pass

    def now(self):
        """One sample."""
        stage = self._stage
        pid, port = stage.bridge.pid, stage.admin
        sums, seconds, size = scrape(port)
        rss, peak, threads = memory(pid)
        return Sample(time.monotonic(), self.phase, pid, rss, peak, descriptors(pid), threads, memory(stage.server.child.pid)[0],
                      stage.bridge.log.stat().st_size, seconds, size, *(sums[name] for name in METRICS))

    def stop(self):
        """No more samples."""
        self._over.set()
        self.join(10.0)

    def of(self, *phases):
        """The samples of some phases, or all."""
        return [sample for sample in self.samples if not phases or sample.phase in phases]


def redeliveries(samples):
    """How many were counted over all processes seen; what a killed one counted in its last second is missing."""
    lowest, highest = {}, {}
    for sample in samples:
        lowest.setdefault(sample.pid, sample.redeliveries_total)
        highest[sample.pid] = sample.redeliveries_total
    first = samples[0].pid if samples else None  # the process that was there before; later ones began at zero
    return int(sum(count - (lowest[pid] if pid == first else 0) for pid, count in highest.items()))


def slope(points):
    """The least-squares slope of (x, y) points, and its standard error; (0, 0) of fewer than three."""
    count = len(points)
    if count < 3:
        return 0.0, 0.0
    middle = sum(x for x, _ in points) / count
    mean = sum(y for _, y in points) / count
    spread = sum((x - middle) ** 2 for x, _ in points)
    if not spread:
        return 0.0, 0.0
    rise = sum((x - middle) * (y - mean) for x, y in points) / spread
    rest = sum((y - mean - rise * (x - middle)) ** 2 for x, y in points)
    return rise, (rest / (count - 2) / spread) ** 0.5


def memory_slope(samples, warm_up=0.25):
    """(MiB an hour, standard error, seconds it was taken over) of resident memory, without the first `warm_up` share."""
    if not samples:
        return 0.0, 0.0, 0.0
    begin, end = samples[0].at, samples[-1].at
    points = [(sample.at / 3600, sample.rss / MIB) for sample in samples if sample.at >= begin + warm_up * (end - begin)]
    rise, error = slope(points)
    return rise, error, (points[-1][0] - points[0][0]) * 3600
