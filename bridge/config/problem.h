// Problem: one mistake in a configuration file, in the words shown to the person who wrote it.
//
// `Problems` collects them while the file is read, so that all are told at once. Bound: kMost; what comes after is
// counted, not kept. Not thread-safe.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace millrace::config {

// Where a value stands; 1-based, columns count bytes. Line 0: nowhere in the file.
struct Place {
    int line = 0;
    int column = 0;
};

enum class Severity { error, warning, note };

struct Problem {
    std::string file;
    int line = 0;
    int column = 0;
    std::string path;  // pipelines[0].endpoint.url; empty for a mistake about the file as a whole
    std::string text;  // what 'value' rule (hint)
    Severity severity = Severity::error;
};

// FILE:LINE:COL: path: text; a warning or a note says so before the path.
std::string format(const Problem& problem);

class Problems {
  public:
    static constexpr std::size_t kMost = 100;

    explicit Problems(std::string file) : file_(std::move(file)) {}

    void add(Place place, std::string path, std::string text, Severity severity = Severity::error);
    [[nodiscard]] bool empty() const { return found_.empty(); }
    // Whether something was found at this path, or at one that contains it.
    [[nodiscard]] bool spoils(std::string_view path) const;
    // Everything found, in the order of the file.
    [[nodiscard]] std::vector<Problem> take() &&;

  private:
    std::string file_;
    std::vector<Problem> found_;
    std::size_t dropped_ = 0;
};

// 'value' as it is quoted in a text: control characters shown as ?, cut when long.
std::string quote(std::string_view value);

}  // namespace millrace::config
