"""What windowed aggregates must come to, computed from the input stream alone.

A second program for the same numbers: it shares no code with the bridge, keeps every event, and knows of no
checkpoints, owners or idle advances, none of which may change what is in a window. docs/windows.md is its
specification. Times are nanoseconds since 1970, windows are (start, end].
"""
import collections
import datetime
import fractions
import json
import math
import re

SECOND = 1_000_000_000
_TIME = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)")

# One aggregate: `select` maps names to (function, field or None); `window` is (function of below, *arguments).
Aggregate = collections.namedtuple("Aggregate", "name window group_by select", defaults=((), {}))
# `late` None: no event is too late for its stored time.
Rules = collections.namedtuple("Rules", "out_of_order late early adjust", defaults=(0, 5 * SECOND, 300 * SECOND, True))
# `at`: the time that counts. `place`: (sequence, element).
Placed = collections.namedtuple("Placed", "at place event")
Key = collections.namedtuple("Key", "aggregate tenant group start end")


def nanoseconds(text):
    """The time an RFC 3339 text says; None when it says none."""
    found = _TIME.fullmatch(text) if isinstance(text, str) else None
    if not found:
        return None
    whole = datetime.datetime.fromisoformat(found[1] + found[3].replace("Z", "+00:00"))
    seconds = (whole - datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)) // datetime.timedelta(seconds=1)
    return seconds * SECOND + int((found[2] or "").ljust(9, "0"))


