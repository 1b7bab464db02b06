// count(), count(field): how many events, or how many of them have the field, whatever its type.
#pragma once

#include "bridge/windows/function.h"

namespace millrace::windows {

struct Count {
    static constexpr bool kGrows = false;

    explicit Count(const Select&) {}
    void add(const Input&) { ++count; }
    void merge(const Count& other) { count += other.count; }
    void write(ByteWriter& out) const { out.number(count); }
    bool read(ByteReader& in) {
        count = in.number();
        return true;
    }
    [[nodiscard]] Outcome outcome(const Select&) const { return {static_cast<std::int64_t>(count)}; }
    [[nodiscard]] static std::size_t held() { return 0; }

    std::uint64_t count = 0;
};

}  // namespace millrace::windows
