#include "subjects/partitioner.h"

#include "bridge/base/check.h"

namespace millrace::subjects {

namespace {

constexpr std::uint32_t kOffsetBasis = 2166136261u;
constexpr std::uint32_t kPrime = 16777619u;

}  // namespace

Partition partition_of(std::span<const std::string_view> tokens, std::uint32_t partitions) {
    MILLRACE_CHECK(partitions > 0, "a key needs at least one partition to fall into");
    std::uint32_t hash = kOffsetBasis;
    for (const auto token : tokens) {
        for (const char c : token) {
            hash ^= static_cast<unsigned char>(c);
            hash *= kPrime;
        }
    }
    return hash % partitions;
}

}  // namespace millrace::subjects
