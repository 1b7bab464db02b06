// A court around one Conviction: launches, refuses and scores requests with ids that grow, and a clock moved by hand.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "bridge/engine/conviction.h"

namespace millrace::engine {

using Numbers = std::vector<std::uint64_t>;

inline Answer refused(Outcome outcome = Outcome::rejected) {
    Answer answer;
    answer.outcome = outcome;
    answer.status = 400;
    answer.body = "the endpoint's words";
    return answer;
}

struct Court {
    explicit Court(std::string control = {}, double ratio = 1.0) : conviction(ratio, std::move(control)) {}

    static Batch batch(std::uint64_t number, const std::string& tenant = "acme") {
        Batch one;
        one.tenant = tenant;
        one.events = {{DeliveryId{number}, 0}};
        return one;
    }
    RequestId launch() { return RequestId{++last_id}; }

    // The event alone was asked about, just now unless `id` says otherwise, and refused. Its earlier answers come
    // along.
    void accuse(Batch of, const Answer& answer, std::optional<RequestId> id = {}) {
        Flight flight;
        flight.id = id ? *id : launch();
        flight.rows = 1;
        auto earlier = again_later.extract(number(of));
        flight.batch = earlier ? std::move(earlier.mapped()) : std::move(of);
        conviction.accuse(std::move(flight), answer, RequestId{last_id});
    }
    void accuse(std::uint64_t event, const Answer& answer) { accuse(batch(event), answer); }
    void refuse(std::uint64_t event, const std::string& tenant = "acme") { accuse(batch(event, tenant), refused()); }

    void land_scored(RequestId id, const std::string& tenant = "acme", Errand errand = Errand::score,
                     const Answer& answer = {}, const std::string& row = "row") {
        Flight flight;
        flight.id = id;
        flight.errand = errand;
        flight.batch.tenant = tenant;
        conviction.scored(flight, answer, row, now);
    }
    void score(const std::string& tenant = "acme", const std::string& row = "row") {
        land_scored(launch(), tenant, Errand::score, {}, row);
    }

    // The witness that is wanted: "tenant:row".
    std::optional<std::string> witness() {
        const auto wanted = conviction.want_witness(now, 0);
        return wanted ? std::optional(wanted->tenant + ":" + wanted->row) : std::nullopt;
    }
    Numbers again() {
        Numbers out;
        for (const Batch& batch : conviction.again(now)) {
            out.push_back(number(batch));
            again_later.insert_or_assign(out.back(), batch);
        }
        return out;
    }
    Numbers convicted() {
        Numbers out;
        for (const auto& one : conviction.convicted()) out.push_back(number(one.batch));
        return out;
    }
    static std::uint64_t number(const Batch& batch) {
        return static_cast<std::uint64_t>(batch.events.front().delivery);
    }

    Conviction conviction;
    std::uint64_t last_id = 0;
    std::map<std::uint64_t, Batch> again_later;  // events that are to be asked about again
    Time now{std::chrono::hours(1)};
};

}  // namespace millrace::engine
