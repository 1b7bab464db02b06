// The protocol of `mlflow models serve` and of containers MLflow builds: POST /invocations.
//
// Request: dataframe_split {"columns":[…],"data":[[…],…]}; dataframe_records, instances or inputs with the rows;
// named_inputs, which is inputs with one list per feature. Extras (params) stand beside. Answer: {"predictions":[…]},
// or
// {"predictions":{"a":[…],"b":[…]}} of a model with several outputs, whose results are objects {"a":…,"b":…}.
// MLflow answers 400 when the model raises, so a 400 is judged as the model's failure.
#pragma once

#include "bridge/protocols/kind.h"

namespace millrace::protocols {

extern const Kind kMlflow;

}  // namespace millrace::protocols
