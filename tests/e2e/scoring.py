"""What the test endpoint answers for a row: known to it and to the oracle, to nobody between them."""
import json
import zlib

FEATURES = ("n", "tenant", "x")
HUGE = 1e9  # an x whose score no message can hold
KILLER = 1e8  # an x that the endpoint keeps and never answers, so that a test can kill who sent it


def score_of(row):
    """A number that belongs to this row and to no other one in a test; for an x of HUGE a text of two MiB."""
    if row[2] == HUGE:
        return "s" * (2 << 20)
    return zlib.crc32(json.dumps(row).encode()) / 16


def is_poison(row):
    """Whether the model refuses the row, and with it the whole request."""
    return row[2] < 0
