#include "bridge/config/problem.h"

#include <algorithm>
#include <utility>

namespace millrace::config {
namespace {

constexpr std::size_t kLongestQuote = 80;

bool contains(std::string_view outer, std::string_view path) {
    return path.starts_with(outer) &&
           (path.size() == outer.size() || path[outer.size()] == '.' || path[outer.size()] == '[');
}

}  // namespace

std::string format(const Problem& problem) {
    std::string line = problem.file;
    if (problem.line > 0) line += ":" + std::to_string(problem.line) + ":" + std::to_string(problem.column);
    if (problem.severity == Severity::warning) line += ": warning";
    if (problem.severity == Severity::note) line += ": note";
    line += ": ";
    if (!problem.path.empty()) line += problem.path + ": ";
    return line + problem.text;
}

void Problems::add(Place place, std::string path, std::string text, Severity severity) {
    if (found_.size() >= kMost) {
        ++dropped_;
        return;
    }
    found_.push_back({file_, place.line, place.column, std::move(path), std::move(text), severity});
}

bool Problems::spoils(std::string_view path) const {
    return std::ranges::any_of(
        found_, [path](const Problem& found) { return !found.path.empty() && contains(found.path, path); });
}

std::vector<Problem> Problems::take() && {
    std::ranges::stable_sort(found_, {}, [](const Problem& found) { return std::pair(found.line, found.column); });
    if (dropped_ > 0) {
        found_.push_back({file_, 0, 0, "", "and " + std::to_string(dropped_) + " more problems", Severity::error});
    }
    return std::move(found_);
}

std::string quote(std::string_view value) {
    const bool cut = value.size() > kLongestQuote;
    if (cut) {
        value = value.substr(0, kLongestQuote);
        while (!value.empty() && (value.back() & 0xC0) == 0x80) value.remove_suffix(1);  // no half character
        if (!value.empty() && (value.back() & 0x80) != 0) value.remove_suffix(1);
    }
    std::string text = "'";
    for (const char c : value) text += (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) ? '?' : c;
    return text + (cut ? "…'" : "'");
}

}  // namespace millrace::config
