// Trace: what happened in a run, as lines; hashed always, printed when asked, the last ones kept for a failure.
//
// Two runs of one seed give the same hash: that is the test of determinism, so every line must hold all that matters
// and nothing that differs between runs (no pointer, no real clock).
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "bridge/base/time.h"
#include "tests/sim/scheduler.h"

namespace millrace::sim {

class Trace {
  public:
    static constexpr std::size_t kKept = 60;

    Trace(const Scheduler& scheduler, bool print) : scheduler_(scheduler), print_(print) {}

    void line(std::string_view who, std::string_view what);
    // A fault was injected: a line, and one more in the count of its kind.
    void fault(std::string_view kind, std::string_view detail = {});

    [[nodiscard]] std::uint64_t hash() const { return hash_; }
    [[nodiscard]] const std::deque<std::string>& last() const { return last_; }
    [[nodiscard]] const std::map<std::string, std::uint64_t, std::less<>>& faults() const { return faults_; }

  private:
    const Scheduler& scheduler_;
    bool print_;
    std::uint64_t hash_ = 0xCBF29CE484222325ull;
    std::deque<std::string> last_;
    std::map<std::string, std::uint64_t, std::less<>> faults_;
};

}  // namespace millrace::sim
