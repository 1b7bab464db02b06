// count_distinct: how many different values, of any type but null; 1 and 1.0 are one, 1 and "1" two.
//
// Exact up to kExact values of kExactBytes in all. Beyond that a HyperLogLog of 2^14 registers, which is off by some
// 0.8 % and marked approximate. Whether it is one depends on how many different values there are, not on their order.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "bridge/windows/function.h"

namespace millrace::windows {

struct Distinct {
    static constexpr bool kGrows = true;
    static constexpr std::size_t kExact = 1024;
    static constexpr std::size_t kExactBytes = 64 << 10;

    explicit Distinct(const Select&) {}
    void add(const Input& input);
    void merge(const Distinct& other);
    void write(ByteWriter& out) const;
    bool read(ByteReader& in);
    [[nodiscard]] Outcome outcome(const Select&) const;
    [[nodiscard]] std::size_t held() const { return bytes_ + values_.size() * 80 + registers_.size(); }

  private:
    static constexpr int kIndexBits = 14;
    static constexpr int kMostRank = 64 - kIndexBits + 1;

    void take(std::string value);
    void count(std::string_view value);  // in the registers
    void give_up_exactness();

    std::set<std::string> values_;         // as bytes
    std::size_t bytes_ = 0;                // of them
    std::vector<std::uint8_t> registers_;  // when it is not exact
};

}  // namespace millrace::windows
