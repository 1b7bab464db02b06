// min and max: of numbers and strings; every number is below every string. Other types are ignored as null is.
#pragma once

#include "bridge/windows/function.h"

namespace millrace::windows {

template <bool Greatest>
struct Extreme {
    static constexpr bool kGrows = false;

    explicit Extreme(const Select&) {}
    void add(const Input& input) {
        if (is_ordered(input.value)) take(input.value);
    }
    void merge(const Extreme& other) {
        if (is_ordered(other.value)) take(other.value);
    }
    void write(ByteWriter& out) const { write_value(out, value); }
    bool read(ByteReader& in) {
        return read_value(in, value) && (is_ordered(value) || std::holds_alternative<Null>(value));
    }
    [[nodiscard]] Outcome outcome(const Select&) const { return {value}; }
    [[nodiscard]] std::size_t held() const { return held_bytes(value); }

    Value value;  // null until there is one

  private:
    void take(const Value& other) {
        const auto order = compare(other, value);
        if (!order || (Greatest ? *order > 0 : *order < 0)) value = other;
    }
};

}  // namespace millrace::windows
