// Aggregate: one windowed aggregate, as a person configures it and as windows/ computes it.
//
// Plain values, immutable once loaded; config/ fills and checks them (config/fields_aggregate.cc says each one's rule).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "bridge/base/time.h"
#include "bridge/base/value.h"

namespace millrace {

enum class WindowKind { tumbling, hopping, sliding, session, snapshot };

// The interval is (start, end]: an event exactly at `end` belongs to the window that ends there. Windows are aligned to
// the Unix epoch plus `offset`.
struct Window {
    WindowKind kind = WindowKind::tumbling;
    Duration size{};          // tumbling, hopping, sliding: 1 ms to 7 days
    Duration hop{};           // hopping: at most `size`
    Duration offset{};        // tumbling, hopping: 0 to below the hop
    Duration timeout{};       // session: a gap longer than this ends it
    Duration max_duration{};  // session: looked at only at multiples of it since the epoch, as the reference does
    bool operator==(const Window&) const = default;
};

enum class Function {
    count,
    count_distinct,
    sum,
    min,
    max,
    avg,
    stddev,
    stddevp,
    var,
    varp,
    percentile_cont,
    percentile_disc,
    first,
    last,
    top_n,
    collect,
};

// Where a value comes from. `path` is a field's name, or a JSON Pointer when it begins with '/'; of the score an empty
// path means all of it.
struct Operand {
    enum class From { nothing, event, score };
    From from = From::nothing;
    std::string path;
    bool operator==(const Operand&) const = default;
};

struct Select {
    std::string name;  // of the field in the aggregate's body
    Function function = Function::count;
    Operand operand;
    double fraction = 0;     // percentile_*: 0 to 1
    std::uint32_t most = 0;  // top_n: how many
    bool ascending = false;  // top_n: the smallest instead of the largest
    bool operator==(const Select&) const = default;
};

// `name op literal`: an aggregate that does not meet all conditions is not published. A null meets none.
struct Condition {
    enum class Op { equal, not_equal, less, less_or_equal, greater, greater_or_equal };
    std::uint32_t select = 0;  // index of the Select compared
    Op op = Op::equal;
    Value literal;
    bool operator==(const Condition&) const = default;
};

struct Aggregate {
    std::string name;
    Window window;
    std::vector<std::string> group_by;  // fields of the event, as in Operand::path
    std::vector<Select> select;
    std::vector<Condition> having;
    std::string subject;    // template with {tenant}; default aggregates.{tenant}.NAME
    std::string kv_bucket;  // also kept as the newest value of its key in this bucket; empty: not
    bool partial = false;   // the partition is part of subject, body and identity: groups may span partitions
    bool operator==(const Aggregate&) const = default;
};

}  // namespace millrace
