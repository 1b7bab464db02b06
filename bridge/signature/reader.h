// The readers of signatures: a document as a server or a file has it → a Signature.
//
// One for each kind of document, all called alike; which protocol's endpoint has which stands in protocols/. Pure,
// total: any bytes give a signature with at least one input, or ErrorCode::not_found when the document is one but says
// nothing of the input, or ErrorCode::invalid when it is none. Bounds: kMostFields inputs and outputs, 16 levels.
#pragma once

#include <cstddef>
#include <string_view>

#include "bridge/base/result.h"
#include "bridge/base/signature.h"

namespace millrace::signature {

inline constexpr std::size_t kMostFields = 4096;
inline constexpr std::size_t kMostDimensions = 16;  // what is beyond is left out

// `which` says of what, where a document tells of several things; see each.
using Reader = Result<Signature> (*)(std::string_view document, std::string_view which);

// Swagger 2.0 and OpenAPI 3.x, as azureml-inference-server-http serves it and as Stream Analytics' samples have it. The
// rows are the first array that the request's body leads to. `which`: the path of the call; where the document has no
// such path, the only POST.
Result<Signature> read_swagger(std::string_view document, std::string_view which);
// Metadata of a model by the Open Inference Protocol, version 2: inputs and outputs with name, datatype and shape.
Result<Signature> read_open_inference(std::string_view document, std::string_view which);
// Metadata of TensorFlow Serving (GET …/metadata). `which`: the signature's name; empty for serving_default.
Result<Signature> read_tensorflow_serving(std::string_view document, std::string_view which);
// `signature` of an MLmodel file: the two texts of its `inputs` and `outputs`, which are JSON; `outputs` may be empty.
Result<Signature> read_mlflow(std::string_view inputs, std::string_view outputs);

}  // namespace millrace::signature
