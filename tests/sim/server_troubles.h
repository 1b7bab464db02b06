// ServerTroubles: what goes wrong with the model server in a run's first phase, whatever the replicas do with their
// partitions. What lasts ends by itself.
#pragma once

#include <string>
#include <string_view>

#include "tests/sim/random.h"
#include "tests/sim/sim_server.h"
#include "tests/sim/trace.h"

namespace millrace::sim {

std::string in_ms(Duration duration);

class ServerTroubles {
  public:
    // `fates`: for what becomes of each publication while something is wrong.
    ServerTroubles(SimServer& server, Scheduler& scheduler, Trace& trace, Random fates)
        : server_(server), scheduler_(scheduler), trace_(trace), fates_(fates) {}

    // The acks of the last `unflushed_acks` are forgotten.
    void stop(Duration down, Duration unflushed_acks);
    // What the old leader does last, for `fades`, is unanswered, stored or not; then there is none for `none`.
    void change_leader(Duration fades, Duration none);
    // Every publication has this fate for a while.
    void suffer(Fate fate, std::string_view name, Duration duration);
    void delete_consumer(const std::string& stream, const std::string& name);

  private:
    SimServer& server_;
    Scheduler& scheduler_;
    Trace& trace_;
    Random fates_;
};

}  // namespace millrace::sim
