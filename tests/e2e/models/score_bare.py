"""A scoring script of Azure ML that takes the body as text. MODE=nan: NaN for trips of seven; MODE=dumps: gives text."""
import json
import os
import pathlib

from taxi import load


def init():
    global model
    model = load(pathlib.Path(os.environ["AZUREML_MODEL_DIR"]))


def run(body):
    rows = json.loads(body)["data"]
    scores = model.predict(rows).tolist()
    if os.environ.get("MODE") == "nan":
        scores = [float("nan") if row[1] == 7 else score for row, score in zip(rows, scores)]
    return json.dumps({"result": scores}) if os.environ.get("MODE") == "dumps" else scores
