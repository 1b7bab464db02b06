// Totals: what many runs came to, added up and printed.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "tests/sim/run.h"

namespace millrace::sim {

class Totals {
  public:
    void add(std::uint64_t seed, const Report& report);
    void print() const;
    // One number for the traces of all.
    [[nodiscard]] std::uint64_t hash() const { return hash_; }
    [[nodiscard]] std::size_t broken() const { return broken_.size(); }
    // Of the kind of worlds that were run.
    [[nodiscard]] std::map<std::string, std::uint64_t> marks() const { return marks_.of(!seen_.empty()); }

  private:
    std::uint64_t schedules_ = 0;
    std::uint64_t events_ = 0;
    std::uint64_t steps_ = 0;
    std::uint64_t stored_again_ = 0;
    std::uint64_t stored_as_both_ = 0;
    std::uint64_t hash_ = 0xCBF29CE484222325ull;
    Duration lasted_{};
    Marks marks_;
    std::map<std::string, std::uint64_t> faults_;
    std::map<std::string, std::uint64_t> reasons_;
    std::map<std::string, std::uint64_t> seen_;
    std::map<std::string, std::vector<std::uint64_t>> broken_;  // seeds by promise
};

}  // namespace millrace::sim
