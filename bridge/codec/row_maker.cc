#include "bridge/codec/row_maker.h"

#include <algorithm>
#include <utility>

#include "bridge/codec/json_text.h"
#include "bridge/settings/field_path.h"
#include "bridge/signature/fit.h"

namespace millrace::codec {
namespace {

Verdict fault(Reason reason, std::string detail) { return {reason, std::move(detail), 0, {}}; }

Verdict too_large(std::size_t row_bytes, std::uint64_t limit) {
    return fault(Reason::event_too_large,
                 "row of " + std::to_string(row_bytes) + " bytes, max_batch_bytes is " + std::to_string(limit));
}

// The field's name in a record or a result, as a key.
std::string record_key(std::string_view field) { return member_key(settings::key_of(field)); }

struct Brackets {
    std::string_view open;
    std::string_view close;
};

Brackets brackets(settings::RowShape rows) {
    switch (rows) {
        case settings::RowShape::arrays:
            return {"[", "]"};
        case settings::RowShape::records:
            return {"{", "}"};
        case settings::RowShape::values:
            break;
    }
    return {"", ""};
}

// Why a field cannot stand in a row; only for one that is no scalar and has no fallback.
Verdict unfit(const settings::Feature& feature, Found::Kind kind) {
    switch (kind) {
        case Found::Kind::missing:
            return fault(Reason::field_missing, feature.field);
        case Found::Kind::null:
            return fault(Reason::field_null, feature.field);
        default:
            return fault(Reason::field_wrong_type,
                         feature.field + (kind == Found::Kind::object ? " is an object" : " is an array"));
    }
}

Verdict misfit(const std::string& field, ElementType expected, const std::string& found) {
    return fault(Reason::signature_misfit, field + ": expected " + std::string(name(expected)) + ", found " + found);
}

std::string_view described(Found::Kind kind) {
    switch (kind) {
        case Found::Kind::missing:
            return "nothing";
        case Found::Kind::null:
            return "null";
        case Found::Kind::scalar:
            return "a value";
        case Found::Kind::object:
            return "an object";
        case Found::Kind::array:
            break;
    }
    return "an array";
}

// What a computed value is, as if it stood in the event. Requires: no fault.
Found::Kind kind_of(const expression::Cell& cell) {
    switch (cell.type) {
        case expression::Type::null:
            return Found::Kind::null;
        case expression::Type::record:
            return Found::Kind::object;
        case expression::Type::array:
            return Found::Kind::array;
        default:
            return Found::Kind::scalar;
    }
}

}  // namespace

RowMaker::RowMaker(const settings::Pipeline& pipeline, WantedFields& fields) : pipeline_(pipeline), fields_(fields) {
    const bool records = pipeline.endpoint.rows == settings::RowShape::records;
    for (const auto& feature : pipeline.event.features) {
        Column column{&feature, 0, nullptr, records ? record_key(feature.field) : std::string()};
        if (feature.expression.empty()) {
            column.slot = fields.add(feature.field);
        } else {
            column.formula = std::make_unique<Formula>(feature.expression, fields);
        }
        columns_.push_back(std::move(column));
    }
    if (pipeline.results.include != settings::Include::fields) return;
    for (const auto& field : pipeline.results.include_fields)
        members_.push_back({fields.add(field), record_key(field)});
}

void RowMaker::expect(std::vector<SignatureField> columns) {
    expected_ = std::move(columns);
    expected_at_.clear();
    if (!columns_.empty()) return;
    for (const SignatureField& field : expected_) expected_at_.push_back(fields_.add(std::vector{field.name}));
}

std::optional<Verdict> RowMaker::fill(Event& event) const {
    if (auto fault = fill_row(event)) {
        event.row.clear();
        return fault;
    }
    fill_included(event);
    return std::nullopt;
}

std::optional<Verdict> RowMaker::fill_row(Event& event) const {
    const auto limit = pipeline_.endpoint.max_batch_bytes;
    if (columns_.empty()) {
        if (auto fault = fill_whole(event)) return fault;
        if (event.row.size() > limit) return too_large(event.row.size(), limit);
        return std::nullopt;
    }
    const Brackets around = brackets(pipeline_.endpoint.rows);
    event.row.reserve(columns_.size() * (around.open == "{" ? 24 : 8));
    event.row = around.open;
    for (std::size_t i = 0; i < columns_.size(); ++i) {
        event.row += columns_[i].key;
        if (auto fault = fill_column(i, event.row)) return fault;
        event.row += ',';
    }
    event.row.pop_back();
    event.row += around.close;
    if (event.row.size() > limit) return too_large(event.row.size(), limit);
    return std::nullopt;
}

std::optional<Verdict> RowMaker::fill_whole(Event& event) const {
    std::vector<std::pair<std::string_view, std::string>> changes;  // a value in the event, and what stands for it
    for (std::size_t i = 0; i < expected_.size(); ++i) {
        const SignatureField& expected = expected_[i];
        const Found& found = fields_.at(expected_at_[i]);
        const bool absent = found.kind == Found::Kind::missing || found.kind == Found::Kind::null;
        // What has a shape is the endpoint's to judge.
        if ((absent && expected.optional) || !expected.shape.empty() || expected.type == ElementType::any) continue;
        if (found.kind != Found::Kind::scalar)
            return misfit(expected.name, expected.type, std::string(described(found.kind)));
        std::string fitted;
        if (!signature::append_fitted(fitted, found.raw, expected.type))
            return misfit(expected.name, expected.type, signature::found_instead(found.raw, expected.type));
        if (fitted != found.raw) changes.emplace_back(found.raw, std::move(fitted));
    }
    std::ranges::sort(changes, {}, [](const auto& change) { return change.first.data(); });
    const char* rest = event.text.data();
    for (const auto& [value, fitted] : changes) {
        if (value.data() < rest) continue;  // two inputs of one name
        event.row.append(rest, value.data()).append(fitted);
        rest = value.data() + value.size();
    }
    event.row.append(rest, event.text.data() + event.text.size());
    return std::nullopt;
}

// A default of null is the configuration's own word, whatever the endpoint says.
std::optional<Verdict> RowMaker::fill_column(std::size_t index, std::string& row) const {
    const Column& column = columns_[index];
    std::string computed;
    Found found;
    if (column.formula) {
        const expression::Cell cell = column.formula->value();
        if (cell.type == expression::Type::fault) return expression_failed(column.feature->field, cell);
        found.kind = kind_of(cell);
        if (found.kind == Found::Kind::scalar) append_json(computed, cell);
        found.raw = computed;
    } else {
        found = fields_.at(column.slot);
    }
    const SignatureField* const expected = index < expected_.size() ? &expected_[index] : nullptr;
    const bool absent = found.kind == Found::Kind::missing || found.kind == Found::Kind::null;
    std::string_view raw = found.raw;
    if (absent && column.feature->fallback) {
        raw = *column.feature->fallback;
    } else if (absent && expected != nullptr && expected->optional) {
        raw = "null";
    } else if (found.kind != Found::Kind::scalar) {
        return unfit(*column.feature, found.kind);
    }
    if (expected == nullptr || raw == "null") {
        row += raw;
        return std::nullopt;
    }
    if (signature::append_fitted(row, raw, expected->type)) return std::nullopt;
    return misfit(column.feature->field, expected->type, signature::found_instead(raw, expected->type));
}

void RowMaker::fill_included(Event& event) const {
    if (pipeline_.results.include == settings::Include::everything) {
        event.included.reserve(event.text.size() + 8);
        event.included = "\"event\":";
        event.included += event.text;
        return;
    }
    for (const auto& member : members_) {
        const auto& found = fields_.at(member.slot);
        if (found.kind == Found::Kind::missing) continue;
        if (!event.included.empty()) event.included += ',';
        event.included += member.key;
        event.included += found.raw;
    }
}

}  // namespace millrace::codec
