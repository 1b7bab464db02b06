#include "bridge/protocols/answer_text.h"

#include <algorithm>
#include <array>
#include <limits>
#include <utility>

#include "bridge/protocols/json_pointer.h"
#include "bridge/protocols/json_reader.h"
#include "bridge/protocols/non_finite.h"

namespace millrace::protocols {
namespace {

using settings::NonFinite;
using Kind = JsonReader::Kind;

constexpr std::size_t kMaxUnwraps = 2;
constexpr std::size_t kMaxOutputs = 256;
constexpr std::array<std::string_view, 4> kErrorMembers = {"error", "errors", "message", "detail"};

struct Slice {
    std::string_view text;
    bool non_finite;  // holds a NaN or Infinity
};

// The results themselves, or one output of several.
struct Column {
    std::string_view raw_name = {};
    std::vector<Slice> slices = {};  // at most one per row, into the body or into unwrapped text
    std::size_t count = 0;           // elements there were
};

// How well a member fits a step. The better one wins; two equally good ones are a contradiction.
enum class Fit { none, lone, named };

std::string_view described(Kind kind) {
    switch (kind) {
        case Kind::object:
            return "an object";
        case Kind::array:
            return "an array";
        case Kind::string:
            return "a string";
        case Kind::number:
            return "a number";
        case Kind::literal:
            return "true, false or null";
        case Kind::non_finite:
            return "NaN or Infinity";
        case Kind::nothing:
            break;
    }
    return "nothing";
}

bool means_error(std::string_view raw_name) {
    return std::ranges::any_of(kErrorMembers, [raw_name](std::string_view name) { return is_name(raw_name, name); });
}

Fit fit(const Step& step, std::string_view raw_name) {
    for (const std::string& member : step.members) {
        if (is_name(raw_name, member)) return Fit::named;
    }
    return step.or_the_only_member && !means_error(raw_name) ? Fit::lone : Fit::none;
}

std::string wanted(const Step& step) {
    std::string text;
    for (const std::string& member : step.members) text += (text.empty() ? "\"" : " or \"") + member + '"';
    return text;
}

// Goes along a route through one response. Recursion: one level for each step and each unwrapped string, so bounded by
// the configuration. A syntax error sticks in the reader, a wrong shape in `problem_`; reading goes on behind a wrong
// shape, since a better member may follow.
class Walk {
  public:
    Walk(const Route& route, std::size_t rows, NonFinite policy) : route_(route), rows_(rows), policy_(policy) {}

    Result<std::vector<std::string>> run(std::string_view body) {
        if (!is_utf8(body)) return fail(ErrorCode::invalid, "the body is not UTF-8");
        JsonReader reader(body, policy_ != NonFinite::error);
        visit(reader, 0);
        if (!reader.finish()) return fail(ErrorCode::invalid, "the body is no JSON: " + reader.complaint());
        if (!problem_.empty()) return fail(ErrorCode::invalid, expected(rows_) + ", " + problem_);
        for (const Column& column : columns_) {
            if (column.count == rows_) continue;
            const std::string where = column.raw_name.empty() ? "" : " in \"" + std::string(column.raw_name) + '"';
            return fail(ErrorCode::invalid, expected(rows_) + ", found " + std::to_string(column.count) + where);
        }
        return texts();
    }

  private:
    void visit(JsonReader& reader, std::size_t level) {
        const Kind kind = reader.peek();
        const bool at_end = level == route_.size();
        if (at_end && level > 0 && route_[level - 1].whole_below) return whole(reader);
        if (kind == Kind::string) return unwrap(reader, level);
        if (kind == Kind::array && (at_end || route_[level].or_array_here)) return slice(reader, {});
        if (kind == Kind::object && at_end && level > 0 && route_[level - 1].or_columns_below) return columns(reader);
        if (kind == Kind::array && !at_end) return into_array(reader, level);
        if (kind == Kind::object && !at_end) return into_object(reader, level);
        problem_ = "found " + std::string(described(kind)) + " where " + (at_end ? "an array" : wanted(route_[level])) +
                   " belongs";
        reader.skip();
    }

    void whole(JsonReader& reader) {
        Column& column = columns_.emplace_back();
        static_cast<void>(reader.take_non_finite());
        const std::string_view text = reader.skip();
        if (text == "null") problem_ = "found null";
        column.slices.push_back({text, reader.take_non_finite()});
        column.count = 1;
    }

    void slice(JsonReader& reader, std::string_view raw_name) {
        Column& column = columns_.emplace_back(raw_name);
        column.slices.reserve(std::min<std::size_t>(rows_, 10000));
        reader.enter();
        while (reader.more()) {
            const std::string_view text = reader.skip();
            const bool non_finite = reader.take_non_finite();
            if (column.count++ < rows_) column.slices.push_back({text, non_finite});
        }
    }

