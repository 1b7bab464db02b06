#include "bridge/io/nats_answers.h"

#include <simdjson.h>

#include <algorithm>
#include <array>

#include "bridge/base/text.h"
#include "bridge/io/nats_wire.h"

namespace millrace::io {

namespace {

using simdjson::dom::element;
using simdjson::dom::object;

// Small and rare answers: the DOM is the plainer tool. PubAcks, which are many, are as small.
class Reader {
  public:
    // The root object, or the reason why there is none.
    Result<object> root(std::string_view json) {
        object found;
        if (parser_.parse(json.data(), json.size()).get(found) != simdjson::SUCCESS) {
            return fail(ErrorCode::unavailable,
                        "JetStream answered with something that is no JSON object (is this a "
                        "JetStream server of version 2.9 or newer?)");
        }
        return found;
    }

  private:
    simdjson::dom::parser parser_;
};

std::string_view text(const object& from, std::string_view key) {
    std::string_view out;
    return from[key].get(out) == simdjson::SUCCESS ? out : std::string_view();
}

// Large unsigned values come as doubles or as unsigned; everything wanted here fits 63 bits.
std::int64_t number(const object& from, std::string_view key, std::int64_t otherwise = 0) {
    std::int64_t out = 0;
    return from[key].get(out) == simdjson::SUCCESS ? out : otherwise;
}

std::uint64_t count(const object& from, std::string_view key) {
    std::uint64_t out = 0;
    return from[key].get(out) == simdjson::SUCCESS ? out : 0;
}

bool flag(const object& from, std::string_view key) {
    bool out = false;
    return from[key].get(out) == simdjson::SUCCESS && out;
}

// What stands in for a member that is missing: a default-made simdjson object may not be read.
object nothing() {
    struct Empty {
        simdjson::padded_string json{std::string_view("{}")};
        simdjson::dom::parser parser;
        object root = parser.parse(json).value().get_object().value();
    };
    static Empty empty;
    return empty.root;
}

object member(const object& from, std::string_view key) {
    object out;
    return from[key].get(out) == simdjson::SUCCESS ? out : nothing();
}

std::optional<ServerTime> time(const object& from, std::string_view key) { return parse_rfc3339(text(from, key)); }

std::vector<std::string> strings(const object& from, std::string_view key) {
    std::vector<std::string> out;
    simdjson::dom::array list;
    if (from[key].get(list) != simdjson::SUCCESS) return out;
    for (const element item : list) {
        std::string_view value;
        if (item.get(value) == simdjson::SUCCESS) out.emplace_back(value);
    }
    return out;
}

bool has(const object& from, std::string_view key) {
    element found;
    return from[key].get(found) == simdjson::SUCCESS && !found.is_null();
}

// err_code → reaction. What is not listed goes by the HTTP-like code.
struct Row {
    int err_code;
    ErrorCode reaction;
};
constexpr std::array kApiErrors = {
    Row{10059, ErrorCode::not_found},      // stream not found
    Row{10014, ErrorCode::not_found},      // consumer not found
    Row{10037, ErrorCode::not_found},      // no message found
    Row{10043, ErrorCode::not_found},      // the message to delete is gone
    Row{10039, ErrorCode::misconfigured},  // JetStream not enabled for account
    Row{10076, ErrorCode::misconfigured},  // JetStream not enabled
    Row{10167, ErrorCode::unavailable},    // too many requests
};
constexpr std::array kPublishErrors = {
    Row{10060, ErrorCode::misconfigured},  // expected stream does not match
    Row{10059, ErrorCode::misconfigured},  // stream not found
    Row{10109, ErrorCode::misconfigured},  // sealed stream
    Row{10039, ErrorCode::misconfigured},  // JetStream not enabled for account
    Row{10076, ErrorCode::misconfigured},  // JetStream not enabled
    Row{10054, ErrorCode::too_large},      // message size exceeds maximum
    Row{10097, ErrorCode::too_large},      // header size exceeds maximum
    Row{10071, ErrorCode::conflict},       // wrong last sequence: N
    Row{10164, ErrorCode::conflict},       // the same while another such write to the subject is under way (2.12)
    Row{10174, ErrorCode::misconfigured},  // atomic batches are disabled for the stream
    Row{10177, ErrorCode::misconfigured},  // a header no atomic batch may have: an identity, on 2.12.0
};

std::optional<ErrorCode> look_up(const auto& rows, int err_code) {
    const auto row = std::ranges::find(rows, err_code, &Row::err_code);
    return row == rows.end() ? std::nullopt : std::optional(row->reaction);
}

std::string in_words(int code, int err_code, std::string_view description) {
    return "JetStream says \"" + std::string(description) + "\" (" + std::to_string(code) + "/" +
           std::to_string(err_code) + ")";
}

std::optional<Error> api_error(const object& root) {
    if (!has(root, "error")) return {};
    const object error = member(root, "error");
    const int code = static_cast<int>(number(error, "code"));
    const int err_code = static_cast<int>(number(error, "err_code"));
    const auto otherwise = code >= 400 && code < 500 ? ErrorCode::misconfigured : ErrorCode::unavailable;
    return Error{look_up(kApiErrors, err_code).value_or(otherwise),
                 in_words(code, err_code, text(error, "description"))};
}

int err_code_in(std::string_view json) {
    Reader reader;
    const auto root = reader.root(json);
    return root ? static_cast<int>(number(member(*root, "error"), "err_code")) : 0;
}

// The root of an answer without "error".
Result<object> answer(Reader& reader, std::string_view json) {
    auto root = reader.root(json);
    if (!root) return root;
    if (auto error = api_error(*root)) return std::unexpected(std::move(*error));
    return root;
}

std::optional<ServerTime> later(std::optional<ServerTime> a, std::optional<ServerTime> b) {
    if (!a || !b) return a ? a : b;
    return std::max(*a, *b);
}

void read_config(const object& config, StreamFound& out) {
    out.name = text(config, "name");
    out.subjects = strings(config, "subjects");
    out.retention = text(config, "retention");
    out.storage = text(config, "storage");
    out.discard = text(config, "discard");
    out.replicas = number(config, "num_replicas", 1);
    out.max_msgs = number(config, "max_msgs", -1);
    out.max_msgs_per_subject = number(config, "max_msgs_per_subject", -1);
    out.max_bytes = number(config, "max_bytes", -1);
    out.max_msg_size = number(config, "max_msg_size", -1);
    out.max_age = Duration(number(config, "max_age"));
    out.duplicate_window = Duration(number(config, "duplicate_window"));
    out.sealed = flag(config, "sealed");
    out.no_ack = flag(config, "no_ack");
    out.deny_purge = flag(config, "deny_purge");
    out.allow_atomic = flag(config, "allow_atomic");
    out.is_fed = has(config, "mirror") || has(config, "sources");
    out.has_transform = has(config, "subject_transform");
    out.persist_mode = text(config, "persist_mode");
}

void read_config(const object& config, ConsumerFound& out) {
    out.filters = strings(config, "filter_subjects");
    if (const auto filter = text(config, "filter_subject"); !filter.empty()) out.filters = {std::string(filter)};
    out.deliver_policy = text(config, "deliver_policy");
    out.ack_policy = text(config, "ack_policy");
    out.deliver_subject = text(config, "deliver_subject");
    out.ack_wait = Duration(number(config, "ack_wait"));
    out.max_deliver = number(config, "max_deliver", -1);
    out.max_ack_pending = number(config, "max_ack_pending");
    out.headers_only = flag(config, "headers_only");
}

}  // namespace

Stored parse_pub_ack(StoreId id, std::string_view json) {
    // One parser per delivery thread, kept: acknowledgements are as many as results.
    thread_local Reader reader;
    Stored stored;
    stored.id = id;
    auto root = reader.root(json);
    if (!root) {
        stored.error = std::move(root.error());
    } else if (has(*root, "error")) {
        const object error = member(*root, "error");
        stored.error = publish_error(static_cast<int>(number(error, "code")),
                                     static_cast<int>(number(error, "err_code")), text(error, "description"));
        stored.refused = true;
    } else if (stored.sequence = count(*root, "seq"); stored.sequence == 0) {
        stored.error = Error{ErrorCode::unavailable, "JetStream acknowledged a publication without a sequence"};
    } else {
        stored.duplicate = flag(*root, "duplicate");
    }
    return stored;
}

Error publish_error(int code, int err_code, std::string_view description) {
    return {look_up(kPublishErrors, err_code).value_or(ErrorCode::unavailable), in_words(code, err_code, description)};
}

Result<void> parse_success(std::string_view json) {
    Reader reader;
    auto root = answer(reader, json);
    if (!root) return std::unexpected(std::move(root.error()));
    return {};
}

Result<StreamFound> parse_stream(std::string_view json) {
    Reader reader;
    auto root = answer(reader, json);
    if (!root) return std::unexpected(std::move(root.error()));
    StreamFound out;
    read_config(member(*root, "config"), out);
    if (out.name.empty()) return fail(ErrorCode::unavailable, "JetStream described a stream without a name");
    out.created = time(*root, "created").value_or(ServerTime{});
    out.server_now = time(*root, "ts");
    const object state = member(*root, "state");
    out.messages = count(state, "messages");
    out.bytes = count(state, "bytes");
    out.first_sequence = count(state, "first_seq");
    out.last_sequence = count(state, "last_seq");
    out.first_stored = time(state, "first_ts");
    out.last_stored = time(state, "last_ts");
    return out;
}

Result<std::string> stream_config_json(std::string_view json) {
    Reader reader;
    auto root = answer(reader, json);
    if (!root) return std::unexpected(std::move(root.error()));
    return simdjson::minify(member(*root, "config"));
}

Result<ConsumerFound> parse_consumer(std::string_view json) {
    Reader reader;
    auto root = answer(reader, json);
    if (!root) return std::unexpected(std::move(root.error()));
    ConsumerFound out;
    out.name = text(*root, "name");
    if (out.name.empty()) return fail(ErrorCode::unavailable, "JetStream described a consumer without a name");
    read_config(member(*root, "config"), out);
    out.created = time(*root, "created").value_or(ServerTime{});
    out.server_now = time(*root, "ts");
    const object delivered = member(*root, "delivered");
    const object floor = member(*root, "ack_floor");
    out.deliveries = count(delivered, "consumer_seq");
    out.delivered_sequence = count(delivered, "stream_seq");
    out.ack_floor = count(floor, "stream_seq");
    out.last_active = later(time(delivered, "last_active"), time(floor, "last_active"));
    out.ack_pending = count(*root, "num_ack_pending");
    out.pending = count(*root, "num_pending");
    return out;
}

Result<StreamMessage> parse_message(std::string_view json) {
    Reader reader;
    auto root = answer(reader, json);
    if (!root) return std::unexpected(std::move(root.error()));
    const object message = member(*root, "message");
    StreamMessage out;
    out.sequence = count(message, "seq");
    if (out.sequence == 0) return fail(ErrorCode::unavailable, "JetStream returned a message without a sequence");
    out.subject = text(message, "subject");
    out.headers = parse_header_block(from_base64(text(message, "hdrs")));
    out.payload = from_base64(text(message, "data"));
    out.stored_at = time(message, "time").value_or(ServerTime{});
    return out;
}

GotMessage parse_read(std::uint64_t number, std::string_view json) {
    constexpr int kNoMessageFound = 10037;
    GotMessage got{number, {}, {}};
    if (auto message = parse_message(json)) {
        got.message = std::move(*message);
    } else if (err_code_in(json) != kNoMessageFound) {
        got.error = std::move(message.error());
    }
    return got;
}

Result<AccountFound> parse_account(std::string_view json) {
    Reader reader;
    auto root = answer(reader, json);
    if (!root) return std::unexpected(std::move(root.error()));
    AccountFound out;
    const object limits = member(*root, "limits");
    out.api_level = static_cast<int>(number(member(*root, "api"), "level"));
    out.streams = count(*root, "streams");
    out.consumers = count(*root, "consumers");
    out.max_streams = number(limits, "max_streams", -1);
    out.max_consumers = number(limits, "max_consumers", -1);
    out.max_memory = number(limits, "max_memory", -1);
    out.max_storage = number(limits, "max_storage", -1);
    return out;
}

Result<NamesPage> parse_names(std::string_view json, std::string_view member) {
    Reader reader;
    auto root = answer(reader, json);
    if (!root) return std::unexpected(std::move(root.error()));
    return NamesPage{strings(*root, member), count(*root, "total")};
}

Result<ServerInfo> parse_server_info(std::string_view json) {
    Reader reader;
    auto root = reader.root(json);
    if (!root) return std::unexpected(std::move(root.error()));
    ServerInfo out;
    out.version = text(*root, "version");
    out.name = text(*root, "server_name");
    out.jetstream = flag(*root, "jetstream");
    out.headers = flag(*root, "headers");
    out.max_payload = count(*root, "max_payload");
    return out;
}

std::vector<Header> parse_header_block(std::string_view block) {
    std::vector<Header> out;
    auto line_end = block.find("\r\n");
    if (line_end == std::string_view::npos) return out;
    std::string_view rest = block.substr(line_end + 2);
    while (!rest.empty()) {
        line_end = rest.find("\r\n");
        const auto line = rest.substr(0, line_end);
        rest = line_end == std::string_view::npos ? std::string_view() : rest.substr(line_end + 2);
        const auto colon = line.find(':');
        if (colon == std::string_view::npos) continue;
        auto value = line.substr(colon + 1);
        value.remove_prefix(std::min(value.find_first_not_of(' '), value.size()));
        value.remove_suffix(value.size() - std::min(value.find_last_not_of(' ') + 1, value.size()));
        out.emplace_back(line.substr(0, colon), value);
    }
    return out;
}

}  // namespace millrace::io
