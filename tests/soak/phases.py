"""The phases. Each is given its share of the run in seconds, checks included, and makes rounds until it is used up.

The model takes MODEL_DELAY for a request, whatever is in it, so that the knee is the endpoint's (PARTITIONS × PARALLEL
requests of BATCH rows at once) and a machine with two busy cores can offer three times as much.
"""
import time

from harness import TENANTS
from rounds import MIXED, InTurn

MODEL_DELAY = 0.04
CYCLE = 30.0  # seconds of load in a round, at most: what a round holds is kept in memory for the oracle
KILL_EVERY = 3.0
LOUD = 100


def in_rounds(seconds, one, longest=CYCLE):
    """Calls one(seconds of load) until `seconds` are over, checks included; once at least."""
    end, cost = time.monotonic() + seconds, 0.25  # of the check, as a share of the load; learned
    while True:
        left = end - time.monotonic()
        load = max(1.0, min(longest, left / (1 + cost)))
        begin = time.monotonic()
        one(load)
        cost = max(0.05, (time.monotonic() - begin) / load - 1)
        if end - time.monotonic() < max(1.0, load / 3):
            return


def knee(soak, seconds):
    """Events settled a second while the input is always ahead; what the other phases are measured by."""
    begin = time.time()
    soak.stage.publish(min(seconds, CYCLE), 4000)
    end = time.time()
    first = begin + (end - begin) / 3
    done = soak.judge("knee")
    soak.knee = sum(first <= at < end for at in done.settled_at) / (end - first)
    soak.note(f"the knee is at {soak.knee:,.0f} events/s")


def steady(soak, seconds, name="steady"):
    """Half of the knee, all shapes, some events that are unfit or refused."""
    def one(load):
        soak.stage.publish(load, 0.5 * soak.knee, shapes=MIXED, poison=0.0005, bad=0.01)
        soak.judge(name)
    in_rounds(seconds, one)


def after(soak, seconds):
    """As in the beginning, to see what the phases between have left behind."""
    steady(soak, seconds, "after")


def overload(soak, seconds):
    """Three times the knee, then half of it; how long until the backlog is gone."""
    def one(load):
        soak.phase("overload")
        reached = soak.stage.publish(load, 3 * soak.knee) / soak.knee
        backlog = soak.stage.backlog()
        soak.phase("half")
        begin = time.monotonic()
        soak.stage.publish(600.0, 0.5 * soak.knee, meanwhile=lambda _: soak.stage.backlog() < 0.2 * soak.knee)
        drain = time.monotonic() - begin
        soak.phase("overload")
        soak.judge("overload", drained=drain)
        soak.note(f"{reached:.1f} x the knee for {load:.0f} s left {backlog:,}, gone in {drain:.1f} s beside half of the knee")
    in_rounds(seconds, lambda load: one(load / 5), 5 * 20.0)


def slow(soak, seconds):
    """The model takes 1 s, then longer than the time-out, then as before."""
    def one(load):
        def turn(passed):
            delay = (MODEL_DELAY, 1.0, 3.0)[min(2, int(3 * passed / load))]
            if delay != state["delay"]:
                state["delay"] = delay
                soak.stage.endpoint.script(delay=delay)

        state = {"delay": MODEL_DELAY}
        requests = soak.stage.endpoint.stats().get("requests", 0)
        soak.stage.publish(load, 0.2 * soak.knee, meanwhile=turn)
        soak.stage.endpoint.script(delay=MODEL_DELAY)
        asked = soak.stage.endpoint.stats()["requests"] - requests
        done = soak.judge("slow")
        soak.note(f"{asked} requests while it was slow; drained {done.drain:.1f} s after")
    in_rounds(seconds, one, 60.0)


def noisy(soak, seconds):
    """Nine quiet tenants alone; then beside one that sends a hundred times as much as each, below and above the knee."""
    quiet = [f"quiet-{number}" for number in range(1, 10)]
    both = ["loud"] * LOUD + quiet
    for name, tenants, rate, share in (("noisy: quiet alone", quiet, 0.8 * len(quiet) / len(both), 0.25),
                                       ("noisy: 0.8 x knee", both, 0.8, 0.35), ("noisy: 1.5 x knee", both, 1.5, 0.4)):
        def one(load, name=name, tenants=tenants, rate=rate):
            soak.phase(name)
            soak.stage.publish(load, rate * soak.knee, tenants)
            soak.judge(name, by_tenant=True)
        in_rounds(share * seconds, one)


def tenants(soak, seconds):
    """One event of each of 10,000 tenants (1,000 in a very short run), again and again. A request holds one tenant's
    events, so the model answers at once, or this would be a test of its delay."""
    names = [f"t{number:05d}" for number in range(10_000 if seconds >= 4 else 1000)]

    def one(_load):
        soak.stage.publish(0, 2000, names, count=len(names), kind=InTurn)
        soak.judge("tenants")
    soak.stage.endpoint.script(delay=0.0)
    in_rounds(seconds, one)
    soak.stage.endpoint.script(delay=MODEL_DELAY)


def large(soak, seconds):
    """Events of 900 kB, the model asked with all of it; some refused, which makes dead letters as large."""
    def one(load):
        soak.stage.publish(load, 10, padding=900_000, poison=0.02, bad=0.02)
        soak.judge("large")
    in_rounds(seconds, one, 15.0)


def kill(soak, seconds):
    """kill -9 every three seconds under load, and a new process at once."""
    def one(load):
        def strike(passed):
            if passed >= KILL_EVERY * (state["kills"] + 1):
                if not soak.stage.bridge.running():
                    raise RuntimeError(f"the bridge ended by itself\n{soak.stage.bridge.tail()}")
                soak.stage.bridge.kill()
                soak.stage.start_bridge(wait=False)
                state["kills"] += 1

        state = {"kills": 0}
        soak.stage.publish(max(load, 2 * KILL_EVERY + 1.0), 0.3 * soak.knee, TENANTS, MIXED, 0.0005, 0.01, meanwhile=strike)
        done = soak.judge("kill")
        soak.kills += state["kills"]
        soak.note(f"{state['kills']} kills; drained {done.drain:.1f} s after")
    in_rounds(seconds, one)


# Each phase, and its share of the run.
PHASES = ((knee, 0.03), (steady, 0.42), (overload, 0.13), (slow, 0.07), (noisy, 0.09), (tenants, 0.08), (large, 0.05), (after, 0.05),
          (kill, 0.08))
