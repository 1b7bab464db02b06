// A test bench around one Engine: hands in deliveries and answers, keeps the effects by kind, moves the clock by hand.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "bridge/engine/engine.h"

namespace millrace::engine {

inline settings::Pipeline small_pipeline() {
    settings::Pipeline pipeline;
    pipeline.name = "p";
    pipeline.endpoint.max_batch_count = 10;
    pipeline.endpoint.parallel_requests_per_partition = 2;
    return pipeline;
}

class Bench {
  public:
    explicit Bench(settings::Pipeline pipeline = small_pipeline(), std::vector<Partition> partitions = {0},
                   bool have_health = false, bool reads_signature = false)
        : pipeline_(std::move(pipeline)),
          engine_(pipeline_, std::move(partitions), 7, {.have_health = have_health}, reads_signature) {}

    Bound usual_bound(Partition partition = 0) const {
        Bound bound;
        bound.partition = partition;
        bound.ack_wait = std::chrono::seconds(30);
        bound.duplicate_window = std::chrono::minutes(2);
        bound.idle_for = Duration::zero();
        bound.server_now = ServerTime(std::chrono::hours(24));  // messages are stored at zero: long ago
        return bound;
    }
    void bind() {
        tick();
        in(usual_bound());
        tick();
    }

    // The process was stopped for `by` and looks its consumer up again.
    void stop_for(Duration by) {
        advance(by);
        in(usual_bound());
        tick();
    }

    void in(Input&& input) {
        Effects out;
        engine_.step(std::move(input), now, out);
        for (Effect& effect : out) std::visit([&](auto& e) { keep(e); }, effect);
    }
    void tick() { in(Tick{}); }
    // Time goes by, and the server says on each request that is still open that it is there.
    void advance(Duration by) {
        now += by;
        for (const PullRequest& pull : std::vector(pulls))
            in(PullStatus{pull.partition, pull.slot, pull.number, 100, ""});
        tick();
    }
    // Time goes by turn for turn, as it does while nothing happens.
    void pass(Duration by) {
        for (const Time end = now + by; now < end;) advance(std::chrono::seconds(1));
    }

    // One message with `rows` events; the row of each is its text. What begins with - is filtered out, with > bypassed.
    void deliver(std::uint64_t sequence, std::vector<std::string> rows, std::string tenant = "acme",
                 std::uint64_t delivered = 1, Partition partition = 0) {
        auto delivery = std::make_unique<Delivery>();
        delivery->partition = partition;
        delivery->stream_sequence = sequence;
        delivery->delivered = delivered;
        delivery->tenant = std::move(tenant);
        delivery->ack_subject = "ack." + std::to_string(sequence) + "." + std::to_string(delivered);
        delivery->payload = Payload(std::string("x"));
        for (std::uint32_t i = 0; i < rows.size(); ++i) {
            Event event;
            event.element = i;
            event.row = rows[i];
            if (rows[i].starts_with('-')) event.selection = Selection::filtered;
            if (rows[i].starts_with('>')) event.selection = Selection::bypassed;
            event.id.bytes[0] = static_cast<std::uint8_t>(sequence);
            event.id.bytes[1] = static_cast<std::uint8_t>(i);
            delivery->events.push_back(std::move(event));
        }
        in(Delivered{0, std::move(delivery)});
    }

    // What the server does with what was given back: it delivers it again, here to the same replica. Nothing is found
    // stored, and pull requests are looked after.
    void give_again(const std::string& row_prefix) {
        for (const std::string& nak : std::exchange(naks, {})) {
            const auto dot = nak.rfind('.');
            const auto sequence = std::stoull(nak.substr(4, dot - 4));
            in(usual_bound());
            deliver(sequence, {row_prefix + std::to_string(sequence)}, "acme", std::stoull(nak.substr(dot + 1)) + 1);
        }
        tick();
        for (const Find& find : std::exchange(finds, {})) in(Found{find.number, {}, std::nullopt});
        tick();
    }

