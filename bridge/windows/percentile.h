// percentile_cont, percentile_disc: of numbers; other types are ignored as null is.
//
// Exact up to kExact different numbers. Beyond that they are counted in buckets that share the sign, the exponent and
// the first digits of the mantissa, with as many digits as give no more than kBuckets buckets: at 7 digits a number is
// off by 0.4 % at most, and marked approximate. Both depend on which numbers there are, not on their order.
//
// Of the sorted numbers x[0] to x[n-1], `cont` is the one at fraction * (n-1), between two of them in proportion;
// `disc` is the first with at least that fraction of all at or below it.
#pragma once

#include <cstdint>
#include <map>

#include "bridge/windows/function.h"

namespace millrace::windows {

class Numbers {
  public:
    static constexpr std::size_t kExact = 1024;
    static constexpr std::size_t kBuckets = 8192;
    static constexpr int kMostDigits = 7;

    void add(const Value& number, std::uint64_t times);
    void merge(const Numbers& other);
    void write(ByteWriter& out) const;
    bool read(ByteReader& in);
    [[nodiscard]] std::size_t held() const { return (values_.size() + buckets_.size()) * 72; }

    [[nodiscard]] std::uint64_t count() const { return count_; }
    [[nodiscard]] bool exact() const { return digits_ < 0; }
    // The number of that rank, from 0 on, in ascending order. Requires: rank < count().
    [[nodiscard]] Value at(std::uint64_t rank) const;

  private:
    void count_in_bucket(const Value& number, std::uint64_t times);
    void coarsen(int digits);
    void fit();
    [[nodiscard]] double middle(std::uint64_t bucket) const;

    std::map<Value, std::uint64_t, Less> values_;     // how often; while it is exact
    std::map<std::uint64_t, std::uint64_t> buckets_;  // by the upper bits of the number, in its order
    int digits_ = -1;                                 // of the mantissa that make a bucket; -1: exact
    std::uint64_t count_ = 0;
};

Outcome percentile_cont(const Numbers& numbers, double fraction);
Outcome percentile_disc(const Numbers& numbers, double fraction);

template <Outcome (*Percentile)(const Numbers&, double)>
struct PercentileOf {
    static constexpr bool kGrows = true;

    explicit PercentileOf(const Select&) {}
    void add(const Input& input) {
        if (is_number(input.value)) numbers.add(input.value, 1);
    }
    void merge(const PercentileOf& other) { numbers.merge(other.numbers); }
    void write(ByteWriter& out) const { numbers.write(out); }
    bool read(ByteReader& in) { return numbers.read(in); }
    [[nodiscard]] Outcome outcome(const Select& select) const {
        if (numbers.count() == 0) return {};
        return Percentile(numbers, select.fraction);
    }
    [[nodiscard]] std::size_t held() const { return numbers.held(); }

    Numbers numbers;
};

}  // namespace millrace::windows
