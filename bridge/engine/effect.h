// What the engine asks for. Carried out by the shard, in order, before the next step.
//
// Lifetime: the pointers and views in an effect are valid until the next call of `step`, even where the delivery was
// closed in this one.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "bridge/base/event.h"
#include "bridge/base/fate.h"
#include "bridge/base/ids.h"
#include "bridge/base/note.h"
#include "bridge/base/shadow.h"
#include "bridge/base/signature.h"
#include "bridge/base/stream.h"

namespace millrace::engine {

struct Bind {
    Partition partition = 0;
};

// Make one request of `rows`, in this order.
struct Send {
    RequestId id{};
    Partition partition = 0;
    std::size_t address = 0;  // as settings::routes counts them
    std::vector<std::string_view> rows;
    bool refresh_key = false;  // read the endpoint's key again before sending
};

// Ask the address whether it is well.
struct CheckHealth {
    RequestId id{};
    std::size_t address = 0;
};

// Ask the address what it takes; answered by one SignatureRead.
struct ReadSignature {
    std::size_t address = 0;
};
// Rows are to be made by it from now on.
struct UseSignature {
    Signature signature;
};

// Render and publish what the event came to.
struct Publish {
    StoreId id{};
    const Delivery* delivery = nullptr;
    const Event* event = nullptr;
};

// Render and publish results of one lane, in this order; store them while the last message of their subject has this
// sequence (0: while there is none).
struct PublishInOrder {
    StoreId id{};
    std::vector<std::pair<const Delivery*, const Event*>> results;
    std::uint64_t expected_last_subject_sequence = 0;
};

// Publish these bytes. What is pointed to lives until the next step.
struct Write {
    StoreId id{};
    Output output{};
    std::string_view subject;
    const std::vector<Header>* headers = nullptr;
    std::string_view payload;
    std::optional<std::uint64_t> expected_last_subject_sequence;
};

// Publish these, all or none, in their order, to the stream of the last one, whose id the one answer has. Requires:
// Bound::together of each, and at most kMostTogether.
struct WriteTogether {
    std::vector<Write> writes;
};

// A message of an owned partition was applied; for counting.
struct Applied {
    const Delivery* delivery = nullptr;
    Fates fates;
};

// Acks this message and all before it on its consumer.
struct AckUpTo {
    std::string ack_subject;
};

// Ask the shadow endpoint about events that were scored together; answered by one ShadowAnswered.
struct Copy {
    RequestId id{};
    std::vector<std::pair<const Delivery*, const Event*>> events;
    bool refresh_key = false;  // read the shadow's key again before sending
};

// Let a difference be known. What is pointed to lives until the next step.
struct Post {
    StoreId id{};
    const Difference* difference = nullptr;
};

// Tell which request settled these events, in its order; answered by one Stored. `number` tells apart what is told of
// one request; the same again for what may be stored already.
struct Audit {
    StoreId id{};
    std::string request;
    std::uint64_t number = 0;
    std::vector<std::pair<const Delivery*, const Event*>> events;
};

// Of the shadow endpoint; for counting.
struct Shadowed {
    ShadowCount what{};
    std::size_t count = 0;
};

// What tells of the event is stored; for counting.
struct Settled {
    const Delivery* delivery = nullptr;
    const Event* event = nullptr;
    bool duplicate = false;
};

struct Ack {
    const Delivery* delivery = nullptr;
};
struct Nak {
    const Delivery* delivery = nullptr;
    Duration delay{};
};
struct InProgress {
    const Delivery* delivery = nullptr;
};

using Effect = std::variant<Bind, Look, Position, PullRequest, Send, CheckHealth, ReadSignature, UseSignature, Publish,
                            PublishInOrder, Write, WriteTogether, Copy, Post, Audit, Shadowed, Settled, Applied, Ack,
                            AckUpTo, Nak, InProgress, Find, Read, Purge, Note>;
using Effects = std::vector<Effect>;

}  // namespace millrace::engine
