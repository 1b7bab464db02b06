// first and last: the value of the earliest and of the latest event that has one, by event time, then by place in the
// stream. Of any type.
#pragma once

#include "bridge/windows/function.h"
#include "bridge/windows/moment.h"

namespace millrace::windows {

template <bool Latest>
struct End {
    static constexpr bool kGrows = false;

    explicit End(const Select&) {}
    void add(const Input& input) { take(input.value, {input.at, input.place}); }
    void merge(const End& other) {
        if (other.any()) take(other.value, other.moment);
    }
    void write(ByteWriter& out) const {
        write_value(out, value);
        if (any()) write_moment(out, moment);
    }
    bool read(ByteReader& in) {
        if (!read_value(in, value)) return false;
        if (any()) moment = read_moment(in);
        return true;
    }
    [[nodiscard]] Outcome outcome(const Select&) const { return {value}; }
    [[nodiscard]] std::size_t held() const { return held_bytes(value); }

    Value value;  // null until there is one
    Moment moment;

  private:
    [[nodiscard]] bool any() const { return !std::holds_alternative<Null>(value); }
    void take(const Value& other, const Moment& at) {
        if (any() && (Latest ? at < moment : moment < at)) return;
        value = other;
        moment = at;
    }
};

}  // namespace millrace::windows
