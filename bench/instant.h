// Doors of a shard that answer at once and cost next to nothing, and a stream of trips: what is counted over them is
// the shard's own work. One partition, shared, one tenant.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "bridge/ports/endpoint.h"
#include "bridge/ports/jetstream.h"
#include "bridge/ports/observer.h"
#include "bridge/shard/shard.h"

namespace millrace::bench {

inline constexpr std::size_t kTripBytes = 200;

// An object of 200 bytes: a trip as bench/world.py makes it, with the time it was stored, and a note that nobody wants.
inline std::string trip(std::uint64_t number) {
    const auto digits = [](std::uint64_t value) { return std::to_string(value); };
    std::string text = R"({"vendorid":)" + digits(number % 2 + 1) + R"(,"weekday":)" + digits(number % 7) +
                       R"(,"pickuphour":)" + digits(number % 24) + R"(,"passenger":)" + digits(number % 6 + 1) +
                       R"(,"distance":)" + digits(number % 30) + "." + digits(number % 9 + 1) + R"(,"trip":)" +
                       digits(1'000'000 + number) + R"(,"at":"2023-11-14T22:13:20Z","note":")";
    text.append(kTripBytes - 2 - text.size(), '.');
    return text + "\"}";
}

// Answers with as many scores as were asked for; the bodies are made once for each size.
class InstantEndpoint : public ports::Endpoint {
  public:
    void send(ports::HttpRequest request) override {
        std::string& body = bodies_[rows];
        if (body.empty()) {
            for (std::size_t n = 0; n < rows; ++n) body += (n == 0 ? "" : ",") + std::to_string(1'000'000 + n);
            body = R"({"Results":{"WebServiceOutput0":[)" + body + "]}}";
        }
        responses_.push_back({request.id, ports::Transport::answered, 200, {}, body, {}, {}, {}});
    }
    void wait(Duration, std::vector<ports::HttpResponse>& out) override {
        std::ranges::move(responses_, std::back_inserter(out));
        responses_.clear();
    }
    void wake() override {}
    void cancel_all() override {}

    std::size_t rows = 0;  // of the request that is sent next: the observer hears it first

  private:
    std::map<std::size_t, std::string> bodies_;
    std::vector<ports::HttpResponse> responses_;
};

// Stores everything at once. What was pulled comes when `deliver` is called.
class InstantJetStream : public ports::JetStream {
  public:
    explicit InstantJetStream(Shard::Arrivals& arrivals) : arrivals_(arrivals) {}

    // So many more messages to pull.
    void fill(std::size_t count) {
        for (; count > 0; --count) {
            const std::string place = std::to_string(++sequence_);
            std::string ack = "$JS.ACK.TRIPS.trips-p0.1." + place + "." + place + ".1700000000000000000.7";
            stream_.push_back({0, 0, "TRIPS.acme.trips", std::move(ack), {}, Payload(trip(sequence_))});
        }
    }

    void deliver(std::size_t most) {
        for (; most > 0 && !pulls_.empty() && !stream_.empty(); --most) {
            stream_.front().slot = pulls_.front().slot;
            arrivals_.put(std::move(stream_.front()));
            stream_.pop_front();
            if (--pulls_.front().batch == 0) pulls_.pop_front();
        }
    }

    void bind(Partition) override {
        Bound bound;
        bound.ack_wait = std::chrono::seconds(30);
        bound.duplicate_window = std::chrono::minutes(2);
        bound.idle_for = Duration::zero();
        arrivals_.put(std::move(bound));
    }
    void pull(const PullRequest& request) override { pulls_.push_back(request); }
    void publish(ports::Publication publication) override {
        arrivals_.put(Stored{publication.id, {}, false, ++stored_, false});
    }
    void ack(const std::string&) override { ++acked; }
    void find(const Find& find) override { arrivals_.put(Found{find.number, {}, {}, {}, {}}); }
    void look(const Look&) override {}
    void position(const Position&) override {}
    void nak(const std::string&, Duration) override {}
    void in_progress(const std::string&) override {}
    void publish_together(std::vector<ports::Publication>) override {}
    void post(ports::Publication) override {}
    void read(const Read&) override {}
    void purge(const Purge&) override {}
    void flush() override {}

    std::size_t acked = 0;

  private:
    Shard::Arrivals& arrivals_;
    std::deque<ports::Message> stream_;
    std::deque<PullRequest> pulls_;
    std::uint64_t sequence_ = 0;
    std::uint64_t stored_ = 0;
};

class Watcher : public ports::Observer {
  public:
    explicit Watcher(InstantEndpoint& endpoint) : endpoint_(endpoint) {}
    void requested(std::size_t rows) override { endpoint_.rows = rows; }
    void received(std::size_t, std::size_t, bool) override {}
    void settled(std::string_view, Ending, std::optional<Reason>, bool, Duration) override {}
    void applied(const Fates&) override {}
    void acked() override {}
    void answered(std::size_t, Outcome, int, Duration) override {}
    void shadowed(ShadowCount, std::size_t) override {}
    void note(const Note&) override {}
    void publish(const Snapshot&) override {}

  private:
    InstantEndpoint& endpoint_;
};

}  // namespace millrace::bench
