// Elements of a tensor as raw bytes: little-endian, one behind the other, BOOL a byte of 0 or 1, BYTES four bytes of
// length and then as many. Source: the binary tensor data extension of the Open Inference Protocol, as Triton documents
// it (extension_binary_data.md).
//
// Between here and JSON no integer is rounded, and none goes through a floating-point number. Pure.
#pragma once

#include <string>
#include <string_view>

#include "bridge/settings/settings.h"
#include "bridge/signature/datatype.h"

namespace millrace::protocols {

// Appends the element that `raw` is, a JSON scalar as signature::append_fitted gives it for the datatype; anything else
// is a broken invariant, and never a wrong value. To a float it is rounded once, to the nearest, ties to even; to FP16
// by way of FP64.
void append_element(std::string& bytes, std::string_view raw, const signature::Datatype& datatype);

// Appends the first element of `bytes` as JSON, floats with the digits that tell them apart, and takes it off. False,
// and `json` not to be used, for too few bytes, a BOOL other than 0 and 1, BYTES that are no UTF-8, and a NaN or
// Infinity where that is an error.
bool take_element(std::string& json, std::string_view& bytes, const signature::Datatype& datatype,
                  settings::NonFinite policy);

}  // namespace millrace::protocols
