"""A model of taxi fares: the same in each server, and called here directly for what its scores should be.

    python taxi.py train FOLDER       FOLDER/model.joblib, trained on made-up trips
    python taxi.py mlflow FOLDER      FOLDER/mlflow, the same as an MLflow model
    python taxi.py mlflow_signed FOLDER   FOLDER/signed, the same with a signature
    python taxi.py score FOLDER       FOLDER/rows.json → FOLDER/scores.json
"""
import json
import pathlib
import sys


def train(folder):
    """Fits the model; always the same one."""
    import joblib
    import numpy
    from sklearn.ensemble import GradientBoostingRegressor
    random = numpy.random.default_rng(1)
    trips = random.uniform(0, 30, (400, 3))
    model = GradientBoostingRegressor(n_estimators=30, random_state=1).fit(trips, 3 + 2.5 * trips[:, 0] + trips[:, 1] % 7)
    joblib.dump(model, folder / "model.joblib")


def load(folder):
    """The fitted model."""
    import joblib
    return joblib.load(folder / "model.joblib")


def mlflow(folder):
    """Saves it as `mlflow models serve` wants it; without a signature, so that any column names will do."""
    import mlflow.sklearn
    mlflow.sklearn.save_model(load(folder), folder / "mlflow", serialization_format="cloudpickle")


def mlflow_signed(folder):
    """Saves it as FOLDER/signed, with a signature of columns."""
    import mlflow.sklearn
    from mlflow.models import ModelSignature
    from mlflow.types import ColSpec, Schema
    columns = Schema([ColSpec("double", "distance"), ColSpec("long", "passenger"), ColSpec("long", "hour", required=False)])
    mlflow.sklearn.save_model(load(folder), folder / "signed", serialization_format="cloudpickle", signature=ModelSignature(inputs=columns))


def score(folder):
    """Calls it on all rows at once."""
    rows = json.loads((folder / "rows.json").read_text(encoding="utf-8"))
    (folder / "scores.json").write_text(json.dumps(load(folder).predict(rows).tolist()), encoding="utf-8")


if __name__ == "__main__":
    {"train": train, "mlflow": mlflow, "mlflow_signed": mlflow_signed, "score": score}[sys.argv[1]](pathlib.Path(sys.argv[2]))
