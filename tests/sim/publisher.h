// Publisher: makes the plan's events: messages of one object, arrays and lines, with bad elements, hostile tenants and
// events the model has trouble with in between, and tells the Oracle what must become of each.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tests/sim/oracle.h"
#include "tests/sim/plan.h"
#include "tests/sim/sim_server.h"

namespace millrace::sim {

class Publisher {
  public:
    Publisher(const Plan& plan, SimServer& server, Oracle& oracle, Trace& trace)
        : plan_(plan), server_(server), oracle_(oracle), trace_(trace), random_(plan.seed, "publisher") {}

    // Stores one message of one or more events. Requires: the server is up.
    void publish_one();
    // One message of events of these kinds, a line each.
    void publish(const std::string& tenant, const std::vector<Kind>& kinds);
    void publish_good(const std::string& tenant);
    [[nodiscard]] std::uint64_t made() const { return made_; }

  private:
    struct Element {
        std::string text;
        Planned planned;
    };

    Element element(const std::string& tenant, bool good);
    void publish_largest(const std::string& tenant);
    Element bad_element(const std::string& tenant);
    Kind draw_kind();
    [[nodiscard]] bool is_selected(Selector s) const;
    void send(const std::string& tenant_token, std::string payload, std::vector<Planned> events);

    const Plan& plan_;
    SimServer& server_;
    Oracle& oracle_;
    Trace& trace_;
    Random random_;
    std::uint64_t made_ = 0;
};

}  // namespace millrace::sim
