// The protocol of Azure Machine Learning's online endpoints, and of its inference server alone.
//
// Request: {"Inputs":{"WebServiceInput0":[…]}}, {"data":[…]} or […], with extras (GlobalParameters) beside; of a model
// deployed from MLflow input_data, which is a split table, a tensor, or a list per feature.
// Answer: […]; an array under Results (also result, predictions); under Results.WebServiceOutput0; under the only
// member of Results; any of these inside a JSON string, as json.dumps in a scoring script gives it.
#pragma once

#include "bridge/protocols/kind.h"

namespace millrace::protocols {

extern const Kind kAzureml;

}  // namespace millrace::protocols
