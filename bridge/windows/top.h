// top_n: the greatest numbers and strings, or the smallest, as [{"rank":1,"value":9},{"rank":2,"value":7}]. Equal ones
// have a rank each; nothing tells them apart. Every number is below every string; other types are ignored as null is.
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
    [[nodiscard]] std::size_t held() const { return bytes_ + values_.capacity() * sizeof(Value); }

  private:
    void take(const Value& value);

    std::uint32_t most_;
    bool ascending_;
    std::vector<Value> values_;  // the best first
    std::size_t bytes_ = 0;      // of their texts
};

}  // namespace millrace::windows
