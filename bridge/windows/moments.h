// sum, avg, var, varp, stddev, stddevp: of numbers; other types are ignored as null is. Exact until one rounding at the
// end, so no order of events changes a bit.
#pragma once

#include <cmath>
#include <limits>

#include "bridge/windows/exact_sum.h"
#include "bridge/windows/function.h"

namespace millrace::windows {

// Integers apart: they are most of what is summed, and 128 bits hold more of them than a window can have.
class NumberSum {
  public:
    void add(const Value& number) {
        if (const auto* integer = std::get_if<std::int64_t>(&number)) {
            integers_ += *integer;
        } else {
            reals_.add(std::get<double>(number));
        }
    }
    void merge(const NumberSum& other) {
        integers_ += other.integers_;
        reals_.merge(other.reals_);
    }
    // All of it.
    [[nodiscard]] ExactSum total() const {
        ExactSum all = reals_;
        all.add(integers_);
        return all;
    }
    // Requires: no double was added that is no whole number.
    [[nodiscard]] Int128 integers() const { return integers_; }
    [[nodiscard]] std::size_t held() const { return reals_.held(); }

    void write(ByteWriter& out) const {
        out.number(static_cast<std::uint64_t>(integers_));
        out.signed_number(static_cast<std::int64_t>(integers_ >> 64));
        reals_.write(out);
    }
    bool read(ByteReader& in) {
        const std::uint64_t low = in.number();
        integers_ = static_cast<Int128>(static_cast<Uint128>(in.signed_number()) << 64 | low);
        return reals_.read(in);
    }

  private:
    Int128 integers_ = 0;
    ExactSum reals_;
};

inline Outcome finite(double value) {
    if (!std::isfinite(value)) return {.value = Null{}, .overflow = true};
    return {value};
}

// Integers stay an integer; one double among them makes it a double, as it was written: 2.0 is one.
struct Sum {
    static constexpr bool kGrows = false;
    enum class Seen : std::uint8_t { nothing, integers, reals };

    explicit Sum(const Select&) {}
    void add(const Input& input) {
        if (!is_number(input.value)) return;
        sum.add(input.value);
        seen = std::max(seen, input.real ? Seen::reals : Seen::integers);
    }
    void merge(const Sum& other) {
        sum.merge(other.sum);
        seen = std::max(seen, other.seen);
    }
    void write(ByteWriter& out) const {
        out.number(static_cast<std::uint64_t>(seen));
        sum.write(out);
    }
    bool read(ByteReader& in) {
        const std::uint64_t kind = in.number();
        seen = static_cast<Seen>(kind);
        return kind <= static_cast<std::uint64_t>(Seen::reals) && sum.read(in);
    }
    [[nodiscard]] Outcome outcome(const Select&) const {
        if (seen == Seen::nothing) return {};
        if (seen == Seen::reals) return finite(rounded_sum(sum.total()));
        const auto narrow = static_cast<std::int64_t>(sum.integers());
        if (narrow != sum.integers()) return {.value = Null{}, .overflow = true};
        return {narrow};
    }
    [[nodiscard]] std::size_t held() const { return sum.held(); }

    NumberSum sum;
    Seen seen = Seen::nothing;
};

// Always a double.
struct Average {
    static constexpr bool kGrows = false;

    explicit Average(const Select&) {}
    void add(const Input& input) {
        if (!is_number(input.value)) return;
        sum.add(input.value);
        ++count;
    }
    void merge(const Average& other) {
        sum.merge(other.sum);
        count += other.count;
    }
    void write(ByteWriter& out) const {
        out.number(count);
        sum.write(out);
    }
    bool read(ByteReader& in) {
        count = in.number();
        return sum.read(in);
    }
    [[nodiscard]] Outcome outcome(const Select&) const {
        if (count == 0) return {};
        return finite(rounded_mean(sum.total(), count));
    }
    [[nodiscard]] std::size_t held() const { return sum.held(); }

    NumberSum sum;
    std::uint64_t count = 0;
};

// `Population`: divided by the count, else by one less, which of a single value is null. `Root`: the deviation.
template <bool Population, bool Root>
struct Variance {
    static constexpr bool kGrows = false;

    explicit Variance(const Select& select) : mean(select) {}
    void add(const Input& input) {
        if (!is_number(input.value)) return;
        mean.add(input);
        if (const auto* integer = std::get_if<std::int64_t>(&input.value)) {
            squares.add_square(*integer);
        } else {
            squares.add_square(std::get<double>(input.value));
        }
    }
    void merge(const Variance& other) {
        mean.merge(other.mean);
        squares.merge(other.squares);
    }
    void write(ByteWriter& out) const {
        mean.write(out);
        squares.write(out);
    }
    bool read(ByteReader& in) { return mean.read(in) && squares.read(in); }
    [[nodiscard]] Outcome outcome(const Select&) const {
        const std::uint64_t divisor = Population ? mean.count : mean.count - 1;
        if (mean.count == 0 || divisor == 0) return {};
        return finite((Root ? rounded_deviation : rounded_variance)(mean.sum.total(), squares, mean.count, divisor));
    }
    [[nodiscard]] std::size_t held() const { return mean.held() + squares.held(); }

    Average mean;
    ExactSum squares;
};

}  // namespace millrace::windows
