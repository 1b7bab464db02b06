#include "bridge/codec/window_fields.h"

#include <string>

#include "bridge/codec/timestamp.h"
#include "bridge/windows/operands.h"

namespace millrace::codec {

WindowFields::WindowFields(const settings::Pipeline& pipeline, WantedFields& fields)
    : settings_(pipeline.event), fields_(fields) {
    if (!settings::is_owned(pipeline)) return;
    if (!settings_.timestamp.empty()) timestamp_ = fields.add(settings_.timestamp);
    for (const Operand& operand : windows::operands(pipeline.aggregates)) {
        const bool of_event = operand.from == Operand::From::event;
        values_.push_back(of_event ? std::optional(fields.add(operand.path)) : std::nullopt);
    }
}

std::optional<Verdict> WindowFields::set_time(Event& event) const {
    if (!timestamp_) return std::nullopt;
    const Found& found = fields_.at(*timestamp_);
    const bool is_there = found.kind != Found::Kind::missing;
    const auto at = is_there ? parse_timestamp(found.raw, settings_.timestamp_unit)
                             : Result<ServerTime>(fail(ErrorCode::invalid, "is missing"));
    if (!at) return Verdict{Reason::timestamp_invalid, settings_.timestamp + " " + at.error().text, 0, {}};
    event.at = *at;
    return std::nullopt;
}

void WindowFields::add_values(Event& event) {
    event.values.reserve(values_.size());
    for (const auto& slot : values_) event.values.push_back(slot ? maker_.make(fields_.at(*slot)) : Value(Null{}));
}

}  // namespace millrace::codec
