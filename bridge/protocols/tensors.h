// Tensors of the Open Inference Protocol in JSON: rows into inputs, outputs into results.
//
// Result i is element i along the first dimension of each output: of shape [N] or [N,1] the value itself, of [N,k] the
// list of k values, and so on; of several outputs the object of these under the outputs' names. `data` may be flat or
// nested, and has to agree with `shape` either way.
//
// Pure. Bounds: 256 outputs, 16 dimensions, memory of about the answer's size.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "bridge/base/result.h"
#include "bridge/protocols/rows_protocol.h"
#include "bridge/settings/settings.h"

namespace millrace::protocols {

// One input: `name` is a JSON string, `data` values with commas between.
std::string tensor(std::string_view name, std::string_view datatype, std::size_t rows, std::size_t columns,
                   std::string_view data);

// The results of `rows` rows that the "outputs" of `body` hold; see Form.results.
Results read_tensors(std::string_view body, std::size_t rows, settings::NonFinite policy);

}  // namespace millrace::protocols
