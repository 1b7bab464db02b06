// The context of the NATS CLI that stands in for a configuration's section `nats`.
//
// One rule: a context is the whole of `nats`; nothing of the section counts beside it. The context's file is opened
// here, none of those that it names.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "auth/nats_context.h"
#include "bridge/config/problem.h"
#include "bridge/config/reader.h"

namespace millrace::config {

// `given` is the command line's, and goes before nats.context; both may be empty. A name is looked for where the CLI
// does: $XDG_CONFIG_HOME/nats/context/NAME.json, or ~/.config. The settings are as before where there is a problem.
void read_nats_context(Reading& reading, const std::string& given, Problems& problems);

using ContextComplaint = std::function<void(std::string_view member, const std::string& text)>;

// What a context means; `path` is its own. Nothing where `complain` was told of a mistake.
std::optional<settings::Nats> nats_of(const auth::NatsContext& context, const std::string& path,
                                      const ContextComplaint& complain);

}  // namespace millrace::config
