// Kind: a protocol as the configuration sees it, before one is made.
//
// What a configuration may not say is refused here once for all protocols, so that `make` meets only what its kind
// takes.
#pragma once

#include <cstdint>
#include <limits>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "bridge/base/result.h"
#include "bridge/base/signature.h"
#include "bridge/protocols/contract.h"
#include "bridge/protocols/protocol.h"
#include "bridge/settings/settings.h"

namespace millrace::protocols {

// What rows are, as bits: the features as an array or as a record, the value of the only one, or the event itself where
// there are no features.
enum Rows : unsigned { kArrays = 1, kRecords = 2, kValues = 4, kEvents = 8, kAnyRows = 15 };

// One form of the request.
struct Body {
    std::string_view name;
    unsigned rows = kAnyRows;  // which it takes
    bool named = false;        // it calls columns, or places in a text, after the features
};

// Fields of the endpoint that only some protocols take, as bits.
enum Takes : unsigned { kExtras = 1, kRowsPointer = 2, kResultsPointer = 4, kTensors = 8, kRequest = 16 };

// Where a server says whether it is well: GET of the url with its path, from the last `cut` on, replaced by `path`.
struct HealthPath {
    std::string_view cut;  // empty: it says it nowhere
    std::string_view path;
};

struct Kind {
    std::string_view name;
    std::span<const Body> bodies;  // the first is the default; a protocol with one form gives it no name
    unsigned takes = 0;
    Result<std::unique_ptr<Protocol>> (*make)(const settings::Pipeline&, const Body&) = nullptr;
    std::uint32_t most_rows = std::numeric_limits<std::uint32_t>::max();  // of one request
    std::uint32_t usual_tokens = 0;                                       // max_batch_tokens, where it is left out
    HealthPath health{};
    const Contract* contract = nullptr;  // where the signature is read; null where no such endpoint publishes one
    // What the form itself can carry of each feature, whatever the signature; empty where that is all of JSON.
    std::vector<SignatureField> (*carries)(const settings::Pipeline&, const Body&) = nullptr;
};

// The url to ask for the health of the server behind `url`; empty where there is none.
std::string health_url(const Kind& kind, std::string_view url);
// Whether the answer speaks for the server. One that does not know the question may well be fine.
bool is_well(int status, std::string_view body);

// What is wrong with the pipeline's endpoint as one of this kind, or the form its request has; the text begins with the
// field's name inside `endpoint`. Requires: endpoint.protocol is kind.name.
Result<const Body*> check(const Kind& kind, const settings::Pipeline& pipeline);

}  // namespace millrace::protocols
