#include <doctest/doctest.h>

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "subjects/subject_template.h"

namespace millrace::subjects {

namespace {

// All sequences of `words` of 1 to `most` tokens; `>` only where it may stand.
std::vector<std::string> sequences(const std::vector<std::string>& words, int most) {
    std::vector<std::string> all;
    std::vector<std::string> open = {""};
    for (int length = 1; length <= most; ++length) {
        std::vector<std::string> longer;
        for (const auto& begun : open) {
            for (const auto& word : words) {
                auto text = begun.empty() ? word : begun + "." + word;
                if (word != ">") longer.push_back(text);
                all.push_back(std::move(text));
            }
        }
        open = std::move(longer);
    }
    return all;
}

// The meaning of a filter, written down on its own: by recursion on the text.
bool matches(std::string_view filter, std::string_view subject) {
    if (filter == ">") return !subject.empty();
    const auto filter_dot = filter.find('.');
    const auto subject_dot = subject.find('.');
    if (filter.substr(0, filter_dot) != "*" && filter.substr(0, filter_dot) != subject.substr(0, subject_dot))
        return false;
    if (filter_dot == std::string_view::npos || subject_dot == std::string_view::npos) return filter_dot == subject_dot;
    return matches(filter.substr(filter_dot + 1), subject.substr(subject_dot + 1));
}

}  // namespace

TEST_CASE("filters: cases a person would look up") {
    CHECK(overlap("events.*.trips", "events.acme.*"));
    CHECK(overlap("events.>", "events.acme.trips"));
    CHECK(overlap(">", "anything"));
    CHECK(overlap("a.*", "*.b"));
    CHECK_FALSE(overlap("a.>", "a"));
    CHECK_FALSE(overlap("a.*", "b.*"));
    CHECK_FALSE(overlap("a.b", "a.b.c"));
    CHECK(covers("events.>", "events.*.trips"));
    CHECK(covers("events.*", "events.acme"));
    CHECK_FALSE(covers("events.*", "events.>"));
    CHECK_FALSE(covers("*.>", ">"));
    CHECK(covers(">", "*.>"));
    CHECK_FALSE(covers("events.acme", "events.*"));
    CHECK_FALSE(covers("a.>", "a"));
}

TEST_CASE("filters: what is no filter overlaps and covers nothing") {
    for (const std::string_view bad : {"", ".", "a.", ".a", "a..b"}) {
        CAPTURE(bad);
        CHECK_FALSE(overlap(bad, bad));
        CHECK_FALSE(covers(bad, bad));
    }
    CHECK_FALSE(overlap("", ">"));
    CHECK_FALSE(covers("a.*", "a."));
}

TEST_CASE("filters: overlap and covers agree with matching every subject one by one") {
    const auto filters = sequences({"a", "b", "*", ">"}, 3);
    // `c` stands for the tokens no filter names, and one token more than the longest filter for its tail.
    const auto subjects = sequences({"a", "b", "c"}, 4);
    for (const auto& x : filters) {
        for (const auto& y : filters) {
            bool common = false;
            bool all = true;
            for (const auto& subject : subjects) {
                const bool in_y = matches(y, subject);
                const bool in_x = matches(x, subject);
                common = common || (in_x && in_y);
                all = all && (in_x || !in_y);
            }
            if (overlap(x, y) != common || covers(x, y) != all) {
                CAPTURE(x);
                CAPTURE(y);
                CHECK(overlap(x, y) == common);
                CHECK(covers(x, y) == all);
            }
        }
    }
    CHECK(filters.size() == 52);
}

}  // namespace millrace::subjects
