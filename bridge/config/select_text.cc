#include "bridge/config/select_text.h"

#include <algorithm>
#include <array>
#include <optional>
#include <vector>

#include "bridge/codec/json_text.h"
#include "bridge/config/problem.h"
#include "bridge/config/rules.h"
#include "bridge/config/scalars.h"
#include "bridge/config/suggest.h"

namespace millrace::config {
namespace {

constexpr std::uint64_t kMostTop = 100;

enum class Arguments { maybe_field, field, fraction_and_field, number_and_field };

struct Row {
    std::string_view name;
    Function function;
    Arguments arguments;
};
constexpr std::array<Row, 16> kFunctions = {{
    {"count", Function::count, Arguments::maybe_field},
    {"count_distinct", Function::count_distinct, Arguments::field},
    {"sum", Function::sum, Arguments::field},
    {"min", Function::min, Arguments::field},
    {"max", Function::max, Arguments::field},
    {"avg", Function::avg, Arguments::field},
    {"stddev", Function::stddev, Arguments::field},
    {"stddevp", Function::stddevp, Arguments::field},
    {"var", Function::var, Arguments::field},
    {"varp", Function::varp, Arguments::field},
    {"percentile_cont", Function::percentile_cont, Arguments::fraction_and_field},
    {"percentile_disc", Function::percentile_disc, Arguments::fraction_and_field},
    {"first", Function::first, Arguments::field},
    {"last", Function::last, Arguments::field},
    {"top_n", Function::top_n, Arguments::number_and_field},
    {"collect", Function::collect, Arguments::field},
}};
static_assert(kFunctions.size() == static_cast<std::size_t>(Function::collect) + 1);

std::string usage(const Row& row) {
    std::string name(row.name);
    switch (row.arguments) {
        case Arguments::maybe_field:
            return name + "() or " + name + "(FIELD)";
        case Arguments::field:
            return name + "(FIELD)";
        case Arguments::fraction_and_field:
            return name + "(0.95, FIELD)";
        case Arguments::number_and_field:
            return name + "(3, FIELD) or " + name + "(3, FIELD, asc)";
    }
    return name;
}

// One function's call taken apart, and what is said when it is wrong.
struct Call {
    std::string_view text;
    const Row* row;
    std::vector<std::string_view> arguments;

    [[nodiscard]] std::unexpected<std::string> wrong(const std::string& what) const {
        return std::unexpected(quote(text) + " " + what);
    }
    [[nodiscard]] std::unexpected<std::string> wrong_count() const {
        return wrong("has " + std::to_string(arguments.size()) + " arguments (write " + usage(*row) + ")");
    }
};

std::vector<std::string_view> split(std::string_view list) {
    std::vector<std::string_view> parts;
    if (codec::trim(list).empty()) return parts;
    for (std::size_t at = 0; at <= list.size();) {
        const std::size_t comma = std::min(list.find(',', at), list.size());
        parts.push_back(codec::trim(list.substr(at, comma - at)));
        at = comma + 1;
    }
    return parts;
}

std::string unknown(std::string_view name) {
    std::array<std::string_view, kFunctions.size()> names;
    std::ranges::transform(kFunctions, names.begin(), &Row::name);
    std::string said = "calls " + quote(name) + ", which is no function (";
    if (const std::string_view meant = nearest(name, names); !meant.empty()) {
        return said + "did you mean " + std::string(meant) + "?)";
    }
    said += "there are";
    for (const std::string_view each : names) said += " " + std::string(each);
    return said + ")";
}

std::expected<Call, std::string> take_apart(std::string_view text) {
    Call call{text, nullptr, {}};
    const std::string_view whole = codec::trim(text);
    const std::size_t open = whole.find('(');
    if (open == std::string_view::npos) return call.wrong("is no call of a function (write for example avg(distance))");
    if (!whole.ends_with(')')) {
        return call.wrong(
            "has no closing bracket at its end (between braces YAML ends a value at a comma: put it in "
            "quotes, or give it a line of its own)");
    }
    const std::string_view name = codec::trim(whole.substr(0, open));
    const auto* const row = std::ranges::find(kFunctions, name, &Row::name);
    if (row == kFunctions.end()) return call.wrong(unknown(name));
    call.row = row;
    call.arguments = split(whole.substr(open + 1, whole.size() - open - 2));
    return call;
}

std::optional<std::string> set_fraction(const Call& call, Select& select) {
    const auto number = parse_number(call.arguments[0]);
    if (!number || *number < 0 || *number > 1) {
        return quote(call.arguments[0]) + " is no number from 0 to 1 (write " + usage(*call.row) + ")";
    }
    select.fraction = *number;
    return std::nullopt;
}

std::optional<std::string> set_most(const Call& call, Select& select) {
    const auto number = parse_whole(call.arguments[0]);
    if (!number || *number < 1 || *number > kMostTop) {
        return quote(call.arguments[0]) + " is no whole number from 1 to 100 (write " + usage(*call.row) + ")";
    }
    select.most = static_cast<std::uint32_t>(*number);
    if (call.arguments.size() < 3 || call.arguments[2] == "desc") return std::nullopt;
    select.ascending = call.arguments[2] == "asc";
    if (select.ascending) return std::nullopt;
    return quote(call.arguments[2]) + " is no order (write asc or desc)";
}

}  // namespace

std::expected<Operand, std::string> parse_operand(std::string_view text) {
    constexpr std::string_view kScore = "score";
    Operand operand{Operand::From::event, std::string(text)};
    if (text == kScore) return Operand{Operand::From::score, {}};
    if (text.starts_with("score.") || text.starts_with("score/")) {
        operand = {Operand::From::score,
                   std::string(text.substr(kScore.size() + (text[kScore.size()] == '.' ? 1 : 0)))};
    }
    if (text == "*") return std::unexpected("'*' is no field (write count() to count every event)");
    if (auto mistake = rules::field_name(operand.path)) return std::unexpected(std::move(*mistake));
    if (text.find_first_of("()\"'") == std::string_view::npos) return operand;
    return std::unexpected(quote(text) +
                           " has a bracket or a quote in it, and must be a field of the event, or of the "
                           "score (write distance, /trip/distance, score or score.fare)");
}

std::expected<Select, std::string> parse_select(std::string_view text) {
    const auto call = take_apart(text);
    if (!call) return std::unexpected(call.error());
    const std::size_t count = call->arguments.size();
    Select select;
    select.function = call->row->function;
    std::size_t field = 0;  // which argument is the field
    std::optional<std::string> mistake;
    switch (call->row->arguments) {
        case Arguments::maybe_field:
            if (count == 0) return select;
            [[fallthrough]];
        case Arguments::field:
            if (count != 1) return call->wrong_count();
            break;
        case Arguments::fraction_and_field:
            if (count != 2) return call->wrong_count();
            field = 1;
            mistake = set_fraction(*call, select);
            break;
        case Arguments::number_and_field:
            if (count != 2 && count != 3) return call->wrong_count();
            field = 1;
            mistake = set_most(*call, select);
            break;
    }
    if (mistake) return std::unexpected(std::move(*mistake));
    auto operand = parse_operand(call->arguments[field]);
    if (!operand) return std::unexpected(std::move(operand.error()));
    select.operand = std::move(*operand);
    return select;
}

}  // namespace millrace::config
