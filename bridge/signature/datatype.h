// The datatypes of tensors in the Open Inference Protocol, version 2 ("Tensor Data Types"), and what an element takes
// in its binary tensor data extension. Pure.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <string_view>

#include "bridge/base/signature.h"

namespace millrace::signature {

struct Datatype {
    std::string_view name;
    ElementType type;
    std::size_t bytes;  // of an element in binary; 0 where each begins with its own length
};

inline constexpr std::array<Datatype, 13> kDatatypes = {{
    {"BOOL", ElementType::boolean, 1},
    {"INT8", ElementType::int8, 1},
    {"INT16", ElementType::int16, 2},
    {"INT32", ElementType::int32, 4},
    {"INT64", ElementType::int64, 8},
    {"UINT8", ElementType::uint8, 1},
    {"UINT16", ElementType::uint16, 2},
    {"UINT32", ElementType::uint32, 4},
    {"UINT64", ElementType::uint64, 8},
    {"FP16", ElementType::float16, 2},
    {"FP32", ElementType::float32, 4},
    {"FP64", ElementType::float64, 8},
    {"BYTES", ElementType::string, 0},
}};

// Null for a name that is none.
inline const Datatype* find_datatype(std::string_view name) {
    const auto* const found = std::ranges::find(kDatatypes, name, &Datatype::name);
    return found == kDatatypes.end() ? nullptr : found;
}

}  // namespace millrace::signature
