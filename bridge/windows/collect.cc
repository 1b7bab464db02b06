#include "bridge/windows/collect.h"

#include <iterator>

namespace millrace::windows {

void Collect::take(const Moment& moment, const Value& value) {
    if (end_ && moment >= *end_) return;
    if (rows_.emplace(moment, value).second) bytes_ += held_bytes(value);
    while (rows_.size() > kMost || bytes_ > kMostBytes) end_before(std::prev(rows_.end())->first);
}

void Collect::end_before(Moment moment) {
    if (!end_ || moment < *end_) end_ = moment;
    while (!rows_.empty() && std::prev(rows_.end())->first >= *end_) {
        bytes_ -= held_bytes(std::prev(rows_.end())->second);
        rows_.erase(std::prev(rows_.end()));
    }
}

void Collect::merge(const Collect& other) {
    if (other.end_) end_before(*other.end_);
    for (const auto& [moment, value] : other.rows_) take(moment, value);
}

void Collect::write(ByteWriter& out) const {
    out.number(rows_.size());
    for (const auto& [moment, value] : rows_) {
        write_moment(out, moment);
        write_value(out, value);
    }
    out.number(end_ ? 1 : 0);
    if (end_) write_moment(out, *end_);
}

bool Collect::read(ByteReader& in) {
    const std::uint64_t size = in.number();
    if (size > kMost) return false;
    for (std::uint64_t i = 0; i < size; ++i) {
        const Moment moment = read_moment(in);
        Value value;
        if (!read_value(in, value)) return false;
        take(moment, value);
    }
    if (in.number() != 0) end_before(read_moment(in));
    return !in.bad();
}

Outcome Collect::outcome(const Select& /*unused*/) const {
    if (rows_.empty() && !end_) return {};
    std::string json = "[";
    for (const auto& [moment, value] : rows_) {
        if (json.size() > 1) json += ',';
        append_json(json, value);
    }
    return {.value = RawJson{json + ']'}, .truncated = end_.has_value()};
}

}  // namespace millrace::windows
