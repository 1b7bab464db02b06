#include "bridge/codec/formula.h"

#include <array>
#include <charconv>
#include <deque>
#include <utility>
#include <variant>

#include "bridge/base/check.h"
#include "bridge/codec/element_reader.h"
#include "bridge/codec/json_text.h"

namespace millrace::codec {
namespace {

using expression::Cell;
using expression::Expression;
using expression::Type;

Expression parsed(const std::string& text) {
    auto made = Expression::parse(text);
    MILLRACE_CHECK(made.has_value(), "expressions are checked when the configuration is loaded");
    return *std::move(made);
}

template <typename Number>
void append_number(std::string& out, Number number) {
    std::array<char, 32> digits{};
    out.append(digits.data(), std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr);
}

}  // namespace

Formula::Formula(const std::string& text, WantedFields& fields)
    : expression_(parsed(text)), evaluator_(expression_), fields_(fields) {
    for (const expression::Path& path : expression_.fields()) {
        std::vector<std::string> keys;
        for (const expression::Step& step : path) keys.push_back(step.key);
        slots_.push_back(fields.add(std::move(keys)));
    }
    cells_.resize(slots_.size());
    unescaped_.resize(slots_.size());
}

Cell Formula::value() {
    for (std::size_t i = 0; i < slots_.size(); ++i) cells_[i] = cell(fields_.at(slots_[i]), unescaped_[i]);
    return evaluator_.run(cells_);
}

Cell Formula::cell(const Found& found, std::string& unescaped) {
    Cell made;
    switch (found.kind) {
        case Found::Kind::missing:
        case Found::Kind::null:
            return made;
        case Found::Kind::object:
            return {.type = Type::record, .text = found.raw, .raw = found.raw};
        case Found::Kind::array:
            return {.type = Type::array, .text = found.raw, .raw = found.raw};
        case Found::Kind::scalar:
            break;
    }
    const std::string_view inside = found.raw.front() == '"' ? found.raw.substr(1, found.raw.size() - 2) : "";
    if (found.raw.front() == '"' && inside.find('\\') == std::string_view::npos) {
        made = Cell::of(inside);
    } else {
        Value value = maker_.make(found);
        if (const auto* const bit = std::get_if<bool>(&value)) made = Cell::of(*bit);
        if (const auto* const whole = std::get_if<std::int64_t>(&value)) made = Cell::of(*whole);
        if (const auto* const real = std::get_if<double>(&value)) made = Cell::of(*real);
        if (auto* const text = std::get_if<std::string>(&value)) {
            unescaped = std::move(*text);
            made = Cell::of(std::string_view(unescaped));
        }
        // One that stands for no text (a lone surrogate) is what it is written as.
        if (std::holds_alternative<RawJson>(value)) made = Cell::of(inside);
    }
    made.raw = found.raw;
    return made;
}

void append_json(std::string& out, const Cell& cell) {
    if (!cell.raw.empty()) {
        out += cell.raw;
        return;
    }
    switch (cell.type) {
        case Type::bit:
            out += cell.truth ? "true" : "false";
            break;
        case Type::bigint:
            append_number(out, cell.whole);
            break;
        case Type::real: {
            const std::size_t from = out.size();
            append_number(out, cell.real);
            if (out.find_first_of(".e", from) == std::string::npos) out += ".0";
            break;
        }
        case Type::text:
            out += quoted(cell.text);
            break;
        default:
            out += "null";
    }
}

std::vector<std::pair<std::string, std::string>> computed_features(const settings::Pipeline& pipeline,
                                                                   std::string_view element) {
    WantedFields fields;
    std::deque<Formula> formulas;
    std::vector<std::pair<std::string, std::string>> computed;
    for (const settings::Feature& feature : pipeline.event.features) {
        if (feature.expression.empty()) continue;
        formulas.emplace_back(feature.expression, fields);
        computed.emplace_back(feature.field, "");
    }
    if (computed.empty() || ElementReader(fields).read(element)) return {};
    for (std::size_t i = 0; i < computed.size(); ++i) {
        auto& [name, text] = computed[i];
        const Cell cell = formulas[i].value();
        cell.type == Type::fault ? void(text = expression_failed(name, cell).detail) : append_json(text, cell);
    }
    return computed;
}

Verdict expression_failed(std::string_view what, const Cell& fault) {
    return {Reason::expression_failed,
            std::string(what) + ": the CAST at column " + std::to_string(fault.whole + 1) + " has " +
                std::string(fault.text),
            0,
            {}};
}

}  // namespace millrace::codec
