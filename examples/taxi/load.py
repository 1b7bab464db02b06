"""The demo's load: trips of several tenants, some of them bad on purpose, each with the end it must come to.

The same count gives the same messages. Most messages hold one trip; some hold an array, some one trip a line. A bad trip
has the reason its dead letter must give.
"""
import collections
import json
import random

from taxi.trips import FEATURES, trips

TENANTS = ("acme", "borealis", "cabrio")
SCORED = "scored"

# Reason of the dead letter → how many of 100,000 trips, per tenant in the order above.
BAD = {
    "field_missing": (120, 60, 90),
    "field_null": (60, 90, 30),
    "field_wrong_type": (30, 15, 45),
    "not_json": (45, 75, 21),
    "not_an_object": (24, 12, 36),
    "rejected": (30, 60, 45),
}

Expected = collections.namedtuple("Expected", "tenant end trip paid")
Load = collections.namedtuple("Load", "tenant subject payload events")


def _spoil(reason, trip, chance):
    # The text of a trip that must end for `reason`.
    trip = dict(trip)
    if reason == "field_missing":
        del trip[chance.choice(FEATURES)]
    elif reason == "field_null":
        trip[chance.choice(FEATURES)] = None
    elif reason == "field_wrong_type":
        trip["distance"] = {"km": trip["distance"]}
    elif reason == "not_json":
        return json.dumps(trip)[:-12]
    elif reason == "not_an_object":
        return json.dumps(trip["trip"])
    elif chance.random() < 0.5:
        trip["distance"] = -trip["distance"]
    else:
        trip["weekday"] = "Feb"
    return json.dumps(trip)


def _tenant_messages(tenant, count, bad):
    chance = random.Random(f"{tenant} {count}")
    ends = [reason for reason, many in bad.items() for _ in range(many)]
    ends += [SCORED] * (count - len(ends))
    chance.shuffle(ends)
    texts, events, room, between = [], [], 1, ""
    for (trip, paid), end in zip(trips(tenant, count), ends):
        text = json.dumps(trip) if end == SCORED else _spoil(end, trip, chance)
        event = Expected(tenant, end, trip, paid)
        if end == "not_json":  # in an array it would spoil the others
            yield text, [event]
            continue
        texts.append(text)
        events.append(event)
        if len(texts) == room:
            yield "[" + ",".join(texts) + "]" if between == "," else "\n".join(texts), events
            texts, events, room, between = [], [], *chance.choices(((1, ""), (6, ","), (4, "\n")), (60, 2, 1))[0]
    if texts:
        yield "[" + ",".join(texts) + "]", events


def load(count):
    """Yields `count` trips as messages, the tenants taking turns."""
    sources = []
    for index, tenant in enumerate(TENANTS):
        share = count // len(TENANTS) + (index < count % len(TENANTS))
        bad = {reason: many[index] * count // 100_000 for reason, many in BAD.items()}
        sources.append((tenant, _tenant_messages(tenant, share, bad)))
    while sources:
        for source in list(sources):
            tenant, messages = source
            message = next(messages, None)
            if message is None:
                sources.remove(source)
            else:
                yield Load(tenant, f"trips.{tenant}.finished", message[0].encode(), message[1])
