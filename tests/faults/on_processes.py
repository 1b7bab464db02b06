"""Actions on processes: signals, limits, starvation, clocks."""
import os
import random
import resource
import signal
import subprocess
import sys
import threading
import time

from registry import lasting, once
from watch import connected_to

_chance = random.Random(23)


def _number(name):
    return getattr(signal, f"SIG{name}")


@once
def kill_bridge(world, which: int = 0):
    """kill -9, and a new one at once."""
    world.bridges[which].kill()
    world.replace(world.bridges[which])


@once
def kill_any_bridge(world):
    """kill -9 of one of them, and a new one at once."""
    kill_bridge(world, _chance.randrange(len(world.bridges)))


@lasting
def bridge_gone(world, which: int = 0):
    """kill -9, and a new one at the end."""
    gone = world.bridges.pop(which)
    gone.kill()
    yield
    world.bridges.insert(which, world.start_one())


@once(("batch", "parallel", "timeout", "ack_wait"))
def join(world, **settings):
    """One more bridge of the same name, with other settings."""
    world.settings.update(settings)
    world.bridges.append(world.start_one())


@once
def roll_bridges(world):
    """Each bridge in turn: SIGTERM, exit code 0, a new one."""
    for bridge in list(world.bridges):
        if (code := bridge.stop(30.0)) != 0:
            raise RuntimeError(f"exit code {code} after SIGTERM\n{bridge.tail()}")
        world.replace(bridge)
        time.sleep(0.5)


@once
def term_bridge(world, times: int = 1, code: int = 0):
    """SIGTERM, the exit code it has to leave with, and a new bridge."""
    old = world.bridges[0]
    for n in range(times):
        if n:
            time.sleep(0.2)
        old.signal(signal.SIGTERM)
    begin = time.monotonic()
    found = old.process.wait(30.0)
    world.counted["seconds_to_leave"] = time.monotonic() - begin
    if found != code:
        raise RuntimeError(f"exit code {found} after SIGTERM, should be {code}\n{old.tail()}")
    world.replace(old)


@lasting
def stop_bridge(world, which: int = 0):
    """SIGSTOP until SIGCONT."""
    os.kill(world.bridges[which].pid, signal.SIGSTOP)
    yield
    os.kill(world.bridges[which].pid, signal.SIGCONT)


@once
def storm(world, signals: list, times: int = 100):
    """Signals without end, one of `signals` after the other."""
    for n in range(times):
        for bridge in world.bridges:
            if bridge.running():
                bridge.signal(_number(signals[n % len(signals)]))
        time.sleep(0.005)
    world.signal(signal.SIGCONT)


@once
def kill_server(world, down: float = 0.0):
    """kill -9 of nats-server and a start after `down` seconds, with the same store."""
    world.restart_server(down)


@lasting
def server_gone(world):
    """kill -9 of nats-server, and a start at the end."""
    world.server.kill()
    yield
    world.restart_server()


@lasting
def stop_server(world):
    """SIGSTOP of nats-server until SIGCONT."""
    os.kill(world.server.child.pid, signal.SIGSTOP)
    yield
    os.kill(world.server.child.pid, signal.SIGCONT)


@lasting
def no_descriptors(world):
    """The bridge may open no file any more, nor another connection to the endpoint in the place of one that is cut."""
    pid = world.bridges[0].pid
    world.wait_for(lambda: connected_to(pid, world.endpoint_proxy.port), "connections to the endpoint", 5.0)
    before = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    held = set(map(int, os.listdir(f"/proc/{pid}/fd"))) - connected_to(pid, world.endpoint_proxy.port)
    # A new descriptor is the lowest free number, and has to be below the limit.
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (next(n for n in range(len(held) + 1) if n not in held), before[1]))
    yield
    resource.prlimit(pid, resource.RLIMIT_NOFILE, before)


def _written_kib(pid):
    """What the process may write to: heaps, stacks, private mappings."""
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmData:"))


@lasting
def little_memory(world, mebibytes: int):
    """The bridge may have no more than so much writable memory beyond what it has."""
    pid = world.bridges[0].pid
    before = resource.prlimit(pid, resource.RLIMIT_DATA)
    resource.prlimit(pid, resource.RLIMIT_DATA, ((_written_kib(pid) << 10) + (mebibytes << 20), before[1]))
    yield
    lives = world.bridges[0].pid == pid
    world.counted["felt"] = int(not lives or "disconnected" in world.words())
    if lives:
        resource.prlimit(pid, resource.RLIMIT_DATA, before)


@lasting
def busy_machine(world, spinners: int = 6):
    """Processes that use all the processor they get, at the bridge's own priority."""
    busy = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(spinners)]
    yield
    for process in busy:
        process.kill()
        process.wait()


@once
def set_clock(world, seconds: int):
    """The bridge's wall clock is off by so much, and goes on from there."""
    world.set_clock(seconds)


@lasting
def swinging_clock(world, seconds: int):
    """The bridge's wall clock jumps forward and back, several times a second."""
    over = threading.Event()

    def swing():
        sign = 1
        while not over.wait(0.2):
            world.set_clock(sign * seconds)
            sign = -sign
    thread = threading.Thread(target=swing, daemon=True)
    thread.start()
    yield
    over.set()
    thread.join()
    world.set_clock(0)
