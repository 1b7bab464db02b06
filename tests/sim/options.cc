#include "tests/sim/options.h"

#include <algorithm>
#include <charconv>
#include <functional>

#include "tests/sim/fault_class.h"

namespace millrace::sim {
namespace {

using Word = std::string;

bool number(const Word& text, std::uint64_t& value) {
    return std::from_chars(text.data(), text.data() + text.size(), value).ptr == text.data() + text.size();
}
bool number(const Word& text, std::optional<std::uint64_t>& value) { return number(text, value.emplace()); }

bool fault_classes_in(const Word& text, std::vector<std::string>& names) {
    names = listed(text);
    return std::ranges::all_of(names, [](const auto& name) { return fault_class(name) != nullptr; });
}

struct Option {
    const char* word;
    bool has_value;
    bool (*take)(Options&, const Word&);
};

// clang-format off
constexpr Option kOptions[] = {
    {"--seed",       true,  [](Options& o, const Word& w) { return number(w, o.from); }},
    {"--from",       true,  [](Options& o, const Word& w) { return number(w, o.from); }},
    {"--seeds",      true,  [](Options& o, const Word& w) { return number(w, o.seeds); }},
    {"--trace",      false, [](Options& o, const Word&) { return o.trace = true; }},
    {"--twice",      false, [](Options& o, const Word&) { return o.twice = true; }},
    {"--keep-going", false, [](Options& o, const Word&) { return o.keep_going = true; }},
    {"--hash",       false, [](Options& o, const Word&) { return o.hash = true; }},
    {"--shrink",     false, [](Options& o, const Word&) { return o.shrink = true; }},
    {"--marks",      false, [](Options& o, const Word&) { return o.marks = true; }},
    {"--exhaustive", false, [](Options& o, const Word&) { return o.exhaustive = true; }},
    {"--deviations", true,  [](Options& o, const Word& w) { return number(w, o.bounds.deviations); }},
    {"--orders",     true,  [](Options& o, const Word& w) { return number(w, o.bounds.orders); }},
    {"--expect",     true,  [](Options& o, const Word& w) { o.expect = w; return true; }},
    {"--replay",     true,  [](Options& o, const Word& w) { o.replay = w; return true; }},
    {"--owned",      false, [](Options& o, const Word&) { return o.bounds.owned = o.edits.owned = true; }},
    {"--plain",      false, [](Options& o, const Word&) { return o.edits.plain = true; }},
    {"--strict",     false, [](Options& o, const Word&) { return o.bounds.strict = o.edits.strict = true; }},
    {"--without",    true,  [](Options& o, const Word& w) { return fault_classes_in(w, o.edits.without); }},
    {"--events",     true,  [](Options& o, const Word& w) { return number(w, o.bounds.events) && number(w, o.edits.events); }},
    {"--replicas",   true,  [](Options& o, const Word& w) { return number(w, o.bounds.replicas) && number(w, o.edits.replicas); }},
    {"--tenants",    true,  [](Options& o, const Word& w) { return number(w, o.edits.tenants); }},
    {"--seconds",    true,  [](Options& o, const Word& w) { return number(w, o.edits.seconds); }},
};
// clang-format on

}  // namespace

const char* const kUsage =
    "usage: sim --seeds N [--from K] [--twice] [--keep-going] [--hash] [--marks] [--strict] [--expect "
    "PROMISE[,PROMISE]]\n"
    "       sim --seed N [--trace] [--shrink] [--plain] [--without FAULT[,FAULT]] [--events N] [--replicas N]\n"
    "                    [--tenants N] [--seconds N]\n"
    "       sim --exhaustive [--events N] [--replicas N] [--deviations N] [--orders N] [--strict]\n"
    "       sim --replay FILE                          lines of such words, then '#' and why\n";

std::optional<Options> parse_options(const std::vector<std::string>& words) {
    Options options;
    for (auto word = words.begin(); word != words.end(); ++word) {
        const auto* option = std::ranges::find_if(kOptions, [&](const Option& o) { return *word == o.word; });
        if (option == std::end(kOptions)) return std::nullopt;
        if (option->has_value && ++word == words.end()) return std::nullopt;
        if (!option->take(options, *word)) return std::nullopt;
    }
    return options;
}

std::vector<std::string> listed(const std::string& text) {
    std::vector<std::string> names;
    for (std::size_t from = 0; from < text.size();) {
        const auto comma = std::min(text.find(',', from), text.size());
        names.push_back(text.substr(from, comma - from));
        from = comma + 1;
    }
    return names;
}

}  // namespace millrace::sim
