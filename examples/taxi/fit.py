"""Fits the fare model to synthetic trips and writes model.json.

Least squares by the normal equations, (XᵀX) w = Xᵀy, solved by elimination with pivoting: twelve unknowns need no more.
Run it as `python3 examples/taxi/fit.py`; the same seed gives the same file.
"""
import json
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))

from taxi.model import PATH, TERMS, FareModel, terms  # noqa: E402
from taxi.trips import FEATURES, trips  # noqa: E402

TRAIN = ("train", 20000)
HELD_OUT = ("held-out", 5000)


def row_of(trip):
    """A trip as the row the model takes."""
    return [trip[name] for name in FEATURES]


def normal_equations(examples):
    """XᵀX with Xᵀy as its last column."""
    size = len(TERMS)
    sums = [[0.0] * (size + 1) for _ in range(size)]
    for trip, fare in examples:
        values = terms(row_of(trip))
        for i, value in enumerate(values):
            if value:
                line = sums[i]
                for j, other in enumerate(values):
                    line[j] += value * other
                line[size] += value * fare
    return sums


def solve(matrix):
    """Gauss-Jordan elimination with partial pivoting; changes `matrix`."""
    size = len(matrix)
    for column in range(size):
        pivot = max(range(column, size), key=lambda line: abs(matrix[line][column]))
        matrix[column], matrix[pivot] = matrix[pivot], matrix[column]
        scale = matrix[column][column]
        if abs(scale) < 1e-9:
            raise ValueError(f"{TERMS[column]} does not vary in the trips")
        matrix[column] = [value / scale for value in matrix[column]]
        for line in range(size):
            if line != column and matrix[line][column]:
                factor = matrix[line][column]
                matrix[line] = [value - factor * top for value, top in zip(matrix[line], matrix[column])]
    return [line[size] for line in matrix]


def quality(model, examples):
    """(mean absolute error, share of the variance explained)."""
    pairs = [(fare, model.fare(row_of(trip))) for trip, fare in examples]
    mean = sum(fare for fare, _ in pairs) / len(pairs)
    left = sum((fare - guess) ** 2 for fare, guess in pairs)
    return sum(abs(fare - guess) for fare, guess in pairs) / len(pairs), 1.0 - left / sum((f - mean) ** 2 for f, _ in pairs)


def main():
    weights = dict(zip(TERMS, (round(weight, 6) for weight in solve(normal_equations(trips(*TRAIN))))))
    error, explained = quality(FareModel(weights), trips(*HELD_OUT))
    PATH.write_text(json.dumps({"kind": "linear regression", "features": list(FEATURES), "trained_on": TRAIN[1],
                                "held_out": {"trips": HELD_OUT[1], "mean_absolute_error": round(error, 3),
                                             "r_squared": round(explained, 4)},
                                "weights": weights}, indent=2) + "\n", encoding="utf-8")
    print(f"{PATH.name}: mean absolute error {error:.2f}, r² {explained:.3f} on {HELD_OUT[1]} trips not trained on")


if __name__ == "__main__":
    main()
