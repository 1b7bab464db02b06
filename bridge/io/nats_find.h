// NatsFinder: reads output streams for the identities already stored there (SEMANTICS B2). Private to io/nats_*.
//
// Complete or an error: everything of the pipeline that a stream holds when the search begins is seen. A stream that
// keeps everything is read through a short-lived consumer, headers only, in order; any other one message by message
// from its leader, because one consumer more would change what it keeps.
//
// Thread: `find` blocks and is called by one thread. Bound: kChunk messages at a time.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "bridge/base/result.h"
#include "bridge/base/stream.h"
#include "bridge/io/nats_admin.h"
#include "bridge/io/nats_bind.h"
#include "bridge/io/nats_connection.h"

namespace millrace::io {

// The identity a stored message has, when it is one of this pipeline's about an input in the range. Pure.
std::optional<Identity> wanted_identity(std::span<const Header> headers, std::string_view pipeline, const Find& find);

class NatsFinder {
  public:
    // `pull_prefix` begins the subjects of pull requests: `<api prefix>.CONSUMER.MSG.NEXT.`.
    NatsFinder(NatsConnection& connection, const NatsAdmin& admin, std::string pull_prefix, std::string pipeline);

    // Its number is not set.
    Result<Found> find(const Find& find, const OutputStreams& outputs);
    // From any thread: the search under way, and any after it, ends as incomplete before it reads more.
    void stop();

  private:
    struct Place;
    struct Sighting {
        Identity id;
        OutputPlace place;
        auto operator<=>(const Sighting&) const = default;
    };
    struct Sightings {
        std::vector<Sighting> all;
        std::vector<StoredRun> runs;
        void add(const std::vector<Header>& headers, std::uint64_t sequence, std::string_view pipeline,
                 const Find& find);
    };

    void arrived(NatsMessage&& message);
    Result<void> go_on(const std::string& stream);
    Result<void> read_output(const Find& find, const OutputStream& output, const Place& from, Sightings& out);
    Result<void> read_by_consumer(const Find& find, const OutputStream& output, const Place& from, Sightings& out);
    Result<void> read_one_by_one(const Find& find, const OutputStream& output, std::uint64_t first, std::uint64_t last,
                                 Sightings& out);
    Result<void> drain(const Find& find, const std::string& stream, const ConsumerFound& consumer, Sightings& out);
    Result<std::vector<NatsMessage>> pull(const std::string& stream, const std::string& consumer, std::uint64_t count);

    NatsConnection& connection_;
    const NatsAdmin& admin_;
    const std::string pull_prefix_;
    const std::string pipeline_;
    const std::string inbox_;

    std::uint64_t pulls_ = 0;
    std::mutex mutex_;
    std::condition_variable changed_;
    std::string consumer_;  // whose messages are wanted; empty between searches
    std::vector<NatsMessage> arrived_;
    bool ended_ = false;  // a status ended the pull
    bool stopped_ = false;
};

}  // namespace millrace::io
