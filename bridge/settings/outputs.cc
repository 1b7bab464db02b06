#include "bridge/settings/outputs.h"

#include <array>
#include <cstddef>

namespace millrace::settings {
namespace {

struct Row {
    Output output;
    std::string_view field;
    const std::string& (*subject)(const Pipeline&);
};

using Text = const std::string&;

constexpr std::array<Row, kOutputs> kTable = {{
    {Output::result, "results.subject", [](const Pipeline& p) -> Text { return p.results.subject; }},
    {Output::dead_letter, "dead_letter.subject", [](const Pipeline& p) -> Text { return p.dead_letter.subject; }},
    {Output::unroutable, "dead_letter.unroutable_subject",
     [](const Pipeline& p) -> Text { return p.dead_letter.unroutable_subject; }},
}};

constexpr bool in_order() {
    for (std::size_t i = 0; i < kTable.size(); ++i) {
        if (static_cast<std::size_t>(kTable[i].output) != i || kEveryOutput[i] != kTable[i].output) return false;
    }
    return true;
}
static_assert(in_order());

const Row& row(Output output) { return kTable[static_cast<std::size_t>(output)]; }

}  // namespace

std::string_view output_field(Output output) { return row(output).field; }
const std::string& output_subject(const Pipeline& pipeline, Output output) { return row(output).subject(pipeline); }

}  // namespace millrace::settings
