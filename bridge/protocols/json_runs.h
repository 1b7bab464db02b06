// Runs of bytes inside JSON text: digits of a number, plain characters of a string. For json_reader.cc alone.
//
// Runs are measured eight bytes at a time: a word has a bit set in each byte that ends the run, and perhaps in bytes
// behind the first of these, never before it. The first byte is the lowest.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>

namespace millrace::protocols::runs {

inline bool is_digit(char c) { return c >= '0' && c <= '9'; }

inline constexpr std::uint64_t kEach = 0x0101010101010101;  // times a byte: that byte eight times

inline std::uint64_t load8(const char* at) {
    std::uint64_t word = 0;
    std::memcpy(&word, at, sizeof word);
    return std::endian::native == std::endian::little ? word : __builtin_bswap64(word);
}

// Digits are 0x3_ and stay so when six is added; a carry comes only out of a byte that is no digit.
inline std::uint64_t no_digits(std::uint64_t word) {
    return ((word ^ '0' * kEach) | ((word + 6 * kEach) ^ '0' * kEach)) & 0xF0 * kEach;
}

// A byte that is 0 after the xor, or below 0x20, borrows into its high bit; above 0x7F nothing stops.
inline std::uint64_t stops(std::uint64_t word) {
    const std::uint64_t borrowed =
        ((word ^ '"' * kEach) - kEach) | ((word ^ '\\' * kEach) - kEach) | (word - 0x20 * kEach);
    return borrowed & ~word & 0x80 * kEach;
}

template <std::uint64_t (*ends)(std::uint64_t)>
const char* run(const char* at, const char* end, bool (*ends_one)(char)) {
    for (; end - at >= 8; at += 8) {
        const std::uint64_t found = ends(load8(at));
        if (found != 0) return at + std::countr_zero(found) / 8;
    }
    while (at != end && !ends_one(*at)) ++at;
    return at;
}

inline const char* digits(const char* at, const char* end) {
    return run<no_digits>(at, end, [](char c) { return !is_digit(c); });
}

inline const char* plain(const char* at, const char* end) {
    return run<stops>(at, end, [](char c) { return c == '"' || c == '\\' || static_cast<unsigned char>(c) < 0x20; });
}

}  // namespace millrace::protocols::runs
