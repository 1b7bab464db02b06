// Spotter: watches one replica's calls and what it is told, and recognises in them the things that Marks names.
//
// It sees what a wire tap and the log would show. Where the engine's reason is not visible, the mark is what can only
// be seen for that reason: an ack of a message of which a publication was never confirmed means that a search found it.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>

#include "bridge/base/note.h"
#include "bridge/ports/jetstream.h"
#include "tests/sim/fake_endpoint.h"
#include "tests/sim/marks.h"
#include "tests/sim/plan.h"
#include "tests/sim/scheduler.h"

namespace millrace::sim {

class Spotter {
  public:
    Spotter(const Plan& plan, const Scheduler& scheduler, Marks& marks)
        : plan_(plan), scheduler_(scheduler), marks_(marks) {}

    void requested(const std::vector<EventToken>& events, std::size_t in_flight);
    void answered(const Exchange& exchange);
    void publishing(const ports::Publication& publication);
    void told(const ports::JetStreamArrival& arrival);
    void acking(const std::string& ack_subject);
    void naking() { naked_ = true; }
    void progressed() { marks_.hit(Mark::in_progress_sent); }
    void finding(const Find& find);
    void noted(const Note& note);
    void drained() { marks_.hit(naked_ ? Mark::drained_with_naks : Mark::drained_clean); }
    void crashed(std::size_t unsent) { marks_.hit_if(unsent > 0, Mark::crashed_with_calls_unsent); }

  private:
    struct Sent {
        std::string identity;
        Time at{};
    };
    struct Open {
        std::uint64_t deliveries = 0;
        bool may_be_filtered = false;
        bool empty = false;
        bool acked = false;
        std::map<std::string, bool> confirmed;  // publications, by identity
    };

    void told(const ports::Message& message);
    void told(const PullStatus& status);
    void told(const Stored& stored);
    void told(const Found& found) { marks_.hit_if(found.error.has_value(), Mark::search_failed); }
    void told(const BindFailed&) { marks_.hit(Mark::bind_refused); }
    template <typename Other>
    void told(const Other&) {}
    void convicted(std::string_view reason);

    const Plan& plan_;
    const Scheduler& scheduler_;
    Marks& marks_;
    std::map<std::string, std::size_t> refused_;  // size of the last refused batch of each event
    std::map<std::string, std::size_t> late_;     // the same of timed out ones
    std::set<std::string> scored_;
    std::map<std::uint64_t, Open> messages_;      // by stream sequence
    std::map<std::string, std::uint64_t> where_;  // message of an event, by its token
    std::map<StoreId, Sent> sent_;
    std::map<std::string, std::uint64_t> about_;  // message of a publication, by its identity
    std::uint64_t late_success_ = 0;              // message
    bool held_ = false;
    bool throttled_ = false;
    Time throttled_at_{};
    bool unauthorized_ = false;
    bool naked_ = false;
};

}  // namespace millrace::sim
