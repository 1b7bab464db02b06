#include "subjects/summary_key.h"

#include <array>
#include <charconv>
#include <variant>

#include "bridge/base/digest.h"
#include "bridge/base/text.h"

namespace millrace::subjects {

namespace {

constexpr std::size_t kMostOfGroup = 200;

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool stays(char c) { return is_digit(c) || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '-' || c == '_'; }

void add_byte(std::string& out, char c) {
    constexpr std::string_view kDigits = "0123456789ABCDEF";
    const auto byte = static_cast<unsigned char>(c);
    out += {'=', kDigits[byte >> 4], kDigits[byte & 15]};
}

void add_escaped(std::string& out, std::string_view text) {
    for (const char c : text) {
        if (stays(c)) {
            out += c;
        } else {
            add_byte(out, c);
        }
    }
}

struct AddToken {
    std::string& out;

    void operator()(Null) const { out += "=n"; }
    void operator()(bool value) const { out += value ? "=t" : "=f"; }
    void operator()(std::int64_t value) const { number(value); }
    void operator()(double value) const { number(value); }
    void operator()(const RawJson& value) const { add_escaped(out += "=j", value.text); }
    void operator()(const std::string& value) const {
        std::string_view rest = value;
        if (rest.empty()) {
            out += "=e";
        } else if (is_digit(rest.front()) || rest.front() == '-') {
            add_byte(out, rest.front());
            rest.remove_prefix(1);
        }
        add_escaped(out, rest);
    }
    void number(auto value) const {
        std::array<char, 32> digits;
        const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
        add_escaped(out, {digits.data(), end});
    }
};

}  // namespace

std::string summary_key(std::string_view tenant, std::optional<Partition> partition, std::span<const Value> group) {
    std::string key(tenant);
    if (partition) key += "." + std::to_string(*partition);
    std::string values;
    for (const Value& value : group) {
        values += '.';
        std::visit(AddToken{values}, value);
    }
    return key + (values.size() > kMostOfGroup ? ".=h" + hex(digest(values)) : values);
}

}  // namespace millrace::subjects
