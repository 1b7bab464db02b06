"""A plan: one row of the fault matrix, as a TOML file of plans/, read strictly.

    title     what happens, in a line
    rows      the rows of the matrix it is for
    expect    what must come of it, in words
    progress  "goes on": the last fault is not lifted before PROGRESS results were stored under it, or the plan fails;
              "may stop": how many there were is printed
    smoke     true: part of `make test`
    server    "debian" (default) or "current"
    [world]   what differs from the usual world; see WORLD
    [load]    rate, seconds, tenants, shapes, poison, bad; see LOAD
    [[fault]] at (seconds), do (a name of actions.py), its arguments; until: when it is lifted; every: repeated till then
    [judge]   what is asked beyond the invariants; see JUDGE

Everything unknown, missing or of a wrong type is an error that names the file.
"""
import inspect
import pathlib
import re
import tomllib
import typing

HERE = pathlib.Path(__file__).resolve().parent
PLANS = HERE / "plans"
PROGRESS = 50

TOP = {"title": str, "rows": list, "expect": str, "progress": str, "smoke": bool, "server": str, "world": dict, "load": dict,
       "fault": list, "judge": dict}
WORLD = {  # defaults
    "partitions": 1, "replicas": 1, "batch": 100, "parallel": 4, "ack_wait": "2s", "duplicate_window": 120.0, "timeout": "2s",
    "drain_timeout": "10s",
    "endpoint": {},        # further fields of the pipeline's endpoint
    "script": {},          # of the endpoint, from the beginning
    "tls": False,          # the endpoint speaks TLS
    "host": "127.0.0.1",   # under which the bridge knows it
    "name_server": False,  # names are looked up at one of ours
    "supervised": False,   # a bridge that ends is started again
    "store_mib": 0,        # the server's store is a disk of this size
    "log_mib": 0,          # the bridge's log stands on a disk of this size
    "apart": False,        # the first bridge has a line of its own to the server: `first`
    "tenants": 0,          # so many tenants in place of load.tenants
    "clock": False,        # the bridge's wall clock can be set
}
LOAD = {"rate": 600, "seconds": 6.0, "tenants": ["alpha", "beta", "gamma"], "shapes": ["object"], "poison": 0.0, "bad": 0.0}
JUDGE = {
    "says": [],        # each is in the bridge's log or /readyz?verbose before the last fault is lifted
    "checks": [],      # "source.name >= number", when all is over; sources: see world.py
    "ends": [],        # exit codes with which a bridge may end by itself
    "trimmed": False,  # messages were taken out of the input stream
    "doubles": False,  # the same identity may be stored twice: the duplicate window was outlasted or lost
    "within": 90.0,    # seconds to drain; a bound against hanging, not a figure
}
CHECK = re.compile(r"([a-z_]+)\.([A-Za-z0-9_]+) (>=|<=|==) (-?\d+(?:\.\d+)?)")


class Wrong(Exception):
    """A plan that cannot be meant."""


class Fault(typing.NamedTuple):
    at: float
    until: float | None
    every: float | None
    do: str
    arguments: dict


class Plan:
    """A plan that was read. `world`, `load` and `judge` are whole: defaults filled in."""

    def __init__(self, path, actions):
        self.name = pathlib.Path(path).stem
        try:
            read = tomllib.loads(pathlib.Path(path).read_text(encoding="utf-8"))
            self._fill(read, actions)
        except (Wrong, tomllib.TOMLDecodeError) as error:
            raise Wrong(f"{path}: {error}") from error

    def _fill(self, read, actions):
        read = _typed("", {"smoke": False, "server": "debian", "world": {}, "load": {}, "judge": {}, **read}, TOP)
        missing = set(TOP) - set(read)
        if missing:
            raise Wrong(f"missing: {', '.join(sorted(missing))}")
        self.title, self.rows, self.expect, self.smoke = read["title"], read["rows"], read["expect"], read["smoke"]
        self.progress, self.server = read["progress"], read["server"]
        if self.progress not in ("goes on", "may stop"):
            raise Wrong(f"progress: {self.progress!r}")
        if self.server not in ("debian", "current"):
            raise Wrong(f"server: {self.server!r}")
        if not all(isinstance(row, int) and 1 <= row <= 68 for row in self.rows):
            raise Wrong(f"rows: {self.rows}")
        self.world, self.load, self.judge = (_with_defaults(part, read[part], defaults) for part, defaults in
                                             (("world", WORLD), ("load", LOAD), ("judge", JUDGE)))
        for check in self.judge["checks"]:
            if not CHECK.fullmatch(check):
                raise Wrong(f"check {check!r}: not `source.name >= number`")
        self.faults = [_fault(fault, actions) for fault in read["fault"]]
        if not self.faults:
            raise Wrong("no fault")

    @property
    def end(self):
        """Seconds after which the last fault is over."""
        return max(fault.until or fault.at for fault in self.faults)


def _typed(where, given, types):
    for name, value in given.items():
        if name not in types:
            raise Wrong(f"unknown: {where}{name}")
        kind = types[name]
        if isinstance(value, bool) != (kind is bool) or not isinstance(value, (int, float) if kind is float else kind):
            raise Wrong(f"{where}{name}: {value!r} is no {kind.__name__}")
    return given


def _with_defaults(where, given, defaults):
    return {**defaults, **_typed(where + ".", given, {name: type(value) for name, value in defaults.items()})}


def _fault(given, actions):
    given = dict(given)
    at, until, every, do = (given.pop(name, None) for name in ("at", "until", "every", "do"))
    action = actions.get(do)
    if action is None:
        raise Wrong(f"fault {do!r} is unknown")
    if not isinstance(at, (int, float)) or (until is not None and not until > at):
        raise Wrong(f"{do}: at {at!r} until {until!r}")
    if action.lasting != (until is not None) and not (every and not action.lasting):
        raise Wrong(f"{do}: `until` goes with what lasts, or with `every`")
    parameters = [parameter for parameter in list(inspect.signature(action).parameters.values())[1:]
                  if parameter.kind is not parameter.VAR_KEYWORD]
    _typed(do + ".", {name: value for name, value in given.items() if name not in action.names},
           {parameter.name: parameter.annotation for parameter in parameters})
    lacking = {parameter.name for parameter in parameters if parameter.default is parameter.empty} - set(given)
    if lacking:
        raise Wrong(f"{do}: lacks {', '.join(sorted(lacking))}")
    return Fault(float(at), until and float(until), every, do, given)


def matrix():
    """The rows of the fault matrix: number → (what, where it is tested when no plan is for it, or None)."""
    rows = tomllib.loads((HERE / "matrix.toml").read_text(encoding="utf-8"))["row"]
    return {row["number"]: (row["what"], row.get("elsewhere")) for row in rows}


def matrix_page(plans):
    """The matrix with the plans for each row, as Markdown."""
    lines = ["| row | fault | plans |", "|---|---|---|"]
    for number, (what, elsewhere) in matrix().items():
        names = [f"`{name}`" for name, plan in plans.items() if number in plan.rows]
        lines.append(f"| {number} | {what} | {', '.join(names) or elsewhere} |")
    return "\n".join(lines) + "\n"


def all_plans(actions):
    """Every plan, by name."""
    return {path.stem: Plan(path, actions) for path in sorted(PLANS.glob("*.toml"))}
