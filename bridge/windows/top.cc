#include "bridge/windows/top.h"

#include <algorithm>

#include "bridge/windows/moment.h"

namespace millrace::windows {

bool Top::before(const Row& a, const Row& b) const {
    const auto order = *compare(a.value, b.value);
    if (order != 0) return ascending_ ? order < 0 : order > 0;
    return a.place < b.place;
}

void Top::add(const Input& input) {
    if (is_ordered(input.value)) take(input.value, input.place);
}

void Top::take(const Value& value, Place place) {
    Row row{value, place};
    const auto order = [this](const Row& a, const Row& b) { return before(a, b); };
    const auto at = std::upper_bound(rows_.begin(), rows_.end(), row, order);
    if (at - rows_.begin() >= most_) return;
    bytes_ += held_bytes(value);
    rows_.insert(at, std::move(row));
    if (rows_.size() <= most_) return;
    bytes_ -= held_bytes(rows_.back().value);
    rows_.pop_back();
}

void Top::merge(const Top& other) {
    for (const Row& row : other.rows_) take(row.value, row.place);
}

void Top::write(ByteWriter& out) const {
    out.number(rows_.size());
    for (const Row& row : rows_) {
        write_value(out, row.value);
        write_place(out, row.place);
    }
}

bool Top::read(ByteReader& in) {
    const std::uint64_t size = in.number();
    if (size > most_) return false;
    for (std::uint64_t i = 0; i < size; ++i) {
        Value value;
        if (!read_value(in, value) || !is_ordered(value)) return false;
        take(value, read_place(in));
    }
    return !in.bad();
}

Outcome Top::outcome(const Select& /*unused*/) const {
    if (rows_.empty()) return {};
    std::string json = "[";
    std::size_t rank = 0;
    for (const Row& row : rows_) {
        json += (rank == 0 ? R"({"rank":)" : R"(,{"rank":)") + std::to_string(rank + 1) + R"(,"value":)";
        append_json(json, row.value);
        json += '}';
        ++rank;
    }
    return {RawJson{json + ']'}};
}

}  // namespace millrace::windows
