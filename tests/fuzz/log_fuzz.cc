// Any text in a line of the log, in both forms: the line stays one line, nothing in it steers a terminal, and as JSON
// it holds the fields it was given and no other.
#include <simdjson.h>

#include <string>

#include "bridge/base/check.h"
#include "bridge/base/log_line.h"
#include "tests/fuzz/tape.h"

using namespace millrace;

namespace {

void check_json(const std::string& written, const logging::Line& line) {
    simdjson::dom::parser parser;
    simdjson::dom::object fields;
    MILLRACE_CHECK(parser.parse(written).get(fields) == simdjson::SUCCESS, "a line is a JSON object");
    const std::size_t expected = 4 + (line.pipeline.empty() ? 0 : 1) + (line.left_out > 0 ? 1 : 0);
    MILLRACE_CHECK(fields.size() == expected, "with the fields it has, and no other");
    const bool as_it_is = line.text.size() <= 2000 && simdjson::validate_utf8(line.text.data(), line.text.size());
    const std::string_view text = fields["text"];
    MILLRACE_CHECK(!as_it_is || text == line.text, "whose text is the text");
    MILLRACE_CHECK(text.size() <= 3 * 2000 + 8, "and capped");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    fuzz::Tape tape(bytes, size);
    logging::Line line;
    line.level = static_cast<Level>(tape.below(3));
    line.left_out = tape.below(3);
    line.at =
        std::chrono::sys_time<std::chrono::milliseconds>(std::chrono::milliseconds(tape.number() % 9'000'000'000'000));
    line.event = tape.text();
    line.pipeline = tape.text();
    line.text = tape.rest();
    for (const auto form : {logging::Form::json, logging::Form::text}) {
        const std::string written = logging::format(line, form);
        MILLRACE_CHECK(simdjson::validate_utf8(written.data(), written.size()), "a line is UTF-8");
        for (const unsigned char c : written) MILLRACE_CHECK(c >= ' ' && c != 0x7f, "without controls");
        for (const char* hidden : {"\u0085", "\u009b", "\u200b", "\u200f", "\u2028", "\u202e", "\u2066", "\ufeff"})
            MILLRACE_CHECK(written.find(hidden) == std::string::npos, "and without what hides or turns text");
        if (form == logging::Form::json) check_json(written, line);
    }
    return 0;
}
