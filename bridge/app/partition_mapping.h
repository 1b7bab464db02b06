// How the server makes the {partition} token of an input subject: the subject that publishers use, and what it is
// rewritten to. The hash is over the tenant where there is one, else over every wildcard. Pure.
//
//     events.{partition}.{tenant}.trips, 4    events.*.trips → events.{{partition(4,1)}}.{{wildcard(1)}}.trips
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace millrace::app {

struct PartitionMapping {
    std::string source;
    std::string target;
};

// Nothing when the server cannot do it: no {partition}, no wildcard to hash, or a `>`.
std::optional<PartitionMapping> partition_mapping(std::string_view subject, std::uint32_t partitions);

}  // namespace millrace::app
