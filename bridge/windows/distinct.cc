#include "bridge/windows/distinct.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <numbers>

namespace millrace::windows {
namespace {

// FNV-1a, and the last step of MurmurHash3 so that every bit depends on every byte. It is part of the state: never
// changed.
std::uint64_t hash(std::string_view bytes) {
    std::uint64_t h = 0xcbf29ce484222325;
    for (const char c : bytes) h = (h ^ static_cast<std::uint8_t>(c)) * 0x100000001b3;
    h = (h ^ h >> 33) * 0xff51afd7ed558ccd;
    h = (h ^ h >> 33) * 0xc4ceb9fe1a85ec53;
    return h ^ h >> 33;
}

// The estimator of O. Ertl, "New cardinality estimation algorithms for HyperLogLog sketches" (2017): no tables, and no
// seam between small and large numbers.

double sigma(double x) {
    if (x == 1) return INFINITY;
    double y = 1;
    double z = x;
    for (double before = -1; z != before;) {
        x *= x;
        before = z;
        z += x * y;
        y += y;
    }
    return z;
}

double tau(double x) {
    if (x == 0 || x == 1) return 0;
    double y = 1;
    double z = 1 - x;
    for (double before = -1; z != before;) {
        x = std::sqrt(x);
        before = z;
        y *= 0.5;
        z -= (1 - x) * (1 - x) * y;
    }
    return z / 3;
}

}  // namespace

void Distinct::add(const Input& input) {
    ByteWriter out;
    write_value(out, input.value);
    if (registers_.empty()) {
        take(out.take());
    } else {
        count(out.bytes());
    }
}

void Distinct::take(std::string value) {
    const std::size_t size = value.size();
    if (!values_.insert(std::move(value)).second) return;
    bytes_ += size;
    if (values_.size() > kExact || bytes_ > kExactBytes) give_up_exactness();
}

void Distinct::give_up_exactness() {
    registers_.assign(1 << kIndexBits, 0);
    for (const auto& value : values_) count(value);
    values_.clear();
    bytes_ = 0;
}

void Distinct::count(std::string_view value) {
    const std::uint64_t h = hash(value);
    const int rank = std::min(std::countl_zero(h << kIndexBits) + 1, kMostRank);
    auto& highest = registers_[h >> (64 - kIndexBits)];
    highest = std::max(highest, static_cast<std::uint8_t>(rank));
}

void Distinct::merge(const Distinct& other) {
    if (!other.registers_.empty() && registers_.empty()) give_up_exactness();
    for (std::size_t i = 0; i < other.registers_.size(); ++i) {
        registers_[i] = std::max(registers_[i], other.registers_[i]);
    }
    for (const auto& value : other.values_) {
        if (registers_.empty()) {
            take(value);
        } else {
            count(value);
        }
    }
}

void Distinct::write(ByteWriter& out) const {
    out.number(registers_.empty() ? 0 : 1);
    if (!registers_.empty()) {
        return out.text({reinterpret_cast<const char*>(registers_.data()), registers_.size()});
    }
    out.number(values_.size());
    for (const auto& value : values_) out.text(value);
}

bool Distinct::read(ByteReader& in) {
    if (in.number() != 0) {
        const std::string_view text = in.text();
        registers_.assign(text.begin(), text.end());
        return registers_.size() == 1 << kIndexBits &&
               std::ranges::all_of(registers_, [](int rank) { return rank <= kMostRank; });
    }
    const std::uint64_t size = in.number();
    if (size > kExact) return false;
    for (std::uint64_t i = 0; i < size && !in.bad(); ++i) take(std::string(in.text()));
    return !in.bad() && values_.size() == size;
}

Outcome Distinct::outcome(const Select& /*unused*/) const {
    if (registers_.empty()) return {static_cast<std::int64_t>(values_.size())};
    constexpr double kRegisters = 1 << kIndexBits;
    std::array<double, kMostRank + 1> of_rank{};
    for (const std::uint8_t rank : registers_) ++of_rank[rank];
    double z = kRegisters * tau(1 - of_rank[kMostRank] / kRegisters);
    for (int rank = kMostRank - 1; rank >= 1; --rank) z = 0.5 * (z + of_rank[static_cast<std::size_t>(rank)]);
    z += kRegisters * sigma(of_rank[0] / kRegisters);
    const double estimate = kRegisters * kRegisters / (2 * std::numbers::ln2 * z);
    return {.value = static_cast<std::int64_t>(std::llround(std::min(estimate, 1e18))), .approximate = true};
}

}  // namespace millrace::windows
