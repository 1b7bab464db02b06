// Numbers of the publications, reads and searches of one owned partition: never used twice in one engine, and told
// apart from those the engine gives itself and from other partitions'.
#pragma once

#include <cstdint>

#include "bridge/base/ids.h"

namespace millrace::engine {

class Numbers {
  public:
    explicit Numbers(Partition partition) : next_(kOwned | std::uint64_t{partition} << 40) {}
    std::uint64_t next() { return ++next_; }
    // Requires: `number` came from Numbers of an engine's partition.
    static Partition partition_of(std::uint64_t number) { return static_cast<Partition>((number & ~kOwned) >> 40); }
    static bool is_owned(std::uint64_t number) { return (number & kOwned) != 0; }

  private:
    static constexpr std::uint64_t kOwned = std::uint64_t{1} << 63;
    std::uint64_t next_;
};

}  // namespace millrace::engine
