// ExactSum: a sum of integers, doubles and their squares without any rounding, so that the order of adding and merging
// cannot change a bit; what is computed of it is rounded once, to the nearest double.
//
// A fixed-point number of as many 64-bit words as the values given need: two's complement, `base_` the place of the
// lowest word. An addition touches the words it falls on and where the carry runs. A double is at most 2^1024 and a
// multiple of 2^-1074, so at most some 70 words are ever needed; mostly three or four.
#pragma once

#include <cstdint>
#include <vector>

#include "bridge/base/bytes.h"

namespace millrace::windows {

__extension__ using Int128 = __int128;
__extension__ using Uint128 = unsigned __int128;

class ExactSum {
  public:
    void add(double value);
    void add_square(double value);
    void add_square(std::int64_t value);
    void add(Int128 value);
    void merge(const ExactSum& other);

    // Equal sums write equal bytes.
    void write(ByteWriter& out) const;
    bool read(ByteReader& in);

    [[nodiscard]] std::size_t held() const { return words_.size() * sizeof(std::uint64_t); }

    // Low first, two's complement; the lowest is worth 2^(64 base).
    [[nodiscard]] const std::vector<std::uint64_t>& words() const { return words_; }
    [[nodiscard]] int base() const { return base_; }

  private:
    void add(bool negative, Uint128 magnitude, int exponent);
    // Words for the places from `low` to below `high`.
    void cover(int low, int high);
    // Without the words that say nothing.
    void trim();

    std::vector<std::uint64_t> words_;  // empty: zero
    int base_ = 0;
};

// Rounded once, to the nearest double, ties to even; infinite when it is beyond all doubles.
double rounded_sum(const ExactSum& sum);
// sum / count. Requires: count > 0.
double rounded_mean(const ExactSum& sum, std::uint64_t count);
// (squares - sum * sum / count) / divisor, and its square root. Requires: count and divisor > 0.
double rounded_variance(const ExactSum& sum, const ExactSum& squares, std::uint64_t count, std::uint64_t divisor);
double rounded_deviation(const ExactSum& sum, const ExactSum& squares, std::uint64_t count, std::uint64_t divisor);

}  // namespace millrace::windows
