// collect: the values of all types but null, as an array, by event time, then by place in the stream.
//
// Kept are the first kMost values of kMostBytes in all; from the first that does not fit on none, whatever comes, and
// the field is marked truncated. So what is kept does not depend on the order in which it came.
#pragma once

#include <map>
#include <optional>

#include "bridge/windows/function.h"
#include "bridge/windows/moment.h"

namespace millrace::windows {

struct Collect {
    static constexpr bool kGrows = true;
    static constexpr std::size_t kMost = 1000;
    static constexpr std::size_t kMostBytes = 64 << 10;  // of texts

    explicit Collect(const Select&) {}
    void add(const Input& input) { take({input.at, input.place}, input.value); }
    void merge(const Collect& other);
    void write(ByteWriter& out) const;
    bool read(ByteReader& in);
    [[nodiscard]] Outcome outcome(const Select&) const;
    [[nodiscard]] std::size_t held() const { return bytes_ + rows_.size() * 120; }

  private:
    void take(const Moment& moment, const Value& value);
    void end_before(Moment moment);

    std::map<Moment, Value> rows_;
    std::optional<Moment> end_;  // nothing from here on is kept
    std::size_t bytes_ = 0;
};

}  // namespace millrace::windows