    void columns(JsonReader& reader) {
        named_ = true;
        reader.enter();
        while (reader.more()) {
            const std::string_view name = reader.key();
            if (columns_.size() == kMaxOutputs) {
                problem_ = "found more than 256 outputs";
            } else if (std::ranges::find(columns_, name, &Column::raw_name) != columns_.end()) {
                problem_ = "found \"" + std::string(name) + "\" more than once";
            } else if (reader.peek() == Kind::array) {
                slice(reader, name);
                continue;
            } else {
                problem_ = "found an output that is no array, \"" + std::string(name) + '"';
            }
            reader.skip();
        }
        if (columns_.empty()) problem_ = "found an object without outputs";
    }

    void into_array(JsonReader& reader, std::size_t level) {
        const std::vector<std::string>& members = route_[level].members;
        // No array has that many elements; a plain number, because GCC 12 warns of the optional at -O2.
        constexpr std::size_t kNone = std::numeric_limits<std::size_t>::max();
        const std::size_t index = members.size() == 1 ? as_index(members.front()).value_or(kNone) : kNone;
        std::size_t at = 0;
        bool found = false;
        reader.enter();
        while (reader.more()) {
            found = found || at == index;
            if (at++ == index) {
                visit(reader, level + 1);
            } else {
                reader.skip();
            }
        }
        if (!found) problem_ = "found an array without " + wanted(route_[level]);
    }

    void into_object(JsonReader& reader, std::size_t level) {
        Fit best = Fit::none;
        bool twice = false;
        std::size_t members = 0;
        const std::size_t unwraps = unwraps_;
        reader.enter();
        while (reader.more()) {
            const Fit now = fit(route_[level], reader.key());
            ++members;
            twice = now > best ? false : twice || (now == best && now == Fit::named);
            if (now <= best) {
                reader.skip();
                continue;
            }
            best = now;
            forget(unwraps);
            visit(reader, level + 1);
        }
        if (best == Fit::none || (best == Fit::lone && members > 1)) {
            problem_ = "found an object without " + wanted(route_[level]);
        } else if (twice) {
            problem_ = "found " + wanted(route_[level]) + " more than once";
        }
    }

    void unwrap(JsonReader& reader, std::size_t level) {
        const std::string_view quoted = reader.skip();
        if (reader.failed()) return;
        auto text = unwraps_ < kMaxUnwraps ? unescape(quoted.substr(1, quoted.size() - 2)) : std::nullopt;
        if (text) {
            std::string& held = unwrapped_[unwraps_++];
            held = std::move(*text);
            JsonReader inner(held, policy_ != NonFinite::error);
            visit(inner, level);
            if (inner.finish()) return;
        }
        problem_ = "found a string that holds no JSON";
        if (level > 0) problem_ += ": " + std::string(quoted.substr(0, 200));
    }

    // Drops what a member that fits less well gave.
    void forget(std::size_t unwraps) {
        unwraps_ = unwraps;
        columns_.clear();
        named_ = false;
        problem_.clear();
    }

    void append(std::string& out, const Slice& slice) const {
        if (slice.non_finite) {
            out += finite(slice.text, policy_);
        } else {
            out += slice.text;
        }
    }

    std::vector<std::string> texts() const {
        std::vector<std::string> out(rows_);
        for (std::size_t i = 0; i < rows_; ++i) {
            for (const Column& column : columns_) {
                if (named_) out[i].append(out[i].empty() ? "{\"" : ",\"").append(column.raw_name).append("\":");
                append(out[i], column.slices[i]);
            }
            if (named_) out[i] += '}';
        }
        return out;
    }

    const Route& route_;
    std::size_t rows_;
    NonFinite policy_;
    std::vector<Column> columns_;  // one without a name, or those of an object
    bool named_ = false;
    std::string problem_;
    std::array<std::string, kMaxUnwraps> unwrapped_;
    std::size_t unwraps_ = 0;
};

}  // namespace

std::string expected(std::size_t rows) {
    return "expected " + std::to_string(rows) + (rows == 1 ? " result" : " results");
}

Result<std::vector<std::string>> read_results(std::string_view body, const Route& route, std::size_t rows,
                                              NonFinite policy) {
    return Walk(route, rows, policy).run(body);
}

std::function<Result<std::vector<std::string>>(std::string_view, std::size_t)> results_at(Route route,
                                                                                          NonFinite policy) {
    return [route = std::move(route), policy](std::string_view body, std::size_t rows) {
        return read_results(body, route, rows, policy);
    };
}

}  // namespace millrace::protocols
