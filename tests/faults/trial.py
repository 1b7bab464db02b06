"""One trial: a plan carried out from the start of its world to the oracle's verdict."""
import contextlib
import re
import time

from actions import ACTIONS
from plan import CHECK, PROGRESS
from world import World

PATIENCE = 60.0  # for what has to happen while a fault lasts; a bound against hanging
LEAK = 16  # descriptors more than before the faults: connections kept alive come and go


class Findings(dict):
    """What the table shows of a trial, and what was wrong with it."""

    def __init__(self, plan):
        super().__init__(plan=plan.name, events=0, lost="-", doubled="-", on_wire="-", misattributed="-", cross_tenant="-",
                         recovery=None, drained=None, during=0, peak=0.0, leaked=None, wrong=[])

    @property
    def ok(self):
        return not self["wrong"]


def try_plan(plan):
    """Carries out a plan; its findings. Never raises for what the bridge did."""
    findings = Findings(plan)
    with World(plan) as world:
        try:
            _carry_out(plan, world, findings)
            world.failed = bool(findings["wrong"])
        except Exception as error:  # whatever ends a trial is its finding
            findings["wrong"].append(f"{type(error).__name__}: {error}")
        findings["peak"] = world.peak
    return findings


def _carry_out(plan, world, findings):
    world.start()
    load = world.publish()
    world.wait_for(lambda: world.results.count >= PROGRESS, "the first results", 30.0)
    world.note_descriptors()
    healed = _faults(plan, world, findings)
    load.stop()
    world.wait_for(world.settled, "everything is settled", plan.judge["within"])
    findings["drained"] = time.monotonic() - healed
    findings["recovery"] = world.results.first_after(healed)
    _judge(plan, world, findings)


def _faults(plan, world, findings):
    """All the faults of a plan, in their time; when the last was lifted."""
    with contextlib.ExitStack() as lifting:
        agenda = sorted(_agenda(plan, world, lifting), key=lambda entry: entry[0])
        begin = time.monotonic()
        first = min(fault.at for fault in plan.faults)
        before = None
        for at, is_end, act in agenda:
            world.sleep_until(begin + at)
            if at >= first and before is None:
                before = world.results.count
            if is_end and at == plan.end:
                _under_the_last_fault(plan, world, before)
                findings["during"] = world.results.count - before
            act()
        healed = time.monotonic()
        if not any(is_end for _, is_end, _ in agenda):
            _under_the_last_fault(plan, world, before)
            findings["during"] = world.results.count - before
        world.sleep_until(begin + plan.load["seconds"])
    return healed


def _under_the_last_fault(plan, world, before):
    """Waits until what the plan wants to see under its faults was seen."""
    for text in plan.judge["says"]:
        world.wait_for(lambda: text in world.words(), f"the bridge says {text!r}", PATIENCE)
    if plan.progress == "goes on":
        world.wait_for(lambda: world.results.count - before >= PROGRESS, f"{PROGRESS} results under the faults", PATIENCE)


def _agenda(plan, world, lifting):
    """(seconds, whether it is an end, what to do) for every step of every fault."""
    for fault in plan.faults:
        action = ACTIONS[fault.do]
        if action.lasting:
            stack = lifting.enter_context(contextlib.ExitStack())
            yield fault.at, False, lambda s=stack, a=action, f=fault: s.enter_context(a(world, **f.arguments))
            yield fault.until, True, stack.close
        else:
            at = fault.at
            while at <= (fault.until or fault.at):
                yield at, False, lambda a=action, f=fault: a(world, **f.arguments)
                at += fault.every or 1e9


def _judge(plan, world, findings):
    wrong = findings["wrong"]
    world.wait_for(world.ready, "every bridge is ready again", PATIENCE)
    time.sleep(0.5)
    findings["leaked"] = world.leaked()
    if (findings["leaked"] or 0) > LEAK:
        wrong.append(f"{findings['leaked']} descriptors more than before")
    report = world.ask_oracle()
    findings.update(events=report.events, lost=len(report.lost) + len(report.not_kept), doubled=len(report.doubled) + len(report.both),
                    on_wire=len(report.doubled_on_wire), cross_tenant=len(report.cross_tenant),
                    misattributed=len(report.misattributed) + len(report.unattributable) + len(report.shared_identity))
    if report.violations(plan.judge["doubles"]) or not report.events:
        wrong.append(f"the oracle: {report}")
    if world.endpoint.stats().get("mixed"):
        wrong.append("requests held rows of several tenants")
    if world.endpoint.stats().get("canary_visits"):
        wrong.append("a redirect was followed")
    wrong += [f"the endpoint's key stands in {place}" for place in world.leak_of_the_key()]
    wrong += _failed_checks(plan, world, report)
    codes = world.leave()
    if any(codes):
        wrong.append(f"exit codes after SIGTERM: {codes}")


def _failed_checks(plan, world, report):
    for check in plan.judge["checks"]:
        source, name, sign, bound = re.fullmatch(CHECK, check).groups()
        values = {"scored": report.scored, "dead": report.dead, **report.reasons} if source == "result" else world.values(source)
        found = values.get(name, 0)
        if not {">=": found >= float(bound), "<=": found <= float(bound), "==": found == float(bound)}[sign]:
            yield f"{check}: it is {found}"
