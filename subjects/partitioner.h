// Key → partition, with the hash of nats-server's partition() mapping: FNV-1a, 32 bits, over the chosen tokens joined
// without a separator, modulo the number of partitions. So ("ab","c") and ("a","bc") fall together, as on the server.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "bridge/base/ids.h"

namespace millrace::subjects {

// Requires: partitions > 0.
Partition partition_of(std::span<const std::string_view> tokens, std::uint32_t partitions);

}  // namespace millrace::subjects
