// OwnedSpotter: Spotter for a replica whose partitions are owned: it watches the calls it makes, what it is told and
// what it says, and recognises in them the things that Marks names. HeadSpotter sees what is stored.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>

#include "bridge/base/note.h"
#include "bridge/ports/jetstream.h"
#include "bridge/settings/settings.h"
#include "bridge/state/head.h"
#include "tests/sim/marks.h"

namespace millrace::sim {

class OwnedSpotter {
  public:
    OwnedSpotter(const settings::Pipeline& pipeline, Marks& marks) : pipeline_(pipeline), marks_(marks) {}

    void publishing(const ports::Publication& publication);
    void publishing_together(const std::vector<ports::Publication>& publications);
    void reading(const Read& read);
    void positioning(const Position& position);
    void told(const ports::JetStreamArrival& arrival);
    void noted(const Note& note);
    void frozen(Duration duration) { paused_ = paused_ || duration > pipeline_.state.lease; }
    void halted(const std::string& name);

  private:
    struct Commit {
        Partition partition = 0;
        state::Writer writer{};
        std::uint64_t number = 0;
        bool claims = false;
        bool together = false;
        bool operator==(const Commit&) const = default;
    };

    void committing(const ports::Publication& publication);
    void told(const ports::Message& message);
    void told(const Stored& stored);
    void told(const Found& found);
    void told(const GotMessage& got);
    template <typename Other>
    void told(const Other&) {}

    const settings::Pipeline& pipeline_;
    Marks& marks_;
    std::map<StoreId, Commit> sent_;
    std::map<Partition, Commit> last_;                // sent
    std::map<Partition, Commit> doubted_;             // refused, because the subject's last message is another one
    std::map<std::uint64_t, Partition> asked_;        // for the last head, by the number of the read
    std::map<std::string, std::uint64_t> delivered_;  // how many, by consumer
    std::set<Partition> gaps_;
    std::set<std::string> inherited_;  // identities of an outbox that was taken over
    bool paused_ = false;              // for longer than the lease
    bool halted_ = false;
};

}  // namespace millrace::sim
