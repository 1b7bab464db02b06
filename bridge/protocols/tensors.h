// Tensors of the Open Inference Protocol: rows into inputs, outputs into results. Their elements stand in the JSON, or,
// by the binary tensor data extension, as raw bytes behind it, in the order in which the JSON names the tensors.
//
// Result i is element i along the first dimension of each output: of shape [N] or [N,1] the value itself, of [N,k] the
// list of k values, and so on; of several outputs the object of these under the outputs' names. `data` may be flat or
// nested, and has to agree with `shape` either way; raw bytes have to be as many as `binary_data_size`, shape and
// datatype say, and nothing may be left over.
//
// Pure. Bounds: 256 outputs, 16 dimensions, memory of about the answer's size, and of eight times that for raw bytes.
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

// One whose values are that many raw bytes behind the JSON.
std::string raw_tensor(std::string_view name, std::string_view datatype, std::size_t rows, std::size_t columns,
                       std::size_t bytes);

// The results of `rows` rows that the "outputs" of `json` hold, with `raw` behind it; see Form.results.
Results read_tensors(std::string_view json, std::string_view raw, std::size_t rows, settings::NonFinite policy);

}  // namespace millrace::protocols
