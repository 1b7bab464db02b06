"""A scoring script of Azure ML that takes records and says so: distance as text, passenger and hour as numbers. It notes each row
it sees in ROWS, as it came; TAKES=float says that distance is a number."""
import json
import os

from inference_schema.parameter_types.standard_py_parameter_type import StandardPythonParameterType
from inference_schema.schema_decorators import input_schema, output_schema

DISTANCE = 1.5 if os.environ.get("TAKES") == "float" else "1.5"
TYPE = float if DISTANCE == "1.5" else lambda number: number + 0.0


def init():
    """There is no model."""


@input_schema("Inputs", StandardPythonParameterType({"WebServiceInput0": [{"distance": DISTANCE, "passenger": 1, "hour": 1}]}))
@output_schema(StandardPythonParameterType({"Results": {"WebServiceOutput0": [1.0]}}))
def run(Inputs):
    rows = Inputs["WebServiceInput0"]
    with open(os.environ["ROWS"], "a", encoding="utf-8") as seen:
        seen.writelines(json.dumps(row) + "\n" for row in rows)
    return {"Results": {"WebServiceOutput0": [2 * TYPE(row["distance"]) + row["passenger"] for row in rows]}}
