#include "bridge/codec/row_maker.h"

#include <utility>

#include "bridge/codec/json_text.h"
#include "bridge/settings/field_path.h"

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
        if (event.text.size() > limit) return too_large(event.text.size(), limit);
        event.row = event.text;
        return std::nullopt;
    }
    const Brackets around = brackets(pipeline_.endpoint.rows);
    event.row.reserve(columns_.size() * (around.open == "{" ? 24 : 8));
    event.row = around.open;
    for (const auto& column : columns_) {
        event.row += column.key;
        auto fault = column.formula ? add_computed(column, event.row) : add_field(column, event.row);
        if (fault) return fault;
        event.row += ',';
    }
    event.row.pop_back();
    event.row += around.close;
    if (event.row.size() > limit) return too_large(event.row.size(), limit);
    return std::nullopt;
}

std::optional<Verdict> RowMaker::add_field(const Column& column, std::string& row) const {
    const auto& found = fields_.at(column.slot);
    const bool absent = found.kind == Found::Kind::missing || found.kind == Found::Kind::null;
    if (found.kind != Found::Kind::scalar && !(absent && column.feature->fallback)) {
        return unfit(*column.feature, found.kind);
    }
    row += absent ? std::string_view(*column.feature->fallback) : found.raw;
    return std::nullopt;
}

std::optional<Verdict> RowMaker::add_computed(const Column& column, std::string& row) {
    using expression::Type;
    const expression::Cell cell = column.formula->value();
    switch (cell.type) {
        case Type::fault:
            return expression_failed(column.feature->field, cell);
        case Type::record:
            return unfit(*column.feature, Found::Kind::object);
        case Type::array:
            return unfit(*column.feature, Found::Kind::array);
        case Type::null:
            if (!column.feature->fallback) return unfit(*column.feature, Found::Kind::null);
            row += *column.feature->fallback;
            return std::nullopt;
        default:
            append_json(row, cell);
            return std::nullopt;
    }
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
