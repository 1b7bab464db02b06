// top_n: the greatest numbers and strings, or the smallest, the earlier in the stream first among equals, as
// [{"rank":1,"value":9},{"rank":2,"value":7}]. Every number is below every string; other types are ignored as null is.
#pragma once

#include <vector>

#include "bridge/windows/function.h"

namespace millrace::windows {

struct Top {
    static constexpr bool kGrows = true;

    explicit Top(const Select& select) : most_(select.most), ascending_(select.ascending) {}
    void add(const Input& input);
    void merge(const Top& other);
    void write(ByteWriter& out) const;
    bool read(ByteReader& in);
    [[nodiscard]] Outcome outcome(const Select&) const;
    [[nodiscard]] std::size_t held() const { return bytes_ + rows_.capacity() * sizeof(Row); }

  private:
    struct Row {
        Value value;
        Place place;
    };
    [[nodiscard]] bool before(const Row& a, const Row& b) const;
    void take(const Value& value, Place place);

    std::uint32_t most_;
    bool ascending_;
    std::vector<Row> rows_;  // the best first
    std::size_t bytes_ = 0;  // of their texts
};

}  // namespace millrace::windows
