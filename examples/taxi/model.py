"""The fare model: a linear regression over a trip's features, as model.json holds it.

A row is [vendorid, weekday, pickuphour, passenger, distance]. A row that no trip can have raises BadRow and says which
field is wrong, as a scoring script does.
"""
import json
import pathlib

from taxi.trips import FEATURES, WEEKDAYS, is_night, is_rush

PATH = pathlib.Path(__file__).resolve().parent / "model.json"
TERMS = ("base", "vendor_2", *(f"weekday_{day}" for day in WEEKDAYS[1:]), "rush_hour", "night", "passenger", "distance")


class BadRow(ValueError):
    """A row the model has no answer for."""


def check(row):
    """Raises BadRow where the row is no trip."""
    if not isinstance(row, list) or len(row) != len(FEATURES):
        raise BadRow(f"expected {len(FEATURES)} values ({', '.join(FEATURES)})")
    vendor, weekday, hour, passengers, distance = row
    if type(vendor) is not int or not 1 <= vendor <= 2:
        raise BadRow(f"vendorid: {vendor!r} is not 1 or 2")
    if weekday not in WEEKDAYS:
        raise BadRow(f"weekday: {weekday!r} is not one of {', '.join(WEEKDAYS)}")
    if type(hour) is not int or not 0 <= hour <= 23:
        raise BadRow(f"pickuphour: {hour!r} is not a whole number from 0 to 23")
    if type(passengers) is not int or not 0 <= passengers <= 9:
        raise BadRow(f"passenger: {passengers!r} is not a whole number from 0 to 9")
    if type(distance) not in (int, float) or not 0.0 <= distance <= 500.0:
        raise BadRow(f"distance: {distance!r} is not a number from 0 to 500")


def terms(row):
    """A checked row as the numbers the regression adds up, in the order of TERMS; Monday is the base."""
    vendor, weekday, hour, passengers, distance = row
    day = WEEKDAYS.index(weekday)
    return [1.0, float(vendor == 2), *(float(day == other) for other in range(1, 7)), float(is_rush(weekday, hour)),
            float(is_night(hour)), float(passengers), float(distance)]


class FareModel:
    """Predicts fares; immutable once loaded, so threads may share it."""

    def __init__(self, weights):
        named = [weights[name] for name in TERMS]
        self._passenger, self._distance = named[-2:]
        self._start = {  # all that does not depend on passengers and distance, summed up once
            (vendor, weekday, hour): sum(w * term for w, term in zip(named, terms([vendor, weekday, hour, 0, 0.0])))
            for vendor in (1, 2) for weekday in WEEKDAYS for hour in range(24)}

    @classmethod
    def load(cls, path=PATH):
        """The committed model."""
        return cls(json.loads(pathlib.Path(path).read_text(encoding="utf-8"))["weights"])

    def fare(self, row):
        """The fare predicted for one row, in whole cents."""
        check(row)
        vendor, weekday, hour, passengers, distance = row
        return round(self._start[vendor, weekday, hour] + passengers * self._passenger + distance * self._distance, 2)
