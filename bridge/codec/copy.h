// A copy of an event as it came, for those it is handed on to: late and early ones, and those that go past the model.
// Pure.
#pragma once

#include <cstddef>
#include <string_view>

#include "bridge/base/event.h"
#include "bridge/base/result.h"
#include "bridge/codec/render.h"
#include "bridge/settings/settings.h"

namespace millrace::codec {

// `made` with the event as its payload and the publisher's headers behind its own. One that is too long leaves out the
// publisher's headers, and then has its payload replaced as a dead letter does; too_large when that is too long as
// well, in a text that begins with `what`.
Result<Rendered> with_copy(Rendered made, std::string_view what, const settings::Pipeline& pipeline,
                           const Delivery& delivery, const Event& event, std::size_t max_bytes);

}  // namespace millrace::codec
