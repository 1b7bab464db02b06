// Any pointer and any extras as a request template: what can be made is a body of JSON that holds the rows at the
// pointer and everything of the extras, as simdjson's own reader and pointers tell.
#include <simdjson.h>

#include <string>
#include <vector>

#include "bridge/base/check.h"
#include "bridge/protocols/json_pointer.h"
#include "bridge/protocols/request_template.h"
#include "tests/fuzz/tape.h"

using namespace millrace;
using simdjson::dom::element;

namespace {

constexpr std::string_view kRows[] = {R"([1,"a"])", R"({"x":null})", "3"};

void check_body(const std::string& body, std::string_view pointer, std::string_view extras) {
    simdjson::dom::parser of_body;
    simdjson::dom::parser of_extras;
    element root;
    const auto error = of_body.parse(body).get(root);
    // It takes no numbers outside of double and 64 bits, which are JSON.
    if (error == simdjson::NUMBER_ERROR) return;
    // A \u escape for half a character is JSON by grammar.
    if (error == simdjson::STRING_ERROR) return;
    MILLRACE_CHECK(error == simdjson::SUCCESS, "a request is JSON");
    element rows;
    MILLRACE_CHECK(root.at_pointer(pointer).get(rows) == simdjson::SUCCESS, "something is at the pointer");
    MILLRACE_CHECK(simdjson::minify(rows) == R"([[1,"a"],{"x":null},3])", "the rows are at the pointer");
    if (extras.empty()) return;
    element given;
    MILLRACE_CHECK(of_extras.parse(extras).get(given) == simdjson::SUCCESS && given.is_object(),
                   "extras are an object");
    for (const auto [key, value] : simdjson::dom::object(given)) {
        element kept;
        MILLRACE_CHECK(simdjson::dom::object(root).at_key(key).get(kept) == simdjson::SUCCESS, "an extra is kept");
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    fuzz::Tape tape(bytes, size);
    const std::string_view pointer = tape.line();
    const std::string_view extras = tape.rest();
    const auto tokens = protocols::parse_pointer(pointer);
    if (tokens) {
        std::string again;
        for (const std::string& token : *tokens) {
            again += '/';
            for (const char c : token) again += c == '~' ? "~0" : c == '/' ? "~1" : std::string(1, c);
        }
        MILLRACE_CHECK(again == pointer, "a pointer read and written is the same");
    }
    const auto made = protocols::RequestTemplate::make(pointer, extras);
    MILLRACE_CHECK(tokens || !made, "no request without a pointer");
    if (made) check_body(made->fill(kRows), pointer, extras);
    return 0;
}
