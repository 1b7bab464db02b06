// Reference: what the owner of a partition must publish, computed from the input alone and in the plainest way: judge
// every event in stream order, keep all of them, and sort them into windows when asked. It shares nothing with
// bridge/windows, and knows every function to the last digit, of whole numbers below a thousand.
#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "bridge/base/aggregate.h"
#include "bridge/base/ids.h"
#include "bridge/settings/settings.h"

namespace millrace::sim {

// What an endpoint says of an event.
struct Scored {
    std::int64_t value = 0;
    std::int64_t nonce = 0;  // another one each time
    auto operator<=>(const Scored&) const = default;
};

// An event as it was published, and what became of it where events are scored.
struct OwnedEvent {
    bool decodable = true;
    std::optional<ServerTime> at = {};       // nothing where its time is the stored one
    std::string group = "null";              // raw JSON
    std::optional<std::int64_t> value = {};  // null when there is none
    std::string text;                        // raw
    std::string token = {};                  // of an event to be scored
    std::optional<Scored> scored = {};
    bool dead = false;     // scored it was not
    bool selected = true;  // by the pipeline's `where`
};

class Reference {
  public:
    struct Key {
        std::size_t aggregate = 0;
        Partition partition = 0;
        std::string tenant;
        std::string group;  // empty where events are not grouped
        auto operator<=>(const Key&) const = default;
    };
    struct Moment {
        ServerTime at;
        std::uint64_t sequence = 0;
        std::uint32_t element = 0;
        auto operator<=>(const Moment&) const = default;
    };
    struct Counted {
        Moment moment;
        std::optional<std::int64_t> value;
        std::optional<Scored> scored;
        auto operator<=>(const Counted&) const = default;
    };
    struct Window {
        ServerTime start;
        ServerTime end;
        std::vector<Counted> events;  // in the order of their times
    };
    enum class Fate { counted, late, early };

    explicit Reference(const settings::Pipeline& pipeline) : pipeline_(pipeline) {}

    // The next event of the partition in stream order.
    Fate judge(Partition partition, const std::string& tenant, const OwnedEvent& event, ServerTime stored,
               std::uint64_t sequence, std::uint32_t element);
    // As if nothing of the partition had been judged.
    void forget(Partition partition);
    // Windows of what was counted so far; those that are published.
    [[nodiscard]] std::vector<Window> windows(const Key& key) const;
    [[nodiscard]] const std::map<Key, std::vector<Counted>>& counted() const { return counted_; }
    // Where `start` is a time: when what is read first was stored.
    [[nodiscard]] ServerTime reads_from() const;
    // The earliest time a further event of the tenant can have.
    [[nodiscard]] ServerTime watermark(Partition partition, const std::string& tenant) const;
    // In the body, as raw JSON.
    [[nodiscard]] static std::string field(const Select& select, const Window& window);

  private:
    static std::optional<std::int64_t> value_of(const Counted& event, const Operand& operand);
    [[nodiscard]] bool is_published(const Aggregate& aggregate, const Window& window) const;

    const settings::Pipeline& pipeline_;
    std::map<Key, std::vector<Counted>> counted_;
    std::map<Partition, ServerTime> stored_;
    std::map<std::pair<Partition, std::string>, ServerTime> watermarks_;
};

}  // namespace millrace::sim
