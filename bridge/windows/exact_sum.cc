#include "bridge/windows/exact_sum.h"

#include <algorithm>
#include <bit>

namespace millrace::windows {
namespace {

constexpr int kPlaces = 36;  // of words on either side of the point: squares need 34, carries the rest

struct Parts {
    bool negative;
    std::uint64_t mantissa;
    int exponent;
};

// `value` is plus or minus mantissa * 2^exponent. Requires: finite.
Parts parts(double value) {
    const auto bits = std::bit_cast<std::uint64_t>(value);
    const auto biased = static_cast<int>(bits >> 52 & 0x7ff);
    const std::uint64_t fraction = bits & ((1ull << 52) - 1);
    return {bits >> 63 != 0, biased == 0 ? fraction : fraction | 1ull << 52, std::max(biased, 1) - 1075};
}

std::uint64_t sign_of(std::uint64_t word) { return word >> 63 != 0 ? ~0ull : 0; }

}  // namespace

void ExactSum::add(double value) {
    const Parts p = parts(value);
    add(p.negative, p.mantissa, p.exponent);
}

void ExactSum::add_square(double value) {
    const Parts p = parts(value);
    add(false, Uint128{p.mantissa} * p.mantissa, 2 * p.exponent);
}

void ExactSum::add_square(std::int64_t value) {
    const auto magnitude = value < 0 ? ~static_cast<std::uint64_t>(value) + 1 : static_cast<std::uint64_t>(value);
    add(false, Uint128{magnitude} * magnitude, 0);
}

void ExactSum::add(Int128 value) {
    add(value < 0, value < 0 ? ~static_cast<Uint128>(value) + 1 : static_cast<Uint128>(value), 0);
}

void ExactSum::add(bool negative, Uint128 magnitude, int exponent) {
    if (magnitude == 0) return;
    const int place = exponent >> 6;  // rounds down
    const int shift = exponent & 63;
    const auto low = static_cast<std::uint64_t>(magnitude);
    const auto high = static_cast<std::uint64_t>(magnitude >> 64);
    const std::uint64_t addend[3] = {low << shift, high << shift | (shift == 0 ? 0 : low >> (64 - shift)),
                                     shift == 0 ? 0 : high >> (64 - shift)};
    cover(place, place + 4);  // the highest takes nothing but the carry
    auto word = words_.begin() + (place - base_);
    bool carry = false;
    for (int i = 0; word != words_.end(); ++word, ++i) {
        if (i >= 3 && !carry) return;
        const std::uint64_t more = i < 3 ? addend[i] : 0;
        std::uint64_t result = 0;
        if (negative) {
            const bool first = __builtin_sub_overflow(*word, more, &result);
            carry = __builtin_sub_overflow(result, std::uint64_t{carry}, &result) || first;
        } else {
            const bool first = __builtin_add_overflow(*word, more, &result);
            carry = __builtin_add_overflow(result, std::uint64_t{carry}, &result) || first;
        }
        *word = result;
    }
}

void ExactSum::merge(const ExactSum& other) {
    if (other.words_.empty()) return;
    cover(other.base_, other.base_ + static_cast<int>(other.words_.size()) + 1);
    const std::uint64_t beyond = sign_of(other.words_.back());
    bool carry = false;
    std::size_t from = 0;
    for (auto word = words_.begin() + (other.base_ - base_); word != words_.end(); ++word, ++from) {
        const std::uint64_t more = from < other.words_.size() ? other.words_[from] : beyond;
        const bool first = __builtin_add_overflow(*word, more, &*word);
        carry = __builtin_add_overflow(*word, std::uint64_t{carry}, &*word) || first;
    }
    trim();
}

void ExactSum::cover(int low, int high) {
    if (words_.empty()) base_ = low;
    if (low < base_) {
        words_.insert(words_.begin(), static_cast<std::size_t>(base_ - low), 0);
        base_ = low;
    }
    const auto size = static_cast<std::size_t>(high - base_);
    if (words_.size() < size) words_.resize(size, words_.empty() ? 0 : sign_of(words_.back()));
}

void ExactSum::trim() {
    while (words_.size() > 1 && words_.back() == sign_of(words_[words_.size() - 2])) words_.pop_back();
    const auto low = std::ranges::find_if(words_, [](std::uint64_t word) { return word != 0; });
    base_ += static_cast<int>(low - words_.begin());
    words_.erase(words_.begin(), low);
    if (words_.empty()) base_ = 0;
}

void ExactSum::write(ByteWriter& out) const {
    ExactSum least = *this;
    least.trim();
    out.number(least.words_.size());
    out.signed_number(least.base_);
    for (const std::uint64_t word : least.words_) out.number(word);
}

bool ExactSum::read(ByteReader& in) {
    const std::uint64_t size = in.number();
    const std::int64_t base = in.signed_number();
    if (base < -kPlaces || size > 2 * kPlaces || base + static_cast<std::int64_t>(size) > kPlaces) return false;
    base_ = static_cast<int>(base);
    words_.resize(size);
    for (auto& word : words_) word = in.number();
    return !in.bad();
}

}  // namespace millrace::windows
