#include "bridge/protocols/json_reader.h"

#include "bridge/protocols/json_runs.h"

namespace millrace::protocols {
namespace {

using runs::digits;
using runs::is_digit;

bool is_hex(char c) { return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }
bool is_blank(char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; }

}  // namespace

void JsonReader::fail(const char* why) {
    if (why_ == nullptr) {
        why_ = why;
        where_ = static_cast<std::size_t>(at_ - begin_);
    }
    at_ = end_;
}

std::string JsonReader::complaint() const {
    return why_ == nullptr ? std::string() : std::string(why_) + " at byte " + std::to_string(where_);
}

bool JsonReader::take_non_finite() {
    const bool saw = saw_non_finite_;
    saw_non_finite_ = false;
    return saw;
}

void JsonReader::blanks() {
    while (at_ != end_ && is_blank(*at_)) ++at_;
}

JsonReader::Kind JsonReader::peek() {
    blanks();
    if (at_ == end_) return Kind::nothing;
    switch (*at_) {
        case '{':
            return Kind::object;
        case '[':
            return Kind::array;
        case '"':
            return Kind::string;
        case 't':
        case 'f':
        case 'n':
            return Kind::literal;
        case 'N':
        case 'I':
            return Kind::non_finite;
        case '-':
            return end_ - at_ > 1 && at_[1] == 'I' ? Kind::non_finite : Kind::number;
        default:
            return is_digit(*at_) ? Kind::number : Kind::nothing;
    }
}

void JsonReader::push(bool object) {
    if (depth_ == kMaxDepth) return fail("nested more than 64 levels deep");
    const std::uint64_t bit = std::uint64_t{1} << depth_;
    objects_ = object ? objects_ | bit : objects_ & ~bit;
    ++depth_;
    ++at_;
    fresh_ = true;
}

void JsonReader::enter() {
    const Kind kind = peek();
    if (kind != Kind::object && kind != Kind::array) return fail("an object or array is missing");
    push(kind == Kind::object);
}

// After a value inside a container: true when a comma was read, false when the container was closed.
bool JsonReader::close_or_comma() {
    blanks();
    if (at_ == end_) return fail("ends too early"), false;
    const char close = in_object() ? '}' : ']';
    const bool first = fresh_;
    fresh_ = false;
    if (*at_ == close) {
        ++at_;
        pop();
        return false;
    }
    if (first) return true;
    if (*at_ != ',') return fail("a comma or closing bracket is missing"), false;
    ++at_;
    return true;
}

bool JsonReader::more() {
    if (failed()) return false;
    return close_or_comma();
}

std::string_view JsonReader::key() {
    blanks();
    if (at_ == end_ || *at_ != '"') return fail("a member's name is missing"), std::string_view();
    const char* const open = at_;
    string();
    const std::string_view raw(open + 1, failed() ? 0 : static_cast<std::size_t>(at_ - open - 2));
    blanks();
    if (at_ == end_ || *at_ != ':') return fail("a colon is missing"), std::string_view();
    ++at_;
    return raw;
}

void JsonReader::string() {
    ++at_;
    for (;;) {
        at_ = runs::plain(at_, end_);
        if (at_ == end_) return fail("a string does not end");
        if (*at_ == '"') break;
        if (*at_ != '\\') return fail("a control character stands in a string");
        if (end_ - at_ < 2) return fail("a string does not end");
        if (at_[1] == 'u') {
            if (end_ - at_ < 6 || !is_hex(at_[2]) || !is_hex(at_[3]) || !is_hex(at_[4]) || !is_hex(at_[5])) {
                return fail("a \\u escape has not four digits");
            }
            at_ += 6;
        } else {
            if (std::string_view("\"\\/bfnrt").find(at_[1]) == std::string_view::npos) return fail("an unknown escape");
            at_ += 2;
        }
    }
    ++at_;
}

void JsonReader::number() {
    const char* at = at_;
    if (*at == '-') ++at;
    const char* const whole = at;
    at = digits(at, end_);
    if (at == whole) return fail("a number has no digits");
    if (*whole == '0' && at - whole > 1) return fail("a number begins with a zero");
    if (at != end_ && *at == '.') {
        const char* const fraction = ++at;
        at = digits(at, end_);
        if (at == fraction) return fail("a number has no digits after the point");
    }
    if (at != end_ && (*at == 'e' || *at == 'E')) {
        ++at;
        if (at != end_ && (*at == '+' || *at == '-')) ++at;
        const char* const exponent = at;
        at = digits(at, end_);
        if (at == exponent) return fail("a number has no exponent");
    }
    at_ = at;
}

void JsonReader::word(std::string_view expected) {
    if (!std::string_view(at_, static_cast<std::size_t>(end_ - at_)).starts_with(expected)) {
        return fail("a value is missing");
    }
    at_ += expected.size();
}

void JsonReader::non_finite(std::string_view expected) {
    if (!accept_non_finite_) return fail("NaN or Infinity is no JSON value");
    word(expected);
    saw_non_finite_ = true;
}

bool JsonReader::value_or_open() {
    switch (peek()) {
        case Kind::object:
        case Kind::array:
            enter();
            if (failed() || !close_or_comma()) return true;  // deep, cut off or empty
            if (in_object()) key();
            return failed();
        case Kind::string:
            string();
            return true;
        case Kind::number:
            number();
            return true;
        case Kind::literal:
            word(*at_ == 't' ? "true" : *at_ == 'f' ? "false" : "null");
            return true;
        case Kind::non_finite:
            non_finite(*at_ == 'N' ? "NaN" : *at_ == 'I' ? "Infinity" : "-Infinity");
            return true;
        case Kind::nothing:
            break;
    }
    fail(at_ == end_ ? "ends too early" : "a value is missing");
    return true;
}

std::string_view JsonReader::skip() {
    blanks();
    const char* const from = at_;
    if (at_ != end_ && is_digit(*at_)) {  // what most answers are made of
        number();
        fresh_ = false;
        return failed() ? std::string_view() : std::string_view(from, static_cast<std::size_t>(at_ - from));
    }
    const unsigned outside = depth_;
    do {
        while (!value_or_open()) {
        }
        while (!failed() && depth_ > outside && !close_or_comma()) {
        }
        if (!failed() && depth_ > outside && in_object()) key();
    } while (!failed() && depth_ > outside);
    fresh_ = false;
    return failed() ? std::string_view() : std::string_view(from, static_cast<std::size_t>(at_ - from));
}

bool JsonReader::finish() {
    blanks();
    if (!failed() && at_ != end_) fail("something follows the value");
    return !failed();
}

}  // namespace millrace::protocols
