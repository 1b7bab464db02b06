// Gate: where a simulated process dies. Every call a shard makes through a port passes here; from the chosen call on
// the process is dead and its calls have no effect, which is the same as being killed between two effects.
#pragma once

#include <cstdint>
#include <limits>

namespace millrace::sim {

class Gate {
  public:
    // True while the process lives. Counts the call.
    bool pass() { return ++calls_ < dies_at_; }
    // Dies `calls` port calls from now; 1 is the next one.
    void die_after(std::uint64_t calls) { dies_at_ = calls_ + calls; }
    void kill() { dies_at_ = 0; }
    [[nodiscard]] bool dead() const { return calls_ >= dies_at_; }
    [[nodiscard]] bool armed() const { return dies_at_ != std::numeric_limits<std::uint64_t>::max(); }

  private:
    std::uint64_t calls_ = 0;
    std::uint64_t dies_at_ = std::numeric_limits<std::uint64_t>::max();
};

}  // namespace millrace::sim
