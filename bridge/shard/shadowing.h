// Shadowing: the exchange with a shadow endpoint: the request for a copy, and what its answer says beside the scores
// there are. Which batches are copied and what follows is engine/shadow's.
//
// Thread: the shard's. Bounds: what engine/shadow lets through; an answer may be 16 times as long as the scores, and 1
// MiB, so that one who answers with whatever comes to mind takes no time from others.
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "auth/key_file.h"
#include "bridge/base/note.h"
#include "bridge/base/signature.h"
#include "bridge/codec/agreement.h"
#include "bridge/codec/difference.h"
#include "bridge/engine/effect.h"
#include "bridge/engine/input.h"
#include "bridge/ports/endpoint.h"
#include "bridge/protocols/protocol.h"
#include "bridge/settings/settings.h"

namespace millrace {

class Shadowing {
  public:
    // `key` outlives it. Requires: the pipeline has a shadow.
    Shadowing(const settings::Pipeline& pipeline, auth::KeyFile& key, std::string request_prefix);

    // Asks what the candidate says it takes; nothing where none of its protocol says anything.
    [[nodiscard]] std::optional<ports::HttpRequest> ask_signature(RequestId id) const;
    // What came of it; and by which signature rows are made. Something to say when that is news. Nothing else comes of
    // it: copies go to the candidate all the same.
    std::optional<Note> told(engine::SignatureRead&& read);
    std::optional<Note> rows_made_for(const Signature& signature);
    [[nodiscard]] const settings::Pipeline& pipeline() const { return pipeline_; }

    ports::HttpRequest ask(const engine::Copy& copy);
    [[nodiscard]] bool awaits(RequestId id) const { return asked_.contains(id); }
    // Requires: awaits it.
    engine::ShadowAnswered read(ports::HttpResponse response);

  private:
    std::optional<Note> compare();

    const settings::Pipeline pipeline_;  // as if the shadow were its endpoint
    const settings::Pipeline& shadowed_;
    std::unique_ptr<protocols::Protocol> protocol_;
    auth::KeyFile& key_;
    const std::string request_prefix_;
    codec::Agreement agreement_;
    codec::DifferenceRenderer renderer_;
    struct Asked {
        std::vector<codec::ScoredEvent> events;
        Secret key;  // it went with
    };
    std::map<RequestId, Asked> asked_;
    std::optional<Signature> signature_;  // of the candidate
    Signature rows_for_;
    std::string misfit_;  // as last said
};

}  // namespace millrace
