// SimModel: the model endpoint behind the replicas' fake HTTP clients, one for all of them.
//
// What it makes of a request depends on the events in it (their Kind), on its condition (a phase the world sets), and
// on faults drawn per request. A score is a function of the row and carries the event's token back, so that a score
// given to the wrong event shows; where `nonce` is set no two answers are the same. It never scores anything in a
// request that holds an event it cannot score. Not here: time outs and transport, which are fake_endpoint's.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bridge/base/outcome.h"
#include "bridge/ports/endpoint.h"
#include "bridge/settings/settings.h"
#include "tests/sim/random.h"
#include "tests/sim/token.h"
#include "tests/sim/trace.h"

namespace millrace::sim {

// Probabilities per request.
struct ModelFaults {
    double throttle = 0;     // 429
    double unavailable = 0;  // 503 with Retry-After
    double error = 0;        // 500
    double hang = 0;         // no answer
    double refuse = 0;       // connection broken
    double short_answer = 0;
    double garbage = 0;
    double slow = 0;  // an answer that takes its time
};

enum class Condition { healthy, refusing, hanging, unauthorized, not_found, unavailable, bad_deployment, redirecting };
inline constexpr std::string_view kConditionNames[] = {"healthy",   "refusing",    "hanging",        "unauthorized",
                                                       "not found", "unavailable", "bad deployment", "redirecting"};
inline constexpr std::size_t kConditions = std::size(kConditionNames);
constexpr std::string_view name(Condition condition) { return kConditionNames[static_cast<std::size_t>(condition)]; }

// What a model says it takes for the field `n`, which stands behind an event's token, and refuses otherwise.
enum class Contract { unpublished, numbers, texts };

struct ModelRules {
    std::uint32_t concurrency = 64;    // more requests at once get 429
    std::uint64_t max_body = 1 << 20;  // more bytes get 413
    bool nonce = false;                // no two scores are the same
    std::string results_member = {};   // where the protocol looks for results: "" is a bare array
    bool wrapped = false;              // the answer is a JSON string that holds JSON
    std::uint64_t bulk = 4000;         // bytes of a bulky score
    Contract contract = Contract::unpublished;
};

// What the model did with a request.
struct Served {
    Outcome outcome = Outcome::scored;  // as a bridge should see it
    bool never = false;                 // it does not answer at all
    Duration latency{};
    int status = 0;
    std::vector<Header> headers;
    std::string body;
    std::string deployment;
    std::optional<Duration> retry_after;  // as its headers say
};

class SimModel {
  public:
    SimModel(ModelRules rules, std::uint64_t seed, Trace& trace);

    // `busy` is how many requests it has in work, this one included.
    Served serve(const ports::HttpRequest& request, const std::vector<EventToken>& events, std::uint32_t busy);

    void set_faults(const ModelFaults& faults) { faults_ = faults; }
    void set_condition(Condition condition);
    [[nodiscard]] Condition condition() const { return condition_; }
    // Another deployment, which takes other rows.
    void deploy(Contract contract);
    // What it publishes about itself.
    [[nodiscard]] Served publish() const;
    // Every answer takes this much longer.
    void set_delay(Duration delay) { delay_ = delay; }
    // Every other request goes to another deployment, which refuses everything: a rollout of half the traffic.
    void split_traffic(bool on) { split_ = on; }
    // Whatever holds an event of the tenant is refused from now on.
    void refuse(std::string tenant) { refused_ = std::move(tenant); }
    [[nodiscard]] const ModelRules& rules() const { return rules_; }

  private:
    bool by_condition(Served& served) const;
    bool by_contract(Served& served, const std::string& body) const;
    bool by_chance(Served& served, std::size_t rows);
    bool by_events(Served& served, const std::vector<EventToken>& events);
    void score(Served& served, const std::vector<EventToken>& events);
    [[nodiscard]] std::string results(const std::vector<std::string>& scores) const;

    ModelRules rules_;
    ModelFaults faults_;
    Condition condition_ = Condition::healthy;
    Duration delay_{};
    std::string refused_;
    Random random_;
    Trace& trace_;
    std::uint32_t deployment_ = 1;
    bool split_ = false;
    bool elsewhere_ = false;  // the last request went to the other deployment
    std::uint64_t nonce_ = 0;
};

// A further one, at the host `model-N`, with faults of its own.
struct ModelElsewhere {
    SimModel model;
    std::uint32_t busy = 0;  // requests it has in work
};
using ModelsElsewhere = std::vector<ModelElsewhere>;

// Where the candidate is that a shadow copies to.
inline constexpr std::string_view kShadowUrl = "http://candidate/score";

// Which of these a url means, counted from 1; 0 for the first model.
std::size_t model_number(std::string_view url);

}  // namespace millrace::sim
