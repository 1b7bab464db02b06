// Message bytes → events, with each event's request row made, and what windows want of it.
//
// A message holds one JSON object, an array of objects, or objects one a line. Fields are found by name or JSON Pointer
// and copied as raw text, so integers above 2^53 and decimals come out as they went in. Of duplicate keys the first
// wins. A bad element becomes an event with a `fault` and hurts no other; a message that is no JSON at all is one event
// with a fault. An array cut off behind an element gives that element a fault too, so that the loss shows.
//
// Thread: one shard's; the decoder keeps a parser and scratch memory. Bounds: 64 levels of nesting; at most
// `kMaxElements` elements in a message, the rest being one event with the fault event_too_large.
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "bridge/base/event.h"
#include "bridge/base/signature.h"
#include "bridge/settings/settings.h"

namespace millrace::codec {

inline constexpr std::size_t kMaxElements = 10000;

// Makes a message without a usable tenant one event for the operator, with its fault; it is not looked into.
void set_unroutable(Delivery& delivery);
// The same where the tenant is one, and none of the pipeline's.
void set_not_allowed(Delivery& delivery);

class EventDecoder {
  public:
    // `pipeline` outlives the decoder.
    explicit EventDecoder(const settings::Pipeline& pipeline);
    ~EventDecoder();
    EventDecoder(EventDecoder&&) noexcept;

    // What each feature is to be from now on; none: whatever it is. A feature that cannot be made so is a fault
    // signature_misfit, with its name, the type expected and the one found.
    void expect(std::vector<SignatureField> columns);

    // Fills delivery.events from delivery.payload: element, text, row, included, at, values, fault, selection. Does not
    // set ids. Values that are of the score stay null. An event without a row has its time all the same; one that is
    // not selected has nothing else, but for what its result carries along where it makes one.
    void decode(Delivery& delivery);

  private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace millrace::codec
