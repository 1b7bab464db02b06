#include "bridge/base/log_line.h"

#include <array>
#include <cstddef>
#include <cstdio>

namespace millrace::logging {

namespace {

constexpr std::size_t kMaxText = 2000;
constexpr std::uint32_t kBurst = 10;
constexpr Duration kWindow = std::chrono::seconds(10);
constexpr std::size_t kMaxPairs = 1000;
constexpr std::array<std::string_view, 3> kLevelNames = {"info", "warning", "error"};

struct Character {
    std::size_t size = 1;                // bytes it takes
    std::optional<char32_t> code_point;  // nothing for a byte that is no UTF-8
};

// The first character of `text`, which is not empty. Takes well-formed UTF-8 only: no overlong forms, no surrogates.
Character first_character(std::string_view text) {
    const auto byte = [text](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    const auto lead = byte(0);
    if (lead < 0x80) return {1, lead};
    const std::size_t size = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
    if (lead < 0xc2 || lead > 0xf4 || text.size() < size) return {};
    char32_t code = lead & (0xffu >> (size + 1));
    for (std::size_t i = 1; i < size; ++i) {
        if ((byte(i) & 0xc0) != 0x80) return {};
        code = code << 6 | (byte(i) & 0x3f);
    }
    constexpr std::array<char32_t, 5> kLeast = {0, 0, 0x80, 0x800, 0x10000};
    if (code < kLeast[size] || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) return {};
    return {size, code};
}

// Controls of either set, line and paragraph separators, and what reverses or hides the text around it.
bool is_active(char32_t code) {
    return code < 0x20 || (code >= 0x7f && code <= 0x9f) || (code >= 0x200b && code <= 0x200f) ||
           (code >= 0x2028 && code <= 0x202e) || (code >= 0x2060 && code <= 0x206f) || code == 0xfeff ||
           (code >= 0xe0000 && code <= 0xe007f);
}

void append_unit(std::string& out, char32_t unit) {
    std::array<char, 8> escape{};
    std::snprintf(escape.data(), escape.size(), "\\u%04x", static_cast<unsigned>(unit) & 0xffff);
    out += escape.data();
}

// As JSON writes it: above the first plane in two halves.
void append_escape(std::string& out, char32_t code) {
    if (code > 0xffff) {
        append_unit(out, 0xd7c0 + (code >> 10));
        code = 0xdc00 + (code & 0x3ff);
    }
    append_unit(out, code);
}

// The same escapes in both forms; a person reads quotes more easily without a backslash.
void append_escaped(std::string& out, std::string_view text, Form form) {
    const bool cut = text.size() > kMaxText;
    for (text = text.substr(0, kMaxText); !text.empty();) {
        const auto character = first_character(text);
        const auto code = character.code_point.value_or(0xfffd);
        if (code == '\n')
            out += "\\n";
        else if (code == '\\' || (code == '"' && form == Form::json))
            (out += '\\') += static_cast<char>(code);
        else if (!character.code_point || is_active(code))
            append_escape(out, code);
        else
            out += text.substr(0, character.size);
        text.remove_prefix(character.size);
    }
    if (cut) out += " ...";
}

void append_field(std::string& out, std::string_view name, std::string_view value) {
    ((out += ",\"") += name) += "\":\"";
    append_escaped(out, value, Form::json);
    out += '"';
}

// 2026-03-01T12:00:00.000Z
std::string stamp(std::chrono::sys_time<std::chrono::milliseconds> at) {
    const auto day = std::chrono::floor<std::chrono::days>(at);
    const std::chrono::year_month_day date(day);
    const std::chrono::hh_mm_ss time(at - day);
    std::array<char, 48> text{};
    std::snprintf(text.data(), text.size(), "%04d-%02u-%02uT%02d:%02d:%02d.%03dZ", static_cast<int>(date.year()),
                  static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                  static_cast<int>(time.hours().count()), static_cast<int>(time.minutes().count()),
                  static_cast<int>(time.seconds().count()), static_cast<int>(time.subseconds().count()));
    return text.data();
}

std::string as_json(const Line& line) {
    std::string out = "{\"ts\":\"" + stamp(line.at) + '"';
    append_field(out, "level", kLevelNames[static_cast<std::size_t>(line.level)]);
    append_field(out, "event", line.event);
    if (!line.pipeline.empty()) append_field(out, "pipeline", line.pipeline);
    append_field(out, "text", line.text);
    if (line.left_out > 0) out += ",\"left_out\":" + std::to_string(line.left_out);
    return out += '}';
}

// The text comes last: whatever it says cannot be taken for one of the fields before it.
std::string as_text(const Line& line) {
    std::string out = stamp(line.at);
    (out += ' ') += kLevelNames[static_cast<std::size_t>(line.level)];
    out += ' ';
    if (!line.pipeline.empty()) {
        append_escaped(out, line.pipeline, Form::text);
        out += ' ';
    }
    append_escaped(out, line.event, Form::text);
    if (line.left_out > 0) out += " (" + std::to_string(line.left_out) + " more left out)";
    out += ": ";
    append_escaped(out, line.text, Form::text);
    return out;
}

}  // namespace

std::string format(const Line& line, Form form) { return form == Form::json ? as_json(line) : as_text(line); }

std::optional<std::uint64_t> Limiter::admit(std::string_view event, std::string_view pipeline, Time now) {
    std::pair<std::string, std::string> pair(event.substr(0, kMaxText), pipeline.substr(0, kMaxText));
    if (windows_.size() >= kMaxPairs && !windows_.contains(pair)) windows_.clear();
    auto& window = windows_.try_emplace(std::move(pair), Window{.begin = now}).first->second;
    if (now - window.begin >= kWindow) window = {.begin = now, .written = 0, .left_out = window.left_out};
    if (window.written == kBurst) {
        ++window.left_out;
        return std::nullopt;
    }
    ++window.written;
    return std::exchange(window.left_out, 0);
}

}  // namespace millrace::logging
