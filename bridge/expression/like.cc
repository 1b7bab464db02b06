#include "bridge/expression/like.h"

#include <algorithm>

#include "bridge/expression/characters.h"

namespace millrace::expression {
namespace {

constexpr auto kNone = std::string_view::npos;
constexpr char32_t kLast = 0xffffffff;

// Reads a pattern character by character.
struct Pattern {
    std::string_view text;
    std::string_view escape;
    std::size_t at = 0;

    [[nodiscard]] bool done() const { return at >= text.size(); }
    [[nodiscard]] bool next_is(char c) const { return !done() && text[at] == c; }
    [[nodiscard]] bool escapes() const { return !escape.empty() && text.substr(at).starts_with(escape); }
    // The next one, which stands for itself when it is escaped.
    char32_t take() {
        if (escapes()) at += escape.size();
        return next_character(text, at);
    }
};

using Ranges = std::vector<std::pair<char32_t, char32_t>>;

// Behind `[` or `[^`, up to and with the `]`.
std::expected<Ranges, std::string> set_of(Pattern& pattern) {
    Ranges ranges;
    while (!pattern.next_is(']')) {
        if (pattern.done()) return std::unexpected("has a [ without its ]");
        const bool is_plain = !pattern.escapes();
        if (!is_plain && pattern.at + pattern.escape.size() >= pattern.text.size()) {
            return std::unexpected("ends with its escape character");
        }
        const char32_t first = pattern.take();
        char32_t last = first;
        const bool is_range =
            pattern.next_is('-') && pattern.at + 1 < pattern.text.size() && pattern.text[pattern.at + 1] != ']';
        if (is_range) {
            ++pattern.at;
            if (pattern.escapes() && pattern.at + pattern.escape.size() >= pattern.text.size()) {
                return std::unexpected("ends with its escape character");
            }
            last = pattern.take();
        }
        if (last < first) return std::unexpected("has a range that ends before it begins");
        ranges.emplace_back(first, last);
    }
    ++pattern.at;
    if (ranges.empty()) return std::unexpected("has an empty set []");
    return ranges;
}

}  // namespace

bool LikePattern::Element::takes(char32_t c) const {
    const bool in =
        std::ranges::any_of(ranges, [c](const auto& range) { return range.first <= c && c <= range.second; });
    return in != negated;
}

void LikePattern::Run::add(Element element) {
    const std::uint64_t bit = 1ull << elements.size();
    for (char32_t c = 0; c < ascii.size(); ++c) {
        if (element.takes(c)) ascii[c] |= bit;
    }
    elements.push_back(std::move(element));
}

std::uint64_t LikePattern::Run::takers(char32_t c) const {
    if (c < ascii.size()) return ascii[c];
    std::uint64_t bits = 0;
    for (std::size_t i = 0; i < elements.size(); ++i) {
        if (elements[i].takes(c)) bits |= 1ull << i;
    }
    return bits;
}

std::size_t LikePattern::Run::match(std::string_view text, std::size_t from) const {
    for (const Element& element : elements) {
        if (from >= text.size() || !element.takes(next_character(text, from))) return kNone;
    }
    return from;
}

std::size_t LikePattern::Run::find(std::string_view text, std::size_t from) const {
    if (elements.empty()) return from;
    const std::uint64_t whole = 1ull << (elements.size() - 1);
    // Bit i: the last i + 1 characters match the first i + 1 elements.
    for (std::uint64_t progress = 0; from < text.size();) {
        progress = ((progress << 1) | 1) & takers(next_character(text, from));
        if ((progress & whole) != 0) return from;
    }
    return kNone;
}

std::expected<LikePattern, std::string> LikePattern::make(std::string_view text, std::string_view escape) {
    LikePattern made;
    Pattern pattern{text, escape};
    while (!pattern.done()) {
        Element element;
        if (!pattern.escapes() && pattern.next_is('%')) {
            ++pattern.at;
            made.runs_.emplace_back();
            continue;
        }
        if (!pattern.escapes() && pattern.next_is('_')) {
            ++pattern.at;
            element.ranges.emplace_back(0, kLast);
        } else if (!pattern.escapes() && pattern.next_is('[')) {
            ++pattern.at;
            if (pattern.next_is('^')) {
                element.negated = true;
                ++pattern.at;
            }
            auto ranges = set_of(pattern);
            if (!ranges) return std::unexpected(std::move(ranges.error()));
            element.ranges = *std::move(ranges);
        } else {
            if (pattern.escapes() && pattern.at + escape.size() >= text.size()) {
                return std::unexpected("ends with its escape character");
            }
            const char32_t c = pattern.take();
            element.ranges.emplace_back(c, c);
        }
        if (made.runs_.back().elements.size() == kLongestRun) {
            return std::unexpected("has more than " + std::to_string(kLongestRun) + " characters without a %");
        }
        made.runs_.back().add(std::move(element));
    }
    return made;
}

bool LikePattern::matches(std::string_view text) const {
    std::size_t at = runs_.front().match(text, 0);
    if (at == kNone) return false;
    if (runs_.size() == 1) return at == text.size();
    for (std::size_t i = 1; i + 1 < runs_.size(); ++i) {
        at = runs_[i].find(text, at);
        if (at == kNone) return false;
    }
    const Run& last = runs_.back();
    std::size_t from = text.size();
    for (std::size_t i = 0; i < last.elements.size(); ++i) {
        if (from <= at) return false;
        from = character_before(text, from);
    }
    return from >= at && last.match(text, from) == text.size();
}

}  // namespace millrace::expression
