"""What a soak has seen, phase by phase, and whether it is good enough."""
import array
import collections

from rounds import PARALLEL, PARTITIONS
from sampler import MIB, memory_slope, redeliveries

MAX_SLOPE = 8.0  # MiB an hour, judged where the steady phase gives LONG seconds of samples; less than that is noise
LONG = 600.0
SPARE_DESCRIPTORS = PARTITIONS * PARALLEL  # connections to the endpoint are kept for a while: as many as requests at once


def percentile(ordered, share):
    """The value below which `share` of an ordered list lies."""
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else 0.0


class Tally:
    """The rounds of one phase."""

    def __init__(self):
        self.rounds = self.events = self.dead = 0
        self.seconds = 0.0
        self.offered = 0
        self.found = collections.Counter()  # violation → how many
        self.drains = []
        self.latency = collections.defaultdict(lambda: array.array("f"))

    def add(self, done, drained=None):
        """One Round."""
        report = done.report
        self.rounds += 1
        self.events += report.events
        self.dead += report.dead
        self.offered += sum(events for events, _ in done.offered)
        self.seconds += sum(seconds for _, seconds in done.offered)
        for name in report.violations():
            self.found[name] += len(getattr(report, name))
        self.drains.append(done.drain if drained is None else drained)
        for tenant, values in done.latency.items():
            self.latency[tenant].extend(values)

    def quantiles(self, tenants=None):
        """(p50, p99) in seconds over some tenants, or all."""
        ordered = sorted(value for tenant, values in self.latency.items() if tenants is None or tenants(tenant) for value in values)
        return percentile(ordered, 0.5), percentile(ordered, 0.99)

    def worst_tenant(self, tenants):
        """The largest p99 of a tenant."""
        return max((percentile(sorted(values), 0.99) for tenant, values in self.latency.items() if tenants(tenant)), default=0.0)


class Ledger:
    """All of a soak. `descriptors` are counted idle: after the first round and before the first kill."""

    def __init__(self):
        self.phases = {}  # in the order they began
        self.descriptors = []
        self.threads = []
        self.broken = []  # what ended a phase early

    def add(self, phase, done, drained=None):
        """A Round of a phase."""
        self.phases.setdefault(phase, Tally()).add(done, drained)

    def verdict(self, samples):
        """What is wrong, one line each. Nothing here is a bound in time."""
        wrong = list(self.broken)
        for phase, tally in self.phases.items():
            wrong += [f"{phase}: {name}: {count}" for name, count in tally.found.items()]
        most = max((sample.requests_in_flight for sample in samples), default=0)
        if most > PARTITIONS * PARALLEL:
            wrong.append(f"in_flight: {most:.0f} requests at once, {PARTITIONS * PARALLEL} are allowed")
        if self.descriptors and self.descriptors[-1] > self.descriptors[0] + SPARE_DESCRIPTORS:
            wrong.append(f"descriptors: {self.descriptors[0]} at first, {self.descriptors[-1]} at last")
        rise, error, seconds = memory_slope([sample for sample in samples if sample.phase == "steady"])
        if seconds >= LONG and rise > MAX_SLOPE:
            wrong.append(f"memory: {rise:.1f} ± {error:.1f} MiB/hour, {MAX_SLOPE:g} are allowed")
        return wrong

    def rows(self, samples):
        """The table of phases; its first row is the names."""
        yield ["phase", "events", "rate/s", "p50 ms", "p99 ms", "drain s", "redelivered", "in flight", "backlog", "RSS MiB", "wrong"]
        before = None
        for phase, tally in self.phases.items():
            here = [sample for sample in samples if sample.phase == phase or (phase == "overload" and sample.phase == "half")]
            p50, p99 = tally.quantiles()
            seen = ([before] if before and here and before.pid == here[0].pid else []) + here
            before = here[-1] if here else before
            yield [phase, f"{tally.events:,}", f"{tally.offered / tally.seconds:,.0f}" if tally.seconds else "-", f"{1e3 * p50:.0f}",
                   f"{1e3 * p99:.0f}", f"{max(tally.drains):.1f}", redeliveries(seen), _most(here, "requests_in_flight"),
                   _most(here, "backlog_messages"), f"{max((sample.rss for sample in here), default=0) / MIB:.0f}",
                   sum(tally.found.values())]

    def fairness(self):
        """The table of the noisy phases; its first row is the names."""
        yield ["", "loud p50 ms", "loud p99 ms", "quiet p50 ms", "quiet p99 ms", "worst quiet p99 ms"]
        for phase, tally in self.phases.items():
            if phase.startswith("noisy"):
                loud, quiet = tally.quantiles(lambda tenant: tenant == "loud"), tally.quantiles(lambda tenant: tenant != "loud")
                worst = tally.worst_tenant(lambda tenant: tenant != "loud")
                yield [phase, *(f"{1e3 * value:.0f}" if value else "-" for value in (*loud, *quiet, worst))]


def _most(samples, name):
    return f"{max((getattr(sample, name) for sample in samples), default=0):,.0f}"
