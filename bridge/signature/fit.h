// Whether a value of an event fits what the endpoint takes, and the same value as it takes it. Pure.
//
//   number  → string   its text in quotes: 12 → "12", 5.80 → "5.80"
//   string  → number   where its text is a JSON number, which the type holds
//   boolean → number   1 or 0
//   number  → integer  where it is whole, without an exponent, and in the type's range: 12.0 → 12
//   number  → float    where it is not beyond the type's range; digits are kept as they are
//
// Nothing else: a boolean is no string, a number no boolean, a null only what may be left out, and a string with half
// of a surrogate pair is no text.
#pragma once

#include <string>
#include <string_view>

#include "bridge/base/signature.h"

namespace millrace::signature {

// Appends the scalar `raw`, whole JSON but for null, as `type` wants it. False, and nothing appended, when it does not
// fit.
bool append_fitted(std::string& out, std::string_view raw, ElementType type);

// "a string", "a number beyond int32"; never the value. Requires: append_fitted said no.
std::string found_instead(std::string_view raw, ElementType type);

}  // namespace millrace::signature
