// A settled event → the message that tells of it: a result, a copy that goes past the model, or a dead letter, with
// lineage.
//
// Pure. The body of a result is {"score":<raw>,…included fields…}, or {"score":null,"bypassed":true,…} of an event that
// was not scored; the body of a dead letter or a copy is the event's raw text. Lineage and, for a dead letter, the
// evidence stand in Millrace-* headers.
#pragma once

#include <array>
#include <string>
#include <vector>

#include "bridge/base/event.h"
#include "bridge/base/result.h"
#include "bridge/base/stream.h"
#include "bridge/codec/result_batch.h"
#include "bridge/settings/settings.h"
#include "subjects/subject_template.h"

namespace millrace::codec {

struct Rendered {
    Output output{};
    std::string subject;
    std::vector<Header> headers;
    std::string payload;
};

class Renderer {
  public:
    // `pipeline` outlives the renderer. Its templates were checked when the configuration was loaded.
    explicit Renderer(const settings::Pipeline& pipeline);

    // The publication for a settled event that is not filtered out, at most `max_bytes` long with its headers. A result
    // that is longer is ErrorCode::too_large; a copy sheds the publisher's headers and then its payload; a dead letter
    // sheds the endpoint's answer, then the publisher's headers, and at last replaces the payload by (stream, sequence,
    // length, SHA-256).
    [[nodiscard]] Result<Rendered> render(const Delivery& delivery, const Event& event, std::size_t max_bytes) const;
    // One publication for several results; too large where it is longer.
    [[nodiscard]] Result<Rendered> render_batch(const std::vector<InBatch>& events, std::size_t max_bytes) const;
    // Where `render` publishes it.
    [[nodiscard]] Result<std::string> subject_of(const Delivery& delivery, const Event& event) const;
    // Where results of a tenant go. Requires: a tenant that is one.
    [[nodiscard]] std::string result_subject(Partition partition, const std::string& tenant) const;

  private:
    [[nodiscard]] Result<std::string> subject_for(Output output, const Delivery& delivery) const;

    const settings::Pipeline& pipeline_;
    std::array<subjects::SubjectTemplate, kEventOutputs> destinations_;
};

}  // namespace millrace::codec
