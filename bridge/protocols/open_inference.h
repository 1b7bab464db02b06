// The Open Inference Protocol, version 2, over REST with JSON tensors: MLServer, Triton, KServe, OpenVINO, TorchServe.
//
// Request: `matrix` is one input of shape [N, features], `columns` one input of shape [N, 1] per feature; extras
// (parameters, outputs) stand beside. Answer: see tensors.h. The binary tensor extension is not spoken.
#pragma once

#include "bridge/protocols/kind.h"

namespace millrace::protocols {

extern const Kind kOpenInference;

}  // namespace millrace::protocols
