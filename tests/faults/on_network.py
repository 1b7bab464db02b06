"""Actions on connections: the two proxies, packet filters, names, certificates and the endpoint's script."""
import itertools
import subprocess
import threading

from pipe import RULES
from registry import lasting, once
from scripted_endpoint import HEALTHY


def _proxy(world, before):
    return {"server": world.server_proxy, "first": world.first_proxy, "endpoint": world.endpoint_proxy}[before]


@lasting(RULES)
def line(world, before: str, way: str, **rules):
    """Rules of pipe.py on the line before `server`, `endpoint` or `first`, which is the server for the first bridge; way: up (from the bridge), down (to it), both."""
    proxy = _proxy(world, before)
    proxy.rules(way, **rules)
    yield
    proxy.rules(way, **dict.fromkeys(rules))


@lasting
def refuse(world, before: str):
    """Nobody listens there, and what is open is reset."""
    proxy = _proxy(world, before)
    proxy.refuse()
    yield
    proxy.refuse(False)


@lasting
def slam(world, before: str):
    """Connections there are accepted and reset; what is open is reset."""
    proxy = _proxy(world, before)
    proxy.slam()
    proxy.reset_all()
    yield
    proxy.slam(False)


@once
def reset_line(world, before: str):
    """RST on every connection there."""
    _proxy(world, before).reset_all()


@once
def close_line(world, before: str):
    """FIN on every connection there."""
    _proxy(world, before).close_all()


@lasting
def packets(world, before: str, what: str):
    """A packet filter before `server` or `endpoint`: drop_syn, drop_all, drop_answers, reject, lose_a_third."""
    port = _proxy(world, before).port
    rules = {
        "drop_syn": f"tcp dport {port} tcp flags & (syn | ack) == syn counter drop",
        "drop_all": f"tcp dport {port} counter drop; tcp sport {port} counter drop",
        "drop_answers": f"tcp sport {port} counter drop",
        "reject": f"tcp dport {port} counter reject with tcp reset",
        "lose_a_third": f"tcp dport {port} numgen random mod 3 == 0 counter drop; tcp sport {port} numgen random mod 3 == 0 counter drop",
    }[what]
    subprocess.run(["nft", f"add table ip faults; add chain ip faults out {{ type filter hook output priority 0; }}; "
                    + "; ".join(f"add rule ip faults out {rule}" for rule in rules.split("; "))], check=True)
    yield
    found = subprocess.run(["nft", "list", "table", "ip", "faults"], check=True, capture_output=True, text=True).stdout.split()
    world.counted["packets"] = sum(int(found[at + 1]) for at, word in enumerate(found) if word == "packets")
    subprocess.run(["nft", "delete table ip faults"], check=True)


@lasting
def name(world, answer: str):
    """The endpoint's name leads elsewhere, or nowhere: an address, fail, none, mute. Open connections end."""
    usual = world.names.answers["model.test"]
    world.names.answers["model.test"] = answer
    world.endpoint_proxy.reset_all()
    yield
    world.names.answers["model.test"] = usual


@lasting
def odd_in_turn(world, answers: list, each: float = 0.7):
    """The endpoint gives nothing but odd answers, one kind after the other and around again."""
    over = threading.Event()

    def turn():
        for answer in itertools.cycle(answers):
            world.endpoint.script(odd=answer)
            world.counted["turns"] = world.counted.get("turns", 0) + 1
            if over.wait(each):
                return
    thread = threading.Thread(target=turn, daemon=True)
    thread.start()
    yield
    over.set()
    thread.join()
    world.endpoint.script(odd="")


@lasting(HEALTHY)
def endpoint(world, **script):
    """The endpoint follows another script; see scripted_endpoint.py."""
    healthy = {**HEALTHY, **world.plan.world["script"]}
    world.endpoint.script(**script)
    yield
    world.endpoint.script(**{name: healthy[name] for name in script})
