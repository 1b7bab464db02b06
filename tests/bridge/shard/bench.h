// A test bench around one Shard: doors that write down what was asked of them, and a clock moved by hand.
#pragma once

#include <algorithm>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "bridge/protocols/registry.h"
#include "bridge/shard/shard.h"

namespace millrace {

struct NotingJetStream : ports::JetStream {
    void bind(Partition partition) override { binds.push_back(partition); }
    void look(const Look& look) override { looks.push_back(look); }
    void position(const Position& position) override { positions.push_back(position); }
    void pull(const PullRequest& request) override { pulls.push_back(request); }
    void ack(const std::string& subject) override { acks.push_back(subject); }
    void nak(const std::string& subject, Duration) override { naks.push_back(subject); }
    void in_progress(const std::string&) override {}
    void publish(ports::Publication publication) override { publications.push_back(std::move(publication)); }
    void publish_together(std::vector<ports::Publication> all) override { batches.push_back(std::move(all)); }
    void post(ports::Publication publication) override { posted.push_back(std::move(publication)); }
    void find(const Find& find) override { finds.push_back(find); }
    void read(const Read& read) override { reads.push_back(read); }
    void purge(const Purge& purge) override { purges.push_back(purge); }
    void flush() override {}

    std::vector<Partition> binds;
    std::vector<PullRequest> pulls;
    std::vector<std::string> acks, naks;
    std::vector<ports::Publication> publications, posted;
    std::vector<std::vector<ports::Publication>> batches;
    std::vector<Find> finds;
    std::vector<Look> looks;
    std::vector<Position> positions;
    std::vector<Read> reads;
    std::vector<Purge> purges;
};

struct NotingEndpoint : ports::Endpoint {
    void send(ports::HttpRequest request) override { requests.push_back(std::move(request)); }
    void wait(Duration timeout, std::vector<ports::HttpResponse>& out) override {
        waited = timeout;
        std::ranges::move(std::exchange(responses, {}), std::back_inserter(out));
    }
    void wake() override {}
    void cancel_all() override {}

    std::vector<ports::HttpRequest> requests;
    std::vector<ports::HttpResponse> responses;
    Duration waited{};
};

struct NotingObserver : ports::Observer {
    void received(std::size_t, std::size_t, bool) override {}
    void settled(std::string_view tenant, Ending, std::optional<Reason> reason, bool, Duration) override {
        settlements.emplace_back(tenant, reason);
    }
    void applied(const Fates&) override {}
    void acked() override {}
    void requested(std::size_t) override {}
    void answered(std::size_t, Outcome, int, Duration) override {}
    void shadowed(ShadowCount what, std::size_t count) override { shadow[what] += count; }
    void note(const Note& note) override { notes.push_back(note); }
    void publish(const Snapshot&) override {}

    std::vector<std::pair<std::string, std::optional<Reason>>> settlements;
    std::vector<Note> notes;
    std::map<ShadowCount, std::size_t> shadow;
};

inline settings::Pipeline small_pipeline() {
    settings::Pipeline pipeline;
    pipeline.name = "p";
    pipeline.input.stream = "S";
    pipeline.input.subject = "in.{tenant}";
    pipeline.event.features = {{"x", {}}};
    pipeline.endpoint.url = "http://127.0.0.1:1/score";
    pipeline.results.subject = "out.{tenant}";
    pipeline.dead_letter = {"dead.{tenant}", "dead-unroutable"};
    return pipeline;
}

class ShardBench {
  public:
    explicit ShardBench(settings::Pipeline pipeline = small_pipeline(), std::vector<Partition> partitions = {0},
                        std::string signature_url = {})
        : pipeline_(std::move(pipeline)),
          protocol_(protocols::make(pipeline_)),
          credentials_(Credentials::none(pipeline_)),
          shard_({pipeline_, std::move(partitions), jetstream, arrivals_, endpoint, *protocol_, credentials_, observer,
                  1, std::move(signature_url), &shadow_key_}) {}

    Bound usual_bound(Partition partition = 0) const {
        Bound bound;
        bound.partition = partition;
        bound.ack_wait = std::chrono::seconds(30);
        bound.duplicate_window = std::chrono::minutes(2);
        bound.idle_for = Duration::zero();
        return bound;
    }
    void bind() { arrive(usual_bound()); }

    void turn() { shard_.turn(now, ServerTime{}); }
    void arrive(ports::JetStreamArrival arrival) {
        arrivals_.put(std::move(arrival));
        turn();
    }
    void deliver(std::uint64_t sequence, const std::string& subject, std::string payload,
                 const std::string& consumer = "p-p0") {
        put(sequence, subject, std::move(payload), consumer);
        turn();
    }
    // Into the mailbox, without a turn.
    void put(std::uint64_t sequence, const std::string& subject, std::string payload,
             const std::string& consumer = "p-p0", std::vector<Header> headers = {}) {
        arrivals_.put(ports::Message{
            0, 0, subject, "$JS.ACK.S." + consumer + ".1." + std::to_string(sequence) + ".1.1700000000000000000.0",
            std::move(headers), Payload(std::move(payload))});
    }
    void respond(std::string body, int status = 200) {
        ports::HttpResponse response;
        response.id = endpoint.requests.front().id;
        response.transport = ports::Transport::answered;
        response.status = status;
        response.body = std::move(body);
        endpoint.requests.erase(endpoint.requests.begin());
        endpoint.responses.push_back(std::move(response));
        turn();
    }
    Shard& shard() { return shard_; }

    Time now{std::chrono::hours(1)};
    NotingJetStream jetstream;
    NotingEndpoint endpoint;
    NotingObserver observer;

  private:
    settings::Pipeline pipeline_;
    Shard::Arrivals arrivals_;
    std::unique_ptr<protocols::Protocol> protocol_;
    Credentials credentials_;
    auth::KeyFile shadow_key_;
    Shard shard_;
};

}  // namespace millrace
