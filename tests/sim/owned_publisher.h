// OwnedPublisher: stores events in the input of owned partitions, in order, behind, late, ahead, and unfit ones, as the
// plan's mix says, and tells the oracle what each is.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tests/sim/owned_oracle.h"
#include "tests/sim/plan.h"
#include "tests/sim/random.h"
#include "tests/sim/sim_server.h"
#include "tests/sim/trace.h"

namespace millrace::sim {

class OwnedPublisher {
  public:
    OwnedPublisher(const Plan& plan, const Scheduler& scheduler, SimServer& server, OwnedOracle& oracle, Trace& trace)
        : plan_(plan),
          scheduler_(scheduler),
          server_(server),
          oracle_(oracle),
          trace_(trace),
          random_(plan.seed, "owned publisher") {}

    // A message of one event, sometimes of several.
    void publish_one();
    // A story's message. `ago`: how long before now its event happened.
    void publish(const std::string& tenant, const std::string& group, std::int64_t value, Duration ago = {},
                 Partition partition = 0, Kind kind = Kind::good);
    void publish_text(const std::string& tenant, const std::string& text, Partition partition = 0);
    [[nodiscard]] std::size_t made() const { return made_; }

  private:
    OwnedEvent draw(const std::string& tenant);
    void draw_token(const std::string& tenant, OwnedEvent& event);
    // Where the pipeline selects by it.
    void give_selector(OwnedEvent& event);
    [[nodiscard]] ServerTime draw_time();
    void send(Partition partition, const std::string& tenant_token, const std::vector<OwnedEvent>& events);

    const Plan& plan_;
    const Scheduler& scheduler_;
    SimServer& server_;
    OwnedOracle& oracle_;
    Trace& trace_;
    Random random_;
    std::size_t made_ = 0;
    std::uint64_t tokens_ = 0;
    std::uint64_t selectors_ = 0;
};

}  // namespace millrace::sim
