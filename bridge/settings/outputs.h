// What a pipeline publishes, one row a kind: the field that names its subject, and the subject configured there.
#pragma once

#include <array>
#include <string>
#include <string_view>

#include "bridge/base/stream.h"
#include "bridge/settings/settings.h"

namespace millrace::settings {

// Every kind, in the order of the enum.
inline constexpr std::array<Output, kOutputs> kEveryOutput = {Output::result, Output::dead_letter, Output::unroutable};

// Below its pipeline: `results.subject`.
std::string_view output_field(Output output);
const std::string& output_subject(const Pipeline& pipeline, Output output);

}  // namespace millrace::settings
