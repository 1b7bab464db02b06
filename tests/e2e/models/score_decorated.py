"""A scoring script of Azure ML whose run() says what it takes."""
import os
import pathlib

import numpy
from inference_schema.parameter_types.numpy_parameter_type import NumpyParameterType
from inference_schema.parameter_types.standard_py_parameter_type import StandardPythonParameterType
from inference_schema.schema_decorators import input_schema, output_schema
from taxi import load


def init():
    global model
    model = load(pathlib.Path(os.environ["AZUREML_MODEL_DIR"]))


@input_schema("Inputs", StandardPythonParameterType({"WebServiceInput0": NumpyParameterType(numpy.array([[1.0, 2.0, 3.0]]))}))
@output_schema(StandardPythonParameterType({"Results": {"WebServiceOutput0": [1.0]}}))
def run(Inputs):
    return {"Results": {"WebServiceOutput0": model.predict(Inputs["WebServiceInput0"]).tolist()}}
