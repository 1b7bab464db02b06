// What is computed of exact sums, with whole numbers of any size (GMP) and one rounding at the end.
#include <gmpxx.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "bridge/windows/exact_sum.h"

namespace millrace::windows {
namespace {

constexpr int kDigits = std::numeric_limits<double>::digits;
constexpr long kLowest = std::numeric_limits<double>::min_exponent - kDigits;  // of the last digit of any double
constexpr long kEnough =
    kDigits + 3;  // digits of a quotient or root; with one more for the rest it rounds as it should

// number * 2^exponent
struct Big {
    mpz_class number;
    long exponent = 0;
};

long digits(const mpz_class& number) { return static_cast<long>(mpz_sizeinbase(number.get_mpz_t(), 2)); }

mpz_class shifted(const mpz_class& number, long by) {
    return by >= 0 ? mpz_class(number << static_cast<mp_bitcnt_t>(by))
                   : mpz_class(number >> static_cast<mp_bitcnt_t>(-by));
}

Big big(const ExactSum& sum) {
    const auto& words = sum.words();
    if (words.empty()) return {};
    Big result{0, 64L * sum.base()};
    mpz_import(result.number.get_mpz_t(), words.size(), -1, sizeof(words[0]), 0, 0, words.data());
    if (words.back() >> 63 != 0) result.number -= mpz_class(1) << (64 * words.size());
    return result;
}

Big operator-(const Big& a, const Big& b) {
    const long exponent = std::min(a.exponent, b.exponent);
    return {shifted(a.number, a.exponent - exponent) - shifted(b.number, b.exponent - exponent), exponent};
}

// The double nearest to plus or minus number * 2^exponent. Requires: number is zero or has more than kEnough digits.
double nearest(bool negative, const mpz_class& number, long exponent) {
    if (number == 0) return 0;
    const long last = std::max(exponent + digits(number) - kDigits, kLowest);
    const auto drop = static_cast<mp_bitcnt_t>(last - exponent);
    mpz_class kept = number >> drop;
    const mpz_class rest = number - (kept << drop);
    const int half = cmp(rest, mpz_class(1) << (drop - 1));
    if (half > 0 || (half == 0 && mpz_odd_p(kept.get_mpz_t()) != 0)) ++kept;
    const double magnitude = std::ldexp(kept.get_d(), static_cast<int>(last));
    return negative ? -magnitude : magnitude;
}

// |a| / divisor rounded down to at least `enough` digits and an even exponent.
struct Quotient {
    mpz_class number;
    long exponent;
    bool exact;
};

Quotient quotient(const Big& a, const mpz_class& divisor, long enough) {
    long more = std::max(0L, enough - digits(a.number) + digits(divisor));
    if ((a.exponent - more) % 2 != 0) ++more;
    Quotient result{0, a.exponent - more, false};
    mpz_class rest;
    const mpz_class number = shifted(abs(a.number), more);
    mpz_tdiv_qr(result.number.get_mpz_t(), rest.get_mpz_t(), number.get_mpz_t(), divisor.get_mpz_t());
    result.exact = rest == 0;
    return result;
}

// One more digit, for what was rounded off: nearest() needs to know no more of it.
mpz_class marked(const mpz_class& number, bool exact) { return 2 * number + (exact ? 0 : 1); }

mpz_class whole(std::uint64_t number) {
    static_assert(sizeof(unsigned long) == sizeof(std::uint64_t));
    return {static_cast<unsigned long>(number)};
}

double nearest_quotient(const Big& a, const mpz_class& divisor) {
    const Quotient q = quotient(a, divisor, kEnough);
    return nearest(a.number < 0, marked(q.number, q.exact), q.exponent - 1);
}

double nearest_root(const Big& a, const mpz_class& divisor) {
    const Quotient square = quotient(a, divisor, 2 * kEnough);
    mpz_class root;
    mpz_class rest;
    mpz_sqrtrem(root.get_mpz_t(), rest.get_mpz_t(), square.number.get_mpz_t());
    return nearest(false, marked(root, square.exact && rest == 0), square.exponent / 2 - 1);
}

// count * squares - sum * sum: the variance times count * divisor.
Big scatter(const ExactSum& sum, const ExactSum& squares, std::uint64_t count) {
    const Big s = big(sum);
    const Big q = big(squares);
    return Big{q.number * whole(count), q.exponent} - Big{s.number * s.number, 2 * s.exponent};
}

}  // namespace

double rounded_sum(const ExactSum& sum) { return nearest_quotient(big(sum), 1); }

double rounded_mean(const ExactSum& sum, std::uint64_t count) { return nearest_quotient(big(sum), whole(count)); }

double rounded_variance(const ExactSum& sum, const ExactSum& squares, std::uint64_t count, std::uint64_t divisor) {
    return nearest_quotient(scatter(sum, squares, count), whole(count) * whole(divisor));
}

double rounded_deviation(const ExactSum& sum, const ExactSum& squares, std::uint64_t count, std::uint64_t divisor) {
    return nearest_root(scatter(sum, squares, count), whole(count) * whole(divisor));
}

}  // namespace millrace::windows
