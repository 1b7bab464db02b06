// A window is a map of its kind to its durations: {hopping: {size: 10s, hop: 5s}}. Kinds and durations are a table, and
// the schema comes from it as well.
#include <algorithm>
#include <array>
#include <chrono>
#include <span>
#include <string>
#include <string_view>

#include "bridge/config/aggregate_values.h"
#include "bridge/config/scalars.h"
#include "bridge/config/suggest.h"

namespace millrace::config {
namespace {

constexpr Duration kLeast = std::chrono::milliseconds(1);
constexpr Duration kMost = std::chrono::hours(168);
constexpr int kMostOverlapping = 1000;  // windows an event may be in

struct Part {
    std::string_view name;
    Duration Window::* at;
    bool required = true;
};
constexpr Part kSize = {"size", &Window::size};
constexpr Part kOffset = {"offset", &Window::offset, false};
constexpr std::array kTumbling = {kSize, kOffset};
constexpr std::array kHopping = {kSize, Part{"hop", &Window::hop}, kOffset};
constexpr std::array kSliding = {kSize};
constexpr std::array kSession = {Part{"timeout", &Window::timeout}, Part{"max_duration", &Window::max_duration}};

struct Kind {
    std::string_view name;
    WindowKind kind;
    std::span<const Part> parts;
    bool brief;  // the size may stand alone: {tumbling: 5s}
    std::string_view example;
};
constexpr std::array<Kind, 5> kKinds = {{
    {"tumbling", WindowKind::tumbling, kTumbling, true, "{tumbling: 5s}"},
    {"hopping", WindowKind::hopping, kHopping, false, "{hopping: {size: 10s, hop: 5s}}"},
    {"sliding", WindowKind::sliding, kSliding, true, "{sliding: 10s}"},
    {"session", WindowKind::session, kSession, false, "{session: {timeout: 5s, max_duration: 1m}}"},
    {"snapshot", WindowKind::snapshot, {}, false, "snapshot"},
}};

std::string names_of(const auto& rows) {
    std::string text;
    for (const auto& row : rows) text += (text.empty() ? "" : " ") + std::string(row.name);
    return text;
}

// The kind called that; null after a complaint.
const Kind* find_kind(const Value& value, const Node& at, const std::string& where, std::string_view name) {
    std::array<std::string_view, kKinds.size()> names;
    std::ranges::transform(kKinds, names.begin(), &Kind::name);
    const auto* const found = std::ranges::find(kKinds, name, &Kind::name);
    if (found != kKinds.end()) return found;
    const std::string_view meant = nearest(name, names);
    value.refuse(at, where,
                 quote(name) + " is no kind of window (" +
                     (meant.empty() ? "there are " + names_of(kKinds) : "did you mean " + std::string(meant) + "?") +
                     ")");
    return nullptr;
}

void read_duration(const Value& value, const Node& from, const std::string& where, const Part& part, Window& window) {
    const std::string* const written = value.scalar(from, where, "a duration such as 5s");
    if (written == nullptr) return;
    const Duration least = part.required ? kLeast : Duration{};
    const auto duration = parse_duration(*written);
    if (!duration) return value.refuse(from, where, quote(*written) + " " + duration.error());
    if (*duration < least || *duration > kMost) {
        const bool below = *duration < least;
        return value.refuse(from, where,
                            *written + (below ? " is below " : " is above ") + duration_text(below ? least : kMost) +
                                " (set " + duration_text(least) + " to " + duration_text(kMost) + ")");
    }
    window.*part.at = *duration;
}

void read_parts(const Value& value, const Kind& kind, const Node& node, const std::string& where, Window& window) {
    for (const Entry& entry : node.entries) {
        const std::string inner = join(where, entry.key);
        const auto part = std::ranges::find(kind.parts, entry.key, &Part::name);
        if (part != kind.parts.end()) {
            read_duration(value, entry.value, inner, *part, window);
        } else {
            value.problems.add(entry.place, inner,
                               "key " + quote(entry.key) + " is not known here (a " + std::string(kind.name) +
                                   " window has " + (kind.parts.empty() ? "none" : names_of(kind.parts)) + ")");
        }
    }
    for (const Part& part : kind.parts) {
        if (!part.required || std::ranges::find(node.entries, part.name, &Entry::key) != node.entries.end()) continue;
        value.refuse(node, where,
                     "has no " + std::string(part.name) + " (write for example " + std::string(kind.example) + ")");
    }
}

// A kind without durations, by its name alone.
bool read_name(const Value& value, Window& window) {
    const std::string& name = value.node.text;
    const Kind* const kind = find_kind(value, value.node, value.path, name);
    if (kind == nullptr) return false;
    window.kind = kind->kind;
    if (kind->parts.empty()) return true;
    value.refuse(quote(name) + " needs its durations (write for example " + std::string(kind->example) + ")");
    return false;
}

// What the durations must be to one another. One that was refused is zero and keeps silent.
void check_window(const Value& value, const Node& node, const std::string& where, const Window& window) {
    const auto complain = [&](std::string_view part, Duration given, std::string_view rule, std::string_view limit_name,
                              Duration limit, std::string_view hint) {
        value.refuse(node, where,
                     std::string(part) + " " + duration_text(given) + " is " + std::string(rule) + " " +
                         std::string(limit_name) + " " + duration_text(limit) + " (" + std::string(hint) + ")");
    };
    if (window.size > Duration{} && window.hop > window.size) {
        complain("hop", window.hop, "above", "size", window.size, "events between two windows would be in none");
    }
    if (window.hop > Duration{} && window.hop < window.size / kMostOverlapping) {
        complain("hop", window.hop, "below", "a thousandth of size", window.size,
                 "an event would be in more than 1000 windows: raise hop, or use a sliding window");
    }
    const bool hops = window.kind == WindowKind::hopping;
    const Duration step = hops ? window.hop : window.size;
    if (step > Duration{} && window.offset >= step) {
        complain("offset", window.offset, "not below", hops ? "hop" : "size", step, "only its remainder would count");
    }
    if (window.max_duration > Duration{} && window.timeout > window.max_duration) {
        complain("timeout", window.timeout, "above", "max_duration", window.max_duration,
                 "raise max_duration, or lower timeout");
    }
}

}  // namespace

void read_shape(const Value& value, const WindowChoice& shape) {
    Window window;
    const Node& node = value.node;
    if (node.kind == Node::Kind::scalar) {
        if (read_name(value, window)) shape.at(value.target) = window;
        return;
    }
    if (!value.is(Node::Kind::map, "a window such as {tumbling: 5s}")) return;
    if (node.entries.size() != 1) {
        return value.refuse("has " + std::to_string(node.entries.size()) +
                            " kinds of window in it, and must have one (write for example {tumbling: 5s})");
    }
    const Entry& entry = node.entries.front();
    const std::string where = join(value.path, entry.key);
    const Kind* const kind = find_kind(value, node, value.path, entry.key);
    if (kind == nullptr) return;
    window.kind = kind->kind;
    if (kind->brief && entry.value.kind == Node::Kind::scalar) {
        read_duration(value, entry.value, where, kSize, window);
    } else if (entry.value.kind == Node::Kind::map) {
        read_parts(value, *kind, entry.value, where, window);
        check_window(value, entry.value, where, window);
    } else if (entry.value.kind != Node::Kind::invalid) {
        value.problems.add(entry.place, where,
                           "must be a map of its durations (write for example " + std::string(kind->example) + ")");
    }
    shape.at(value.target) = window;
}

std::string window_schema() {
    constexpr std::string_view kWait = R"({"type": ["string", "integer"], "pattern": "^([0-9]+(ms|s|m|h)|0)$"})";
    std::string any = R"([{"enum": ["snapshot"]})";
    for (const Kind& kind : kKinds) {
        std::string properties;
        std::string required;
        for (const Part& part : kind.parts) {
            const std::string name = '"' + std::string(part.name) + '"';
            properties += (properties.empty() ? "" : ", ") + name + ": " + std::string(kWait);
            if (part.required) required += (required.empty() ? "" : ", ") + name;
        }
        std::string parts = R"({"type": "object", "properties": {)" + properties + "}";
        if (!required.empty()) parts += R"(, "required": [)" + required + "]";
        parts += R"(, "additionalProperties": false})";
        if (kind.brief) parts = R"({"anyOf": [)" + std::string(kWait) + ", " + parts + "]}";
        const std::string name = '"' + std::string(kind.name) + '"';
        any += R"(, {"type": "object", "properties": {)" + name + ": " + parts + R"(}, "required": [)" + name +
               R"(], "additionalProperties": false})";
    }
    return any + "]";
}

}  // namespace millrace::config
