#include "bridge/config/value_reader.h"

#include <algorithm>
#include <cstdint>
#include <span>
#include <string_view>
#include <utility>
#include <variant>

#include "auth/vault_reference.h"
#include "bridge/base/check.h"
#include "bridge/config/aggregate_values.h"
#include "bridge/config/expression_values.h"
#include "bridge/config/json_text.h"
#include "bridge/config/list_values.h"
#include "bridge/config/rules.h"
#include "bridge/config/scalars.h"
#include "bridge/config/signature_value.h"
#include "bridge/config/value.h"

namespace millrace::config {
namespace {

std::string listed(std::span<const std::string_view> names) {
    std::string text;
    for (std::size_t i = 0; i < names.size(); ++i) {
        text += i == 0 ? "" : i + 1 == names.size() ? " or " : ", ";
        text += names[i];
    }
    return text;
}

std::string whole_text(std::uint64_t number) { return std::to_string(number); }

template <typename T, typename AsText>
std::string range_hint(T least, T most, AsText as_text) {
    return " (set " + as_text(least) + (least == most ? "" : " to " + as_text(most)) + ")";
}

template <typename T, typename AsText>
bool in_bounds(const Value& value, const std::string& written, T number, T least, T most, AsText as_text) {
    if (number >= least && number <= most) return true;
    value.refuse(written + (number < least ? " is below " + as_text(least) : " is above " + as_text(most)) +
                 range_hint(least, most, as_text));
    return false;
}

void read_shape(const Value&, const Section&) { MILLRACE_CHECK(false, "a section has no value"); }
void read_shape(const Value&, const Sections&) { MILLRACE_CHECK(false, "a section has no value"); }

void read_shape(const Value& value, const Text& shape) {
    if (const std::string* found = value.text(value.node, value.path, shape.rule)) shape.at(value.target) = *found;
}

void read_shape(const Value& value, const File& shape) {
    const std::string* const found = value.text(value.node, value.path, rules::file_path);
    if (found == nullptr) return;
    if (auth::is_vault_reference(*found)) {
        if (shape.holds == Holds::what_all_may_see)
            return value.refuse(quote(*found) + " is no file, and what is no secret is read from files alone");
        value.target.all->vault_secrets.push_back({value.path, *found});
    }
    shape.at(value.target) = *found;
}

void read_shape(const Value& value, const Registered& shape) {
    const std::string* found = value.text(value.node, value.path, nullptr);
    if (found == nullptr) return;
    if (std::ranges::find(shape.names(), *found) == shape.names().end()) {
        return value.refuse(quote(*found) + " is not known (set " + listed(shape.names()) + ")");
    }
    shape.at(value.target) = *found;
}

void read_shape(const Value& value, const Choice& shape) {
    static const std::string kNull = "null";  // a name like the others where it is one
    const bool null = value.node.kind == Node::Kind::null;
    const std::string* found = null ? &kNull : value.scalar(value.node, value.path, listed(shape.names));
    if (found == nullptr) return;
    const auto name = std::ranges::find(shape.names, *found);
    if (name == shape.names.end()) {
        return value.refuse(quote(*found) + " is not one of its values (set " + listed(shape.names) + ")");
    }
    shape.choose(value.target, static_cast<std::size_t>(name - shape.names.begin()));
}

void read_shape(const Value& value, const Whole& shape) {
    const std::string* found = value.bare("a whole number");
    if (found == nullptr) return;
    const std::uint64_t least = shape.least;
    const std::uint64_t most = shape.most;
    if (found->starts_with('-') && parse_whole(found->substr(1))) {
        return value.refuse(*found + " is below " + whole_text(least) + range_hint(least, most, whole_text));
    }
    const auto number = parse_whole(*found);
    if (!number) return value.refuse(quote(*found) + " " + number.error() + range_hint(least, most, whole_text));
    if (in_bounds(value, *found, *number, least, most, whole_text)) {
        shape.at(value.target) = static_cast<std::uint32_t>(*number);
    }
}

void read_shape(const Value& value, const Number& shape) {
    const std::string* found = value.bare("a number");
    if (found == nullptr) return;
    const auto number = parse_number(*found);
    if (!number)
        return value.refuse(quote(*found) + " " + number.error() + range_hint(shape.least, shape.most, number_text));
    if (in_bounds(value, *found, *number, shape.least, shape.most, number_text)) shape.at(value.target) = *number;
}

void read_shape(const Value& value, const Size& shape) {
    const std::string* found = value.scalar(value.node, value.path, "a size such as 64KiB");
    if (found == nullptr) return;
    const auto bytes = parse_size(*found);
    if (!bytes) return value.refuse(quote(*found) + " " + bytes.error());
    if (in_bounds(value, *found, *bytes, shape.least, shape.most, size_text)) shape.at(value.target) = *bytes;
}

void read_shape(const Value& value, const Wait& shape) {
    const std::string* found = value.scalar(value.node, value.path, "a duration such as 5s");
    if (found == nullptr) return;
    const auto duration = parse_duration(*found);
    if (!duration) return value.refuse(quote(*found) + " " + duration.error());
    if (in_bounds(value, *found, *duration, shape.least, shape.most, duration_text)) shape.at(value.target) = *duration;
}

void read_shape(const Value& value, const WaitOrNone& shape) {
    const std::string* found = value.scalar(value.node, value.path, "a duration such as 5s, or unlimited");
    if (found == nullptr) return;
    if (*found == "unlimited") {
        shape.at(value.target) = std::nullopt;
        return;
    }
    const auto duration = parse_duration(*found);
    if (!duration) return value.refuse(quote(*found) + " " + duration.error());
    if (in_bounds(value, *found, *duration, shape.least, shape.most, duration_text)) shape.at(value.target) = *duration;
}

void read_shape(const Value& value, const Flag& shape) {
    const std::string* found = value.bare("true or false");
    if (found == nullptr) return;
    if (*found != "true" && *found != "false")
        return value.refuse(quote(*found) + " is no boolean (write true or false)");
    shape.at(value.target) = *found == "true";
}

void read_shape(const Value& value, const Json& shape) {
    if (shape.map_only && !value.is(Node::Kind::map, "a map")) return;
    if (auto raw = json_text(value.node, value.path, value.problems)) shape.at(value.target) = std::move(*raw);
}

void read_shape(const Value& value, const StartPoint& shape) {
    const std::string* found = value.scalar(value.node, value.path, "all, new, a time or a sequence");
    if (found == nullptr) return;
    settings::Start& start = shape.at(value.target);
    if (*found == "all") {
        start = settings::StartAll{};
    } else if (*found == "new") {
        start = settings::StartNew{};
    } else if (const auto sequence = parse_whole(*found); sequence && !value.node.in_quotes) {
        if (*sequence == 0)
            return value.refuse("0 is below 1 (a stream's first sequence is 1; write all to read everything)");
        start = *sequence;
    } else if (const auto time = parse_time(*found)) {
        start = *time;
    } else if (found->size() > 4 && (*found)[4] == '-') {
        value.refuse(quote(*found) + " " + time.error());
    } else {
        value.refuse(quote(*found) +
                     " is no starting point (set all, new, a time such as 2026-01-02T03:04:05Z, or a stream "
                     "sequence such as 12345)");
    }
}

}  // namespace

void read_value(const Field& field, const Node& node, const std::string& path, Target& target, Problems& problems) {
    const Value value{field, node, path, target, problems};
    std::visit([&value](const auto& shape) { read_shape(value, shape); }, field.shape);
}

}  // namespace millrace::config