    struct Request {
        RequestId id{};
        Partition partition = 0;
        std::vector<std::string> rows;
        bool refresh_key = false;
        std::size_t address = 0;
    };
    // Takes the oldest unanswered request.
    Request take_request() {
        Request request = std::move(requests.front());
        requests.erase(requests.begin());
        return request;
    }
    void answer(const Request& request, Outcome outcome, int status = 0) {
        Answer answer;
        answer.outcome = outcome;
        answer.status = status;
        if (outcome == Outcome::scored) {
            for (const std::string& row : request.rows) answer.scores.push_back("score of " + row);
        }
        in(Answered{request.id, std::move(answer)});
        tick();
    }
    // Answers requests as they come, rejecting each that holds one of `poison`, until none is left. Returns how many.
    std::size_t serve(const std::vector<std::string>& poison, Outcome refusal = Outcome::rejected) {
        std::size_t served = 0;
        while (!requests.empty() && served < 100000) {
            const Request request = take_request();
            ++served;
            bool bad = false;
            for (const std::string& row : request.rows) {
                for (const std::string& p : poison) bad = bad || row == p;
            }
            answer(request, bad ? refusal : Outcome::scored);
        }
        return served;
    }

    struct Publishing {
        StoreId id{};
        std::uint64_t sequence = 0;
        std::uint32_t element = 0;
        std::string score;
        std::optional<Reason> reason;
    };
    void store(const Publishing& publication, std::optional<Error> error = std::nullopt) {
        const bool refused = error.has_value();
        in(Stored{publication.id, std::move(error), refused, ++stored_sequence_, false});
        tick();
    }
    void store_all() {
        while (!publications.empty()) {
            const Publishing publication = publications.front();
            publications.erase(publications.begin());
            store(publication);
        }
    }

    Time now{std::chrono::hours(1)};
    std::vector<Bind> binds;
    std::vector<PullRequest> pulls;
    std::vector<Request> requests;
    std::vector<CheckHealth> checks;
    std::vector<Publishing> publications;
    std::vector<std::optional<Reason>> settled;
    std::vector<std::string> acks, naks, in_progress;
    std::vector<Find> finds;
    std::vector<Note> notes;
    std::size_t readings = 0;  // of the signature that were asked for
    std::vector<Signature> used;

  private:
    // What only owners ask for.
    template <typename Other>
    void keep(const Other&) {}
    void keep(const Bind& e) { binds.push_back(e); }
    void keep(const PullRequest& e) { pulls.push_back(e); }
    void keep(const Send& e) {
        requests.push_back({e.id, e.partition, {e.rows.begin(), e.rows.end()}, e.refresh_key, e.address});
    }
    void keep(const CheckHealth& e) { checks.push_back(e); }
    void keep(const Publish& e) {
        const auto& verdict = e.event->settlement.verdict;
        publications.push_back({e.id, e.delivery->stream_sequence, e.event->element, e.event->settlement.score,
                                verdict ? std::optional(verdict->reason) : std::nullopt});
    }
    void keep(const Settled& e) {
        const auto& verdict = e.event->settlement.verdict;
        settled.push_back(verdict ? std::optional(verdict->reason) : std::nullopt);
    }
    void keep(const Ack& e) { acks.push_back(e.delivery->ack_subject); }
    void keep(const Nak& e) { naks.push_back(e.delivery->ack_subject); }
    void keep(const InProgress& e) { in_progress.push_back(e.delivery->ack_subject); }
    void keep(const Find& e) { finds.push_back(e); }
    void keep(const ReadSignature&) { ++readings; }
    void keep(const UseSignature& e) { used.push_back(e.signature); }
    // Of owned partitions.
    void keep(const Look&) {}
    void keep(const Position&) {}
    void keep(const Read&) {}
    void keep(const Purge&) {}
    void keep(const Note& e) { notes.push_back(e); }

    settings::Pipeline pipeline_;
    Engine engine_;
    std::uint64_t stored_sequence_ = 0;

  public:
    Engine& engine() { return engine_; }
};

}  // namespace millrace::engine
