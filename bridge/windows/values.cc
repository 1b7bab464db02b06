#include "bridge/windows/values.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "bridge/base/text.h"

namespace millrace::windows {
namespace {

enum class Tag : std::uint8_t { null, no, yes, integer, real, text, raw };

constexpr double kTwo63 = 9223372036854775808.0;

template <typename... F>
struct Match : F... {
    using F::operator()...;
};

std::strong_ordering order(double a, double b) {
    return a < b ? std::strong_ordering::less : a > b ? std::strong_ordering::greater : std::strong_ordering::equal;
}

// Of plain forms: the double has a fraction or is beyond all integers, so they are never equal.
std::strong_ordering order(std::int64_t a, double b) {
    if (b >= kTwo63) return std::strong_ordering::less;
    if (b < -kTwo63) return std::strong_ordering::greater;
    const auto below = static_cast<std::int64_t>(std::floor(b));
    if (a != below) return a <=> below;
    return order(static_cast<double>(below), b);
}

template <typename Number>
void append_number(std::string& out, Number number) {
    std::array<char, 32> text{};
    out.append(text.data(), std::to_chars(text.data(), text.data() + text.size(), number).ptr);
}

}  // namespace

const Value* plain(const Value* value, Value& scratch) {
    const double* real = std::get_if<double>(value);
    if (real == nullptr) return value;
    if (!std::isfinite(*real)) {
        scratch = Null{};
    } else if (*real >= -kTwo63 && *real < kTwo63 && *real == std::floor(*real)) {
        scratch = static_cast<std::int64_t>(*real);
    } else {
        return value;
    }
    return &scratch;
}

bool is_number(const Value& value) {
    if (std::holds_alternative<std::int64_t>(value)) return true;
    const double* real = std::get_if<double>(&value);
    return real != nullptr && std::isfinite(*real);
}

bool is_ordered(const Value& value) { return is_number(value) || std::holds_alternative<std::string>(value); }

std::optional<std::strong_ordering> compare(const Value& a, const Value& b) {
    using Ordering = std::optional<std::strong_ordering>;
    return std::visit(Match{[](std::int64_t x, std::int64_t y) { return Ordering(x <=> y); },
                            [](std::int64_t x, double y) { return Ordering(order(x, y)); },
                            [](double x, std::int64_t y) { return Ordering(0 <=> order(y, x)); },
                            [](double x, double y) { return Ordering(order(x, y)); },
                            [](const std::string& x, const std::string& y) { return Ordering(x.compare(y) <=> 0); },
                            [](std::int64_t, const std::string&) { return Ordering(std::strong_ordering::less); },
                            [](double, const std::string&) { return Ordering(std::strong_ordering::less); },
                            [](const std::string&, std::int64_t) { return Ordering(std::strong_ordering::greater); },
                            [](const std::string&, double) { return Ordering(std::strong_ordering::greater); },
                            [](const auto&, const auto&) { return Ordering(); }},
                      a, b);
}

double to_double(const Value& number) {
    const auto* integer = std::get_if<std::int64_t>(&number);
    return integer != nullptr ? static_cast<double>(*integer) : std::get<double>(number);
}

void write_value(ByteWriter& out, const Value& plain_value) {
    const auto tag = [&](Tag t) { out.number(static_cast<std::uint64_t>(t)); };
    std::visit(Match{[&](Null) { tag(Tag::null); }, [&](bool b) { tag(b ? Tag::yes : Tag::no); },
                     [&](std::int64_t i) { tag(Tag::integer), out.signed_number(i); },
                     [&](double d) { tag(Tag::real), out.real(d); },
                     [&](const std::string& s) { tag(Tag::text), out.text(s); },
                     [&](const RawJson& r) { tag(Tag::raw), out.text(r.text); }},
               plain_value);
}

bool read_value(ByteReader& in, Value& value) {
    switch (static_cast<Tag>(std::min<std::uint64_t>(in.number(), 255))) {
        case Tag::null:
            value = Null{};
            break;
        case Tag::no:
            value = false;
            break;
        case Tag::yes:
            value = true;
            break;
        case Tag::integer:
            value = in.signed_number();
            break;
        case Tag::real: {
            const Value read = in.real();
            if (Value scratch; plain(&read, scratch) != &read) return false;
            value = read;
            break;
        }
        case Tag::text:
            value = std::string(in.text());
            break;
        case Tag::raw:
            value = RawJson{std::string(in.text())};
            break;
        default:
            return false;
    }
    return !in.bad();
}

void append_json(std::string& out, const Value& value) {
    std::visit(Match{[&](Null) { out += "null"; }, [&](bool b) { out += b ? "true" : "false"; },
                     [&](std::int64_t i) { append_number(out, i); }, [&](double d) { append_number(out, d); },
                     [&](const std::string& s) { append_quoted(out, s); }, [&](const RawJson& r) { out += r.text; }},
               value);
}

}  // namespace millrace::windows
