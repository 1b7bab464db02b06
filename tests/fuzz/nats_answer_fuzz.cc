// Any bytes as JetStream's answer to each of our questions, read as each of them: no crash, a usable value or an error
// that says what to do. What is put into requests as JSON is JSON, and reply subjects are read strictly.
#include <simdjson.h>

#include <string>

#include "bridge/base/check.h"
#include "bridge/io/nats_answers.h"
#include "bridge/io/nats_wire.h"
#include "tests/fuzz/tape.h"

using namespace millrace;

namespace {

void check_answers(std::string_view json) {
    const Stored stored = io::parse_pub_ack(StoreId{7}, json);
    MILLRACE_CHECK(stored.id == StoreId{7} && stored.error.has_value() == (stored.sequence == 0),
                   "a publication is stored under a sequence or in error");
    const auto stream = io::parse_stream(json);
    MILLRACE_CHECK(!stream || !stream->name.empty(), "a stream has a name");
    const auto consumer = io::parse_consumer(json);
    MILLRACE_CHECK(!consumer || !consumer->name.empty(), "a consumer has a name");
    const auto message = io::parse_message(json);
    MILLRACE_CHECK(!message || message->sequence > 0, "a message has a sequence");
    MILLRACE_CHECK(io::parse_success(json) || !io::parse_account(json), "an error is one to every reader");
    (void)io::parse_names(json, "streams");
    (void)io::parse_server_info(json);
    const auto config = io::stream_config_json(json);
    simdjson::dom::parser parser;
    MILLRACE_CHECK(!config || parser.parse(*config).is_object(), "a configuration is an object");
}

// "<inbox>.<partition>.<slot>.<number>", in the one way to write it but for leading zeros.
void check_tokens(std::string_view subject) {
    const auto token = io::parse_slot_token(subject, "_INBOX.x");
    if (!token) return;
    const std::string again = "_INBOX.x." + std::to_string(token->partition) + '.' + std::to_string(token->slot) + '.' +
                              std::to_string(token->number);
    MILLRACE_CHECK(again.size() <= subject.size() && io::parse_slot_token(again, "_INBOX.x")->number == token->number,
                   "a slot's token");
    MILLRACE_CHECK(io::is_concrete_subject(again), "is a subject");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(bytes), size);
    check_answers(text);
    check_tokens(text);
    if (simdjson::validate_utf8(text.data(), text.size())) {
        simdjson::dom::parser parser;
        const std::string quoted = io::json_string(text);
        MILLRACE_CHECK(std::string_view(parser.parse(quoted)) == text, "a JSON string stands for its text");
    }
    if (io::is_concrete_subject(text)) MILLRACE_CHECK(io::is_subject_or_filter(text), "a subject is a filter");
    if (io::is_name_token(text)) MILLRACE_CHECK(io::is_concrete_subject(text), "a name is a token of a subject");
    return 0;
}
