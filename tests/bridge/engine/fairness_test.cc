// Turns between tenants, measured in endpoint time: what one tenant's load, or its poison, does to the others.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <map>
#include <string>
#include <vector>

#include "bench.h"
#include "bridge/engine/turns.h"

using namespace millrace;
using namespace millrace::engine;
using namespace std::chrono_literals;

namespace {

constexpr Duration kRequest = 20ms;

// Ten quiet tenants, an event each every 100 ms, and perhaps a noisy one, at an endpoint that takes 20 ms a request.
class Street {
  public:
    explicit Street(double noisy_events_a_second, double poison) : a_second_(noisy_events_a_second), poison_(poison) {
        bench_.bind();
    }

    // Seconds from delivery to the answer that scores it, of the quiet tenants' events; the slowest of a hundred.
    double p99() {
        for (int ms = 0; ms < 30'000; ++ms) {
            if (ms % 10 == 0) deliver("quiet-" + std::to_string(ms / 10 % 10), false, ms);
            for (due_ += a_second_ / 1000; due_ >= 1; --due_) {
                bad_ += poison_;
                const bool is_bad = bad_ >= 1;
                bad_ -= is_bad ? 1 : 0;
                deliver("noisy", is_bad, ms);
            }
            answer();
            bench_.advance(1ms);
        }
        REQUIRE(latencies_.size() > 2000);
        std::ranges::sort(latencies_);
        return latencies_[latencies_.size() * 99 / 100];
    }
    [[nodiscard]] std::size_t noisy_scored() const { return noisy_scored_; }

  private:
    static settings::Pipeline pipeline() {
        settings::Pipeline pipeline = small_pipeline();
        pipeline.endpoint.max_batch_count = 100;
        pipeline.endpoint.parallel_requests_per_partition = 4;
        pipeline.endpoint.max_dead_letter_ratio = 1.0;
        return pipeline;
    }

    void deliver(const std::string& tenant, bool is_bad, int ms) {
        const std::uint64_t sequence = ++last_;
        const std::string row = (is_bad ? "bad " : "row ") + std::to_string(sequence);
        if (tenant != "noisy" && ms > 3000) came_[row] = bench_.now;  // warmed up by then
        bench_.deliver(sequence, {row}, tenant);
    }

    void answer() {
        bench_.tick();
        for (const auto& request : std::exchange(bench_.requests, {}))
            flying_.emplace_back(bench_.now + kRequest, request);
        while (!flying_.empty() && flying_.front().first <= bench_.now) {
            const auto request = flying_.front().second;
            flying_.erase(flying_.begin());
            const bool refused =
                std::ranges::any_of(request.rows, [](const auto& row) { return row.starts_with("bad"); });
            for (const std::string& row : request.rows) {
                const auto came = came_.find(row);
                if (came == came_.end()) {
                    noisy_scored_ += refused ? 0 : 1;
                } else if (!refused) {
                    latencies_.push_back(std::chrono::duration<double>(bench_.now - came->second).count());
                    came_.erase(came);
                }
            }
            bench_.answer(request, refused ? Outcome::rejected : Outcome::scored);
            for (const auto& sent : std::exchange(bench_.requests, {}))
                flying_.emplace_back(bench_.now + kRequest, sent);
        }
        bench_.store_all();
        for (const Find& find : std::exchange(bench_.finds, {})) bench_.in(Found{find.number, {}, std::nullopt});
    }

    double a_second_;
    double poison_;
    double due_ = 0;
    double bad_ = 0;
    Bench bench_{pipeline()};
    std::uint64_t last_ = 0;
    std::map<std::string, Time> came_;
    std::vector<std::pair<Time, Bench::Request>> flying_;
    std::vector<double> latencies_;
    std::size_t noisy_scored_ = 0;
};

}  // namespace

TEST_CASE("turns: of two tenants that always want something each gets half of the time, whatever its requests take") {
    Turns turns;
    std::map<std::string, Duration> took;
    const std::map<std::string, Duration> cost = {{"slow", 100ms}, {"quick", 10ms}};
    for (int i = 0; i < 2000; ++i) {
        const std::string next = turns.had("quick") <= turns.had("slow") ? "quick" : "slow";
        const Duration charged = turns.launched(next);
        turns.landed(next, charged, cost.at(next));
        took[next] += cost.at(next);
    }
    CHECK(std::abs((took["slow"] - took["quick"]).count()) <= Duration(200ms).count());
}

TEST_CASE("turns: who was silent is owed nothing, and owes nothing") {
    Turns turns;
    for (int i = 0; i < 100; ++i) turns.landed("old", turns.launched("old"), 100ms);
    CHECK(turns.had("new") + 101ms >= turns.had("old"));
    CHECK(turns.had("new") <= turns.had("old"));
}

TEST_CASE(
    "fairness: a tenant with 100 times the load, or all the poison, leaves the others' p99 within twice of alone") {
    const double alone = Street(0, 0).p99();
    Street loaded(1000, 0);
    const double beside_load = loaded.p99();
    CHECK(loaded.noisy_scored() > 20'000);  // it goes on, too
    const double beside_poison = Street(100, 1.0).p99();
    const double beside_some = Street(1000, 0.1).p99();
    std::printf(
        "p99 of quiet tenants: alone %.0f ms, beside 100 times the load %.0f ms, beside all the poison %.0f ms, "
        "beside both %.0f ms\n",
        alone * 1e3, beside_load * 1e3, beside_poison * 1e3, beside_some * 1e3);
    CHECK(beside_load <= 2 * alone);
    CHECK(beside_poison <= 2 * alone);
    CHECK(beside_some <= 2 * alone);
}
