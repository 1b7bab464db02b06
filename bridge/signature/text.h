// A signature as text: `float64`, `string?`, `float64[3]`, `int64[][2]?`: an element type, the shape of one row, and a
// question mark where it may be null or left out. Pure.
#pragma once

#include <string>
#include <string_view>

#include "bridge/base/result.h"
#include "bridge/base/signature.h"

namespace millrace::signature {

std::string type_text(const SignatureField& field);
// `name` and what type_text gave. Otherwise ErrorCode::invalid and what is wrong with the type, to be put behind it.
Result<SignatureField> parse_field(std::string name, std::string_view type);

// "distance float64, weekday string?"; "nothing" for no fields.
std::string one_line(const std::vector<SignatureField>& fields);
// One field a line, in columns, each line begun with `indent`.
std::string table(const std::vector<SignatureField>& fields, std::string_view indent);
// The `signature:` block of a configuration, each line begun with `indent`.
std::string yaml_block(const Signature& signature, std::string_view indent);

}  // namespace millrace::signature
