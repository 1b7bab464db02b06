// The REST protocol of TensorFlow Serving, and of KServe's version 1, which is its row form.
//
// Request: instances with the rows; inputs with the rows as one tensor; named_inputs, which is inputs with one list per
// feature. Extras (signature_name) stand beside. Answer: {"predictions":[…]} to instances; {"outputs":[…]} or, of
// several outputs, {"outputs":{"a":[…],"b":[…]}} to the others.
#pragma once

#include "bridge/protocols/kind.h"

namespace millrace::protocols {

extern const Kind kTensorflowServing;

}  // namespace millrace::protocols