def rfc3339(time_ns, decimals=9):
    """A time as text."""
    whole = datetime.datetime.fromtimestamp(time_ns // SECOND, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S")
    fraction = f"{time_ns % SECOND:09d}"[:decimals]
    return f"{whole}.{fraction}Z" if fraction else f"{whole}Z"


class Clock:
    """The watermarks of one partition: judges events in the order of the stream."""

    def __init__(self, rules):
        self._rules = rules
        self._stored = -math.inf
        self._watermarks = collections.defaultdict(lambda: -math.inf)

    def judge(self, tenant, at, stored):
        """(standing, the time that counts); standing is in_time, adjusted, late or early."""
        rules = self._rules
        self._stored = stored = max(self._stored, stored)
        if at > stored + rules.early:
            return "early", at
        counts, missed = at, False
        if rules.late is not None and counts < stored - rules.late:
            missed = True
            if rules.adjust:
                counts = stored - rules.late
        before = self._watermarks[tenant]
        self._watermarks[tenant] = max(before, min(counts, stored) - rules.out_of_order)
        if counts < before:
            missed = True
            if rules.adjust:
                counts = before
        return ("in_time" if not missed else "adjusted" if rules.adjust else "late"), counts


def _next(at, step, offset=0):
    return offset - (offset - at) // step * step


def tumbling(placed, size, offset=0):
    """(start, end, events) of windows one after the other. `placed` is sorted, and so it is below."""
    held = collections.defaultdict(list)
    for one in placed:
        held[_next(one.at, size, offset)].append(one)
    return [(end - size, end, events) for end, events in held.items()]


def hopping(placed, size, hop, offset=0):
    """Windows of `size` that end every `hop`."""
    held = collections.defaultdict(list)
    for one in placed:
        for end in range(_next(one.at, hop, offset), one.at + size, hop):
            held[end].append(one)
    return [(end - size, end, events) for end, events in held.items()]


def sliding(placed, size):
    """One window for each moment at which its content changes and is not nothing."""
    ends = sorted({one.at for one in placed} | {one.at + size for one in placed})
    windows = ((end - size, end, [one for one in placed if end - size < one.at <= end]) for end in ends)
    return [window for window in windows if window[2]]


def session(placed, timeout, longest=None):
    """As long as no gap is longer than `timeout`, and no longer than until the first multiple of `longest` it has reached."""
    windows, events, limit = [], [], math.inf
    for one in placed:
        if events and (one.at - events[-1].at > timeout or one.at > limit):
            windows.append((events[0].at, min(events[-1].at + timeout, limit), events))
            events = []
        if not events:
            limit = _next(one.at + longest, longest) if longest else math.inf
        events.append(one)
    return windows + ([(events[0].at, min(events[-1].at + timeout, limit), events)] if events else [])


def snapshot(placed):
    """Events of the very same time."""
    held = collections.defaultdict(list)
    for one in placed:
        held[one.at].append(one)
    return [(at, at, events) for at, events in held.items()]


def _numbers(values):
    return [value for value in values if isinstance(value, (int, float)) and not isinstance(value, bool)]


def _sum(values):
    numbers = _numbers(values)
    total = sum(map(fractions.Fraction, numbers))
    return None if not numbers else int(total) if all(isinstance(number, int) for number in numbers) else float(total)


def _average(values):
    numbers = _numbers(values)
    return float(sum(map(fractions.Fraction, numbers)) / len(numbers)) if numbers else None


_FUNCTIONS = {
    "count": len,
    "sum": _sum,
    "avg": _average,
    "min": lambda values: min(_numbers(values), default=None),
    "max": lambda values: max(_numbers(values), default=None),
    "first": lambda values: values[0] if values else None,
    "last": lambda values: values[-1] if values else None,
}


def select(aggregate, events):
    """The selected fields of a window with these events."""
    fields = {}
    for name, (function, field) in aggregate.select.items():
        values = [one.event.get(field) if field else one for one in events]
        fields[name] = _FUNCTIONS[function]([value for value in values if value is not None])
    return fields


class Reference:
    """Takes the whole input stream and says what must come out.

    `tenant_of(subject)` and `partition_of(subject)` read a subject; `timestamp` names the event's field. `copies_late`:
    late and early events are to come out on a subject of their own.
    """

    def __init__(self, aggregates, rules, timestamp, tenant_of, partition_of=lambda subject: 0, copies_late=False):
        self._aggregates, self._timestamp, self.copies_late = aggregates, timestamp, copies_late
        self._tenant_of, self._partition_of = tenant_of, partition_of
        self._clocks = collections.defaultdict(lambda: Clock(rules))
        self._placed = collections.defaultdict(list)  # tenant → Placed
        self.standing = {}  # place → in_time, adjusted, late, early or dead
        self.texts = {}  # place → the element as it came
        self.tenants = {}  # place → tenant

    def aggregate(self, name):
        """The aggregate of that name."""
        return next(aggregate for aggregate in self._aggregates if aggregate.name == name)

    def read(self, stored_messages):
        """The input stream, from its first message."""
        for stored in stored_messages:
            tenant, partition = self._tenant_of(stored.subject), self._partition_of(stored.subject)
            for element, text in enumerate(elements(stored.payload)):
                place = stored.sequence, element
                self.texts[place], self.tenants[place] = text, tenant
                self.standing[place] = self._take(place, tenant, partition, text, stored.stored_ns)

    def _take(self, place, tenant, partition, text, stored_ns):
        try:
            event = json.loads(text)
        except ValueError:
            return "dead"
        at = nanoseconds(event.get(self._timestamp)) if isinstance(event, dict) else None
        if at is None:
            return "dead"
        standing, counts = self._clocks[partition].judge(tenant, at, stored_ns)
        if standing in ("in_time", "adjusted"):
            self._placed[tenant].append(Placed(counts, place, event))
        return standing

    def expected(self):
        """Key → the members of the aggregate's body, but for window and group."""
        found = {}
        for aggregate in self._aggregates:
            windows, *arguments = aggregate.window
            for tenant, placed in self._placed.items():
                groups = collections.defaultdict(list)
                for one in sorted(placed, key=lambda one: (one.at, one.place)):
                    groups[tuple(one.event.get(field) for field in aggregate.group_by)].append(one)
                for group, members in groups.items():
                    for start, end, events in windows(members, *arguments):
                        sequences = [one.place[0] for one in events]
                        found[Key(aggregate.name, tenant, group, start, end)] = {
                            **select(aggregate, events), "count": len(events),
                            "first_sequence": min(sequences), "last_sequence": max(sequences)}
        return found

    def outputs(self):
        """(kind, place) of the copies and dead letters that must come out."""
        for place, standing in self.standing.items():
            if standing == "dead":
                yield "dead", place
            elif self.copies_late and standing in ("late", "early"):
                yield "late", place


def elements(payload):
    """The raw texts of a message's events: an object, an array of objects, or an object a line."""
    text = payload.strip()
    if text.startswith(b"["):
        return [json.dumps(element).encode() for element in json.loads(text)]
    return [line for line in text.split(b"\n") if line.strip()]
