// The groups of a partition: what Windows holds, for its .cc files.
#pragma once

#include <cstdint>
#include <functional>
#include <list>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "bridge/windows/frames.h"
#include "bridge/windows/moment.h"
#include "bridge/windows/panes.h"
#include "bridge/windows/windows.h"

namespace millrace::windows {

// An aggregate, made ready. Stays where it is.
struct Plan {
    Plan(std::uint32_t which, const Aggregate& of, std::span<const Operand> operands);

    std::uint32_t index;
    Aggregate aggregate;
    Shape shape;
    const Frame* frame;
    std::vector<std::size_t> group_by;  // operands
};

inline constexpr EventTime kNotDue = EventTime::min();

struct Tenant;

struct Group {
    Group(const Plan& of, Tenant& in) : plan(&of), tenant(&in), panes(of.shape) {}

    const Plan* plan;
    Tenant* tenant;
    const std::string* key = nullptr;  // the group values as bytes
    Panes panes;
    EventTime closed = EventTime::min();  // the end of the window closed last, where windows overlap
    EventTime due = kNotDue;              // nothing of it closes before
    std::size_t changed = 0;              // where it stands among the changed, from 1 on
    bool stored = false;                  // a record of it was written or read
};

// In the order in which they close.
struct ByDue {
    bool operator()(const Group* a, const Group* b) const {
        if (a->due != b->due) return a->due < b->due;
        if (a->plan != b->plan) return a->plan->index < b->plan->index;
        return *a->key < *b->key;
    }
};

// Not noexcept, so that the table keeps each key's hash beside it and a search need not read the keys it passes.
struct KeyHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view key) const { return std::hash<std::string_view>{}(key); }
};
template <typename T>
using ByKey = std::unordered_map<std::string, T, KeyHash, std::equal_to<>>;

struct Tenant {
    const std::string* name = nullptr;
    std::vector<ByKey<Group>> groups;  // per aggregate
    std::set<Group*, ByDue> due;       // each of them
};

struct Windows::State {
    explicit State(std::span<const Aggregate> aggregates);

    void add(const Sample& sample);
    bool close(Tenant& tenant, EventTime watermark, std::size_t most, std::vector<Closed>& out);
    void write(const Group& group, ByteWriter& out);
    void write(ByteWriter& out, bool all);
    bool read_record(std::string_view key, std::string_view body);

    [[nodiscard]] Tenant* find(std::string_view name);

    // Nothing is in them yet, and they are not due.
    Group& group(const Plan& plan, Tenant& tenant, std::string_view key);
    Tenant& tenant(std::string_view name);
    void remove(Group& group);
    void forget_if_empty(Tenant& tenant);
    void set_due(Group& group, EventTime due);
    void mark_changed(Group& group);

    [[nodiscard]] std::string record_key(const Group& group) const;

    std::list<Plan> plans;
    ByKey<Tenant> tenants;
    Tenant* recent = nullptr;  // looked up last
    std::vector<Group*> changed;
    std::set<std::string> gone;  // records, of groups stored before
    std::size_t groups = 0;
    std::size_t bytes = 0;

    // Of the sample being added; kept for their memory.
    std::vector<Value> scratch;
    std::vector<Seen> seen;
    ByteWriter key;

  private:
    void add(const Plan& plan, Tenant& tenant, const Sample& sample);
    // One window of the group, if one ends before the watermark.
    void close_next(Group& group, EventTime watermark, std::vector<Closed>& out);
    bool read_body(Group& group, std::string_view body);
};

}  // namespace millrace::windows
