#include "bridge/protocols/openai.h"

#include "bridge/protocols/json_reader.h"
#include "bridge/protocols/rows_protocol.h"

namespace millrace::protocols {
namespace {

constexpr std::string_view kNoQuota = R"("insufficient_quota")";

// Whether {"error":{"code":…,"type":…}} has it as either.
bool says_no_quota(std::string_view body) {
    JsonReader reader(body);
    bool found = false;
    if (reader.peek() != JsonReader::Kind::object) return false;
    reader.enter();
    while (reader.more()) {
        if (!is_name(reader.key(), "error") || reader.peek() != JsonReader::Kind::object) {
            reader.skip();
            continue;
        }
        reader.enter();
        while (reader.more()) {
            const std::string_view key = reader.key();
            const bool telling = is_name(key, "code") || is_name(key, "type");
            found = (reader.skip() == kNoQuota && telling) || found;
        }
    }
    return reader.finish() && found;
}

}  // namespace

Outcome openai_outcome(const Response& response) {
    if (response.status == 429 && says_no_quota(response.body)) return Outcome::misconfigured;
    return by_status(response);
}

}  // namespace millrace::protocols
