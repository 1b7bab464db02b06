#include "bridge/config/source_text.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

#include "bridge/config/document.h"

namespace millrace::config {
namespace {

Place place_of(std::string_view text, std::size_t offset) {
    const std::string_view before = text.substr(0, offset);
    const std::size_t line_start = before.rfind('\n') + 1;  // npos + 1 is 0
    return {static_cast<int>(std::ranges::count(before, '\n')) + 1, static_cast<int>(offset - line_start) + 1};
}

// The length of the UTF-8 sequence at the front of `text`, 0 when it is none (overlong, surrogate, cut off, stray).
std::size_t sequence_length(std::string_view text) {
    const auto byte = [text](std::size_t i) { return static_cast<std::uint8_t>(text[i]); };
    const std::uint8_t first = byte(0);
    if (first < 0x80) return 1;
    const std::size_t length = first >= 0xC2 && first < 0xE0   ? 2
                               : (first & 0xF0) == 0xE0        ? 3
                               : first >= 0xF0 && first < 0xF5 ? 4
                                                               : 0;
    if (length == 0 || text.size() < length) return 0;
    for (std::size_t i = 1; i < length; ++i) {
        if ((byte(i) & 0xC0) != 0x80) return 0;
    }
    const std::uint8_t second = byte(1);
    const bool refused = (first == 0xE0 && second < 0xA0) || (first == 0xED && second >= 0xA0) ||
                         (first == 0xF0 && second < 0x90) || (first == 0xF4 && second >= 0x90);
    return refused ? 0 : length;
}

bool check_characters(std::string_view text, Problems& problems) {
    for (std::size_t i = 0; i < text.size();) {
        const char c = text[i];
        if (c == '\0') {
            problems.add(place_of(text, i), "", "a NUL byte is not allowed (save the file as UTF-8 text)");
            return false;
        }
        if ((c >= 0 && c < 0x20 && c != '\n' && c != '\t' && c != '\r') || c == 0x7F) {
            problems.add(place_of(text, i), "", "a control character is not allowed (remove it)");
            return false;
        }
        const std::size_t length = sequence_length(text.substr(i));
        if (length == 0) {
            problems.add(place_of(text, i), "", "this byte is not valid UTF-8 (save the file as UTF-8 text)");
            return false;
        }
        i += length;
    }
    return true;
}

bool check_indentation(std::string_view text, Problems& problems) {
    for (std::size_t start = 0; start < text.size();) {
        const std::size_t end = std::min(text.find('\n', start), text.size());
        const std::size_t first = text.find_first_not_of(" \t\r", start);
        const std::size_t tab = text.find('\t', start);
        if (first < end && tab < first) {
            problems.add(place_of(text, tab), "", "a tab is not allowed as indentation (use spaces)");
            return false;
        }
        start = end + 1;
    }
    return true;
}

}  // namespace

std::string read_source(std::istream& file) {
    std::string text;
    std::array<char, 4096> piece{};
    while (text.size() <= kLongestFile) {
        file.read(piece.data(), piece.size());
        if (file.gcount() == 0) break;
        text.append(piece.data(), static_cast<std::size_t>(file.gcount()));
    }
    return text;
}

bool check_source(std::string_view text, Problems& problems) {
    if (text.size() > kLongestFile) {
        problems.add(
            {}, "",
            "the file is longer than " + std::to_string(kLongestFile) + " bytes (split it into one file per process)");
        return false;
    }
    const bool characters = check_characters(text, problems);
    return check_indentation(text, problems) && characters;
}

std::vector<Stretch> stretches(std::string_view source, std::string_view text, Place place, bool in_quotes) {
    constexpr std::string_view kBlanks = " \t\r\n";
    // What YAML takes away: the blanks around a joined line, and what escapes.
    constexpr std::string_view kSkipped = " \t\r\n'\"\\";
    std::size_t at = 0;
    const auto step = [&] {
        const bool ends_line = source[at++] == '\n';
        place = ends_line ? Place{place.line + 1, 1} : Place{place.line, place.column + 1};
    };
    if (in_quotes && (source.starts_with('"') || source.starts_with('\''))) {
        step();
    } else if (in_quotes) {
        while (at < source.size() && source[at] != '\n') step();  // the | or > of a block
    }
    std::vector<Stretch> found;
    bool broken = true;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const bool is_blank = kBlanks.contains(text[i]);
        while (at < source.size() && source[at] != text[i] && kSkipped.contains(source[at])) {
            if (is_blank && !kBlanks.contains(source[at])) break;
            step();
            broken = true;
        }
        if (at < source.size() && source[at] == text[i]) {
            if (broken) found.push_back({i, place});
            broken = false;
            step();
        } else if (!is_blank) {
            return found;
        } else {
            broken = true;  // it stands for the end of a line
        }
    }
    return found;
}

}  // namespace millrace::config
