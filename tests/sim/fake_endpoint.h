// SimEndpoint: the simulator's ports::Endpoint, one replica's HTTP client to the SimModel, in virtual time.
//
// Each request sent gives exactly one response, at the latest when its timeout is over. `wait` does not block: it hands
// out what is there, and the world turns the replica when something is. It counts what is in flight, and tells a
// checker of each request and each response as the bridge sees it.
// Lifetime: stays alive, dead or not, until the Scheduler has run dry of its actions.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "bridge/ports/endpoint.h"
#include "tests/sim/gate.h"
#include "tests/sim/random.h"
#include "tests/sim/sim_model.h"

namespace millrace::sim {

// One request as the bridge saw it come back.
struct Exchange {
    RequestId id{};
    std::string url;
    std::vector<EventToken> events;
    Outcome outcome{};
    std::string deployment;
    Time sent{};
    Time answered{};
    std::optional<Duration> retry_after;  // as the endpoint asked
};

class SimEndpoint final : public ports::Endpoint {
  public:
    struct Watch {
        std::function<void(const ports::HttpRequest&, const std::vector<EventToken>&)> sent = [](const auto&,
                                                                                                 const auto&) {};
        // Called when the response is handed out.
        std::function<void(const Exchange&)> answered = [](const auto&) {};
        // To the candidate, with the copies on their way, this one included.
        std::function<void(const ports::HttpRequest&, const std::vector<EventToken>&, std::size_t)> copied =
            [](const auto&, const auto&, auto) {};
        std::function<void()> woken = [] {};
    };

    // `busy` counts the requests the model has in work, over all replicas. All outlive the scheduler's actions.
    SimEndpoint(Scheduler& scheduler, SimModel& model, std::uint32_t& busy, Gate& gate, Trace& trace, std::string name,
                ModelsElsewhere* elsewhere = nullptr)
        : scheduler_(scheduler),
          model_(model),
          busy_(busy),
          gate_(gate),
          trace_(trace),
          name_(std::move(name)),
          elsewhere_(elsewhere) {}

    void watch(Watch watch) { watch_ = std::move(watch); }
    // What answers at kShadowUrl.
    void set_candidate(ModelElsewhere* candidate) { candidate_ = candidate; }

    void send(ports::HttpRequest request) override;
    void wait(Duration timeout, std::vector<ports::HttpResponse>& out) override;
    void wake() override { watch_.woken(); }
    void cancel_all() override;

    [[nodiscard]] std::size_t in_flight() const { return exchanges_.size(); }
    // The process is gone: its requests may still be worked on, but nobody hears.
    void die();

  private:
    void send_copy(const ports::HttpRequest& request);
    void send_reading(const ports::HttpRequest& request);
    void send_check(const ports::HttpRequest& request);
    void finish(RequestId id, std::uint32_t& busy, ports::HttpResponse response);
    SimModel& model_of(const std::string& url);

    Scheduler& scheduler_;
    SimModel& model_;
    std::uint32_t& busy_;
    Gate& gate_;
    Trace& trace_;
    std::string name_;
    ModelsElsewhere* elsewhere_;
    ModelElsewhere* candidate_ = nullptr;
    Watch watch_;
    bool dead_ = false;
    std::set<RequestId> checks_;               // of health and contracts, sent
    std::set<RequestId> copies_;               // to the candidate, response not handed out yet
    std::map<RequestId, Exchange> exchanges_;  // sent, response not handed out yet
    std::vector<ports::HttpResponse> ready_;
};

}  // namespace millrace::sim
