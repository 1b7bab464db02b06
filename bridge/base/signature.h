// Signature: what an endpoint takes for one row and gives back for it, whatever the protocol says it in.
//
// Read from the endpoint (bridge/signature) or written in the configuration, as `name: type`. One input of rank 1 or
// more stands for all features of a row, in their order; otherwise each input is one feature.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace millrace {

enum class ElementType {
    any,  // nothing is known, or nothing a JSON scalar could be held against
    boolean,
    int8,
    int16,
    int32,
    int64,
    uint8,
    uint16,
    uint32,
    uint64,
    float16,
    float32,
    float64,
    string,
};

inline constexpr std::array<std::string_view, 14> kElementTypeNames = {
    "any",    "boolean", "int8",   "int16",   "int32",   "int64",   "uint8",
    "uint16", "uint32",  "uint64", "float16", "float32", "float64", "string",
};
static_assert(kElementTypeNames.size() == static_cast<std::size_t>(ElementType::string) + 1);

constexpr std::string_view name(ElementType type) { return kElementTypeNames[static_cast<std::size_t>(type)]; }

struct SignatureField {
    std::string name;  // empty where the endpoint gives it none
    ElementType type = ElementType::any;
    bool optional = false;            // may be null or left out
    std::vector<std::int64_t> shape;  // of one row: none is a scalar; -1 is any length

    bool operator==(const SignatureField&) const = default;
};

struct Signature {
    std::vector<SignatureField> inputs;
    std::vector<SignatureField> outputs;  // empty where they are not known

    bool operator==(const Signature&) const = default;
};

}  // namespace millrace
