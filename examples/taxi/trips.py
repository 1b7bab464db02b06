"""Synthetic taxi trips: the same seed gives the same trips on every machine.

A trip has what a meter knows when it is over, and the fare that was really paid, which is what the model learns. The
fare follows a tariff with noise on it, so that a linear regression fits well and never perfectly.
"""
import random

WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
FEATURES = ("vendorid", "weekday", "pickuphour", "passenger", "distance")

_RIDES_AT_HOUR = (3, 2, 1, 1, 1, 2, 4, 7, 9, 8, 6, 6, 7, 7, 7, 8, 8, 10, 11, 10, 8, 7, 6, 4)
_PASSENGERS = (1, 1, 1, 1, 1, 1, 2, 2, 2, 3, 4, 5, 6)


def is_rush(weekday, hour):
    """Whether the tariff of busy hours applies."""
    return weekday not in ("Sat", "Sun") and hour in (7, 8, 9, 16, 17, 18, 19)


def is_night(hour):
    """Whether the night tariff applies."""
    return hour >= 20 or hour < 6


def paid_fare(chance, trip):
    """What a passenger really paid: the tariff, the traffic of the day, and luck."""
    weekday, hour = trip["weekday"], trip["pickuphour"]
    fare = 3.0 + 1.65 * trip["distance"] + (0.35 if trip["vendorid"] == 2 else 0.0) + 0.1 * trip["passenger"]
    fare += 2.5 if is_rush(weekday, hour) else 0.0
    fare += 1.0 if is_night(hour) else 0.0
    fare += {"Fri": 0.4, "Sat": 0.7, "Sun": -0.3}.get(weekday, 0.0)
    return round(max(3.0, fare + chance.gauss(0.0, 0.4 + 0.08 * trip["distance"])), 2)


def trips(seed, count, first_second=1_718_000_000):
    """Yields `count` trips in the order of time, some thousand a day, more in busy hours, as (trip, fare paid)."""
    chance = random.Random(seed)
    second = float(first_second)
    for number in range(count):
        hour = int(second) // 3600 % 24
        second += chance.expovariate(_RIDES_AT_HOUR[hour] / 180)
        day, hour = int(second) // 86400, int(second) // 3600 % 24
        trip = {
            "trip": f"{seed}-{number:06d}",
            "createdAt": timestamp(second),
            "vendorid": chance.choice((1, 2, 2)),
            "weekday": WEEKDAYS[(day + 3) % 7],  # the epoch began on a Thursday
            "pickuphour": hour,
            "passenger": chance.choice(_PASSENGERS),
            "distance": round(min(40.0, 0.4 + chance.lognormvariate(0.8, 0.7)), 2),
        }
        yield trip, paid_fare(chance, trip)


def timestamp(second):
    """RFC 3339 with milliseconds, from seconds since the epoch."""
    whole = int(second)
    days, rest = divmod(whole, 86400)
    year, month, day = _civil(days)
    return (f"{year:04d}-{month:02d}-{day:02d}T{rest // 3600:02d}:{rest // 60 % 60:02d}:{rest % 60:02d}."
            f"{int((second - whole) * 1000):03d}Z")


def _civil(days):
    # Days since 1970-01-01 → (year, month, day); a third of what datetime costs.
    days += 719468
    era, of_era = divmod(days, 146097)
    of_cycle = (of_era - of_era // 1460 + of_era // 36524 - of_era // 146096) // 365
    of_year = of_era - (365 * of_cycle + of_cycle // 4 - of_cycle // 100)
    shifted = (5 * of_year + 2) // 153
    month = shifted + 3 if shifted < 10 else shifted - 9
    return of_cycle + era * 400 + (month <= 2), month, of_year - (153 * shifted + 2) // 5 + 1
