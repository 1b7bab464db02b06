#include "bridge/windows/top.h"

#include <algorithm>

namespace millrace::windows {

void Top::add(const Input& input) {
    if (is_ordered(input.value)) take(input.value);
}

void Top::take(const Value& value) {
    const auto before = [this](const Value& a, const Value& b) { return ascending_ ? Less{}(a, b) : Less{}(b, a); };
    const auto at = std::upper_bound(values_.begin(), values_.end(), value, before);
    if (at - values_.begin() >= most_) return;
    bytes_ += held_bytes(value);
    values_.insert(at, value);
    if (values_.size() <= most_) return;
    bytes_ -= held_bytes(values_.back());
    values_.pop_back();
}

void Top::merge(const Top& other) {
    for (const Value& value : other.values_) take(value);
}

void Top::write(ByteWriter& out) const {
    out.number(values_.size());
    for (const Value& value : values_) write_value(out, value);
}

bool Top::read(ByteReader& in) {
    const std::uint64_t size = in.number();
    if (size > most_) return false;
    for (std::uint64_t i = 0; i < size; ++i) {
        Value value;
        if (!read_value(in, value) || !is_ordered(value)) return false;
        take(value);
    }
    return !in.bad();
}

Outcome Top::outcome(const Select& /*unused*/) const {
    if (values_.empty()) return {};
    std::string json = "[";
    std::size_t rank = 0;
    for (const Value& value : values_) {
        json += (rank == 0 ? R"({"rank":)" : R"(,{"rank":)") + std::to_string(rank + 1) + R"(,"value":)";
        append_json(json, value);
        json += '}';
        ++rank;
    }
    return {RawJson{json + ']'}};
}

}  // namespace millrace::windows
