// The key of a group in a summary bucket, below its pipeline and its aggregate: `TENANT[.PARTITION][.VALUE …]`, of
// characters that keys may have (A-Z a-z 0-9 - _ = .).
//
// Different groups never have one key, and equal ones never two. A value is one token:
//
//     42, -7, 0=2E5          a number, the shortest that reads back as the same
//     yellow, New=20York     a text; what is none of A-Z a-z 0-9 - _ is =XX, its byte
//     =342                   a text that begins as a number does has its first byte so: "42"
//     =e =n =t =f            the empty text, null, true, false
//     =j=5B1=5D              an array or object, as text: [1]
//
// Values longer than 200 characters together are one token `=h` with the digest of what they would be.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "bridge/base/ids.h"
#include "bridge/base/value.h"

namespace millrace::subjects {

// `partition` only where groups span partitions. Requires: a tenant, and values in their plain form (windows/values.h).
std::string summary_key(std::string_view tenant, std::optional<Partition> partition, std::span<const Value> group);

}  // namespace millrace::subjects
