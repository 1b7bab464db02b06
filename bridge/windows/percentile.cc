#include "bridge/windows/percentile.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace millrace::windows {
namespace {

constexpr int kMantissaBits = 52;
constexpr std::uint64_t kSign = 1ull << 63;

// The bits of a double as a number in the same order.
std::uint64_t ordered(double value) {
    const auto bits = std::bit_cast<std::uint64_t>(value);
    return (bits & kSign) != 0 ? ~bits : bits | kSign;
}
double from_ordered(std::uint64_t bits) { return std::bit_cast<double>((bits & kSign) != 0 ? bits ^ kSign : ~bits); }

// fraction * number, which is whole where decimals would make it so: 0.07 of 100 is 7, not a little more.
double part(double fraction, std::uint64_t number) {
    const double exact = fraction * static_cast<double>(number);
    const double whole = std::round(exact);
    return std::abs(exact - whole) <= exact * 0x1p-51 ? whole : exact;
}

}  // namespace

void Numbers::add(const Value& number, std::uint64_t times) {
    count_ += times;
    if (!exact()) {
        count_in_bucket(number, times);
        return fit();
    }
    values_[number] += times;
    if (values_.size() <= kExact) return;
    digits_ = kMostDigits;
    for (const auto& [value, often] : values_) count_in_bucket(value, often);
    values_.clear();
    fit();
}

void Numbers::count_in_bucket(const Value& number, std::uint64_t times) {
    buckets_[ordered(to_double(number)) >> (kMantissaBits - digits_)] += times;
}

void Numbers::fit() {
    while (buckets_.size() > kBuckets && digits_ > 0) coarsen(digits_ - 1);
}

void Numbers::coarsen(int digits) {
    std::map<std::uint64_t, std::uint64_t> fewer;
    for (const auto& [bucket, often] : buckets_) fewer[bucket >> (digits_ - digits)] += often;
    buckets_ = std::move(fewer);
    digits_ = digits;
}

void Numbers::merge(const Numbers& other) {
    for (const auto& [value, often] : other.values_) add(value, often);
    if (other.exact()) return;
    if (exact()) {
        digits_ = other.digits_;
        for (const auto& [value, often] : values_) count_in_bucket(value, often);
        values_.clear();
    }
    if (digits_ > other.digits_) coarsen(other.digits_);
    for (const auto& [bucket, often] : other.buckets_) buckets_[bucket >> (other.digits_ - digits_)] += often;
    count_ += other.count_;
    fit();
}

double Numbers::middle(std::uint64_t bucket) const {
    const int rest = kMantissaBits - digits_;
    const std::uint64_t low = bucket << rest;
    const double a = from_ordered(low);
    const double b = from_ordered(low | ((1ull << rest) - 1));
    return std::signbit(a) == std::signbit(b) && a != 0 && b != 0 ? a + (b - a) / 2 : 0;
}

Value Numbers::at(std::uint64_t rank) const {
    for (const auto& [value, often] : values_) {
        if (rank < often) return value;
        rank -= often;
    }
    for (const auto& [bucket, often] : buckets_) {
        if (rank < often) return middle(bucket);
        rank -= often;
    }
    return Null{};
}

void Numbers::write(ByteWriter& out) const {
    out.signed_number(digits_);
    out.number(values_.size() + buckets_.size());
    for (const auto& [value, often] : values_) write_value(out, value), out.number(often);
    for (const auto& [bucket, often] : buckets_) out.number(bucket), out.number(often);
}

bool Numbers::read(ByteReader& in) {
    const std::int64_t digits = in.signed_number();
    const std::uint64_t size = in.number();
    if (digits < -1 || digits > kMostDigits || size > (digits < 0 ? kExact : kBuckets)) return false;
    digits_ = static_cast<int>(digits);
    for (std::uint64_t i = 0; i < size; ++i) {
        Value number;
        const std::uint64_t bucket = exact() ? 0 : in.number();
        if (exact() && !(read_value(in, number) && is_number(number))) return false;
        const std::uint64_t often = in.number();
        const bool fits = exact() || std::isfinite(middle(bucket));
        if (in.bad() || often == 0 || !fits) return false;
        (exact() ? values_[number] : buckets_[bucket]) += often;
        count_ += often;
    }
    return values_.size() + buckets_.size() == size;
}

Outcome percentile_cont(const Numbers& numbers, double fraction) {
    const double place = part(fraction, numbers.count() - 1);
    const auto below = std::min(static_cast<std::uint64_t>(place), numbers.count() - 1);
    const double beyond = place - static_cast<double>(below);
    const Value low = numbers.at(below);
    if (beyond <= 0 || below + 1 >= numbers.count()) return {low, !numbers.exact()};
    const Value high = numbers.at(below + 1);
    if (low == high) return {low, !numbers.exact()};
    const double a = to_double(low);
    const double b = to_double(high);
    const double between = std::isfinite(b - a) ? a + (b - a) * beyond : a * (1 - beyond) + b * beyond;
    return {std::clamp(between, a, b), !numbers.exact()};
}

Outcome percentile_disc(const Numbers& numbers, double fraction) {
    const double needed = std::max(1.0, std::ceil(part(fraction, numbers.count())));
    const auto rank = std::min(static_cast<std::uint64_t>(needed), numbers.count()) - 1;
    return {numbers.at(rank), !numbers.exact()};
}

}  // namespace millrace::windows
