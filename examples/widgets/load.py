"""The load of the widgets demo: widgets of several tenants, most of them a little out of order, some too late."""
import random

from reference import SECOND, rfc3339

TENANTS = ("acme", "borealis", "cabrio")
SHARES = (5, 3, 2)
WIDGETS = 20
LATE = 0.004  # the share of events that come later than the configuration waits for


class Maker:
    """Makes one event after the other; the same seed, the same widgets."""

    def __init__(self, seed=1):
        self._chance = random.Random(seed)

    def event(self, now_ns):
        """(tenant, subject, payload) of an event that is published now."""
        chance = self._chance
        tenant = chance.choices(TENANTS, SHARES)[0]
        widget = int(WIDGETS * chance.random() ** 2)
        delay = chance.uniform(4.0, 12.0) if chance.random() < LATE else min(chance.expovariate(8.0), 0.9)
        created = rfc3339(now_ns - int(delay * SECOND), 3)
        return tenant, f"widgets.{tenant}.created", b'{"widgetId":%d,"createdAt":"%s"}' % (widget, created.encode())
