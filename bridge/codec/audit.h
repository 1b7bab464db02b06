// A request and the events it settled → the audit message that says so, for the operator: from which messages of the
// input, by whom it was answered, and under which identities and subjects what came of them is found.
//
// The body is told in docs/messages.md. Events are grouped by tenant, subject and end; the n-th of each list is of one
// event. Several tenants may stand in it, so no tenant may read it.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "bridge/base/event.h"
#include "bridge/base/result.h"
#include "bridge/base/time.h"
#include "bridge/codec/render.h"
#include "bridge/settings/addresses.h"
#include "bridge/settings/settings.h"

namespace millrace::codec {

inline constexpr std::string_view kAuditKind = "audit";

struct AuditedRequest {
    std::string name;          // as the endpoint knows it
    std::uint64_t number = 0;  // tells apart what is told of one request
    std::vector<std::pair<const Delivery*, const Event*>> events;
};

class AuditRenderer {
  public:
    // All outlive it.
    AuditRenderer(const settings::Pipeline& pipeline, const settings::Routes& routes, const Renderer& renderer)
        : pipeline_(pipeline), routes_(routes), renderer_(renderer) {}

    // At most `max_bytes` long with its headers, or ErrorCode::too_large. Requires: at least one event, all settled by
    // the request and of one partition; the pipeline has an audit subject.
    [[nodiscard]] Result<Rendered> render(const AuditedRequest& request, ServerTime now, std::size_t max_bytes) const;

  private:
    const settings::Pipeline& pipeline_;
    const settings::Routes& routes_;
    const Renderer& renderer_;
};

}  // namespace millrace::codec
