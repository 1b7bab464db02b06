"""What the demos have in common: a command line, signals, a temporary folder, the children in it, and an exit code."""
import contextlib
import pathlib
import signal
import tempfile
import time

import nats_wire
from children import Children, free_port
from show import Screen


class Interrupted(Exception):
    """A signal asked the demo to stop."""

    def __init__(self, number):
        super().__init__(signal.Signals(number).name)
        self.code = 128 + number


class WentWrong(Exception):
    """Something the demo cannot go on after."""


def _interrupt(number, _frame):
    for again in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(again, signal.SIG_IGN)  # the way out is not interrupted
    raise Interrupted(number)


def write_config(committed, folder, nats_url, *others):
    """A committed configuration with this run's addresses in it; `others` are pairs of what stands there and what is
    to. Returns the path of the copy."""
    text = committed.read_text(encoding="utf-8")
    head, body = text[:text.index("version:")], text[text.index("version:"):]
    for usual, ours in (("nats://127.0.0.1:4222", nats_url), ("127.0.0.1:9465", f"127.0.0.1:{free_port()}"), *others):
        if body.count(usual) != 1:
            raise WentWrong(f"{committed}: {usual} should stand there once")
        body = body.replace(usual, ours)
    path = folder / "millrace.yaml"
    path.write_text(head + body, encoding="utf-8")
    return path


def run_to_end(children, name, argv, folder, within=30.0):
    """Runs a command that ends by itself; WentWrong with what it said when it fails."""
    child = children.start(name, argv, folder / f"{name}.log")
    deadline = time.monotonic() + within
    while child.running():
        if time.monotonic() > deadline:
            raise WentWrong(f"{name}: not done within {within:g} s\n{child.tail()}")
        time.sleep(0.01)
    if child.process.returncode != 0:
        raise WentWrong(f"{name}: exit code {child.process.returncode}\n{child.tail()}")


def check_claims(screen, claims):
    """Shows (claim, what contradicts it) pairs; True when nothing does."""
    screen.heading("Checked")
    for claim, against in claims:
        screen.check(not against, claim)
        for contradiction in against[:5]:
            screen.line(f"      {contradiction}")
        if len(against) > 5:
            screen.line(f"      … and {len(against) - 5:,} more")
    return not any(against for _, against in claims)


def perform(act):
    """Runs `act(screen, children, folder)`, which says whether all was right; returns the exit code. Whatever was started
    has ended and whatever was written is gone afterwards."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _interrupt)
    with contextlib.suppress(BrokenPipeError):  # nobody is there to be told
        return _perform(act, Screen(), time.monotonic())
    return 1


def _perform(act, screen, started):
    try:
        with tempfile.TemporaryDirectory(prefix="millrace-demo-") as folder, Children() as children:
            good = act(screen, children, pathlib.Path(folder))
    except Interrupted as interrupted:
        screen.line(f"\nStopped by {interrupted}; everything that was started has ended.")
        return interrupted.code
    except (WentWrong, RuntimeError, OSError, nats_wire.NatsError) as error:
        screen.line(f"\nThe demo failed: {error}")
        return 1
    screen.line()
    screen.line(f"{'All right' if good else 'Something is off'}, {time.monotonic() - started:.1f} s in all.")
    return 0 if good else 1
