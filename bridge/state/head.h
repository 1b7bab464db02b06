// Head: one commit of an owned partition, the message that makes it true.
//
// A partition's state is a chain of heads on one subject, each stored by compare-and-set on the one before. A *base*
// holds all of the state, the heads behind it what changed since the head before them; reading the chain from the last
// base on gives the state. What does not fit into one message goes first, in *parts* on subjects used once, and the
// head holds their number, size and digest. The head also holds the *outbox*: what the commit publishes, bytes that
// are never rendered again. It stays in each further head until it is confirmed.
//
// Pure: bytes ⇄ values. Damaged bytes, and bytes of a later format, are ErrorCode::invalid with what is wrong.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "bridge/base/digest.h"
#include "bridge/base/event.h"
#include "bridge/base/ids.h"
#include "bridge/base/result.h"
#include "bridge/base/time.h"

namespace millrace::state {

// Made anew with each claim: two claims of one epoch are told apart by it, and parts of lost claims never meet.
using Writer = Digest;

// One message the commit publishes.
struct OutboxEntry {
    std::uint32_t output = 0;  // index in settings/outputs.h
    Identity id;
    std::string subject;
    std::vector<Header> headers;
    std::string payload;
    bool operator==(const OutboxEntry&) const = default;
};

// An event that was noted before it was tried alone, and how often: so many owners may have died of it.
struct Tried {
    EventPlace place;
    std::uint32_t times = 0;
    bool operator==(const Tried&) const = default;
};

struct Head {
    // Who, and the place in the chain.
    std::uint64_t epoch = 0;
    Writer writer{};
    std::uint64_t commit = 0;    // grows by one with each head of the partition
    std::uint64_t previous = 0;  // sequence of the head before; 0 for the first
    bool released = false;       // the owner has left: anybody may claim at once
    std::uint64_t base = 0;      // sequence of the base this one builds upon; 0: this one is a base

    // What it stands on. `floor`: every message of the partition up to this sequence is applied, none above it is.
    std::uint32_t generation = 1;
    Digest fingerprint{};        // of what the configuration means
    ServerTime input_created{};  // of the input stream
    std::uint64_t floor = 0;     // 0: before the first message
    ServerTime floor_stored{};   // when the message at the floor was stored; the epoch when there was none
    std::uint64_t clear_to = 0;  // no message of the partition lies above the floor up to this sequence
    ServerTime outputs_after{};  // aggregates that end at or before this are not published (`start` at a time)

    // Owners that died one after the other while the floor stayed where it is, and what was being tried then. An event
    // that was tried to its end is not in it any more.
    std::uint32_t deaths = 0;
    std::vector<Tried> tried;

    // Known before the first publication of the outbox: its copies have greater sequences. By output.
    std::vector<std::uint64_t> out_base;

    // So many messages the commit publishes were stored together with this head, all or none. They are in no outbox.
    std::uint32_t together = 0;

    // The content, here or in parts.
    std::uint32_t parts = 0;       // 0: it is in `content`
    std::uint64_t first_part = 0;  // sequence of the first one; 0 when there is none
    std::uint64_t content_size = 0;
    Digest content_digest{};
    std::string content;
};

// What a head's content says.
struct Content {
    std::string clock;    // records of windows::EventClock
    std::string windows;  // records of windows::Windows
    std::vector<OutboxEntry> outbox;
    std::vector<EventPlace> condemned;  // events above the floor whose dead letters are in this outbox, or were in one
};

std::string write(const Head& head);
Result<Head> read_head(std::string_view bytes);

std::string write(const Content& content);
Result<Content> read_content(std::string_view bytes);

// Where a part is stored, below the subject of the partition's heads: `….WRITER.COMMIT.PART`, used once.
std::string part_subject(std::string_view head_subject, const Head& head, std::uint32_t part);

}  // namespace millrace::state
