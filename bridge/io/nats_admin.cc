#include "bridge/io/nats_admin.h"

#include <simdjson.h>

#include <algorithm>
#include <utility>

#include "bridge/io/nats_wire.h"
#include "subjects/headers.h"

namespace millrace::io {

namespace {

constexpr std::uint64_t kMaxNames = 100'000;

std::string member(std::string_view name, std::string_view raw) { return json_string(name) + ":" + std::string(raw); }

std::string duration(Duration time) { return std::to_string(time.count()); }

std::string list(const std::vector<std::string>& texts) {
    std::string out = "[";
    for (const auto& text : texts) {
        if (out.size() > 1) out += ',';
        out += json_string(text);
    }
    return out + "]";
}

std::string object(const std::vector<std::string>& members) {
    std::string out = "{";
    for (const auto& m : members) {
        if (out.size() > 1) out += ',';
        out += m;
    }
    return out + "}";
}

std::vector<std::string> start_members(const settings::Start& start) {
    struct Visit {
        std::vector<std::string> operator()(settings::StartAll) const { return {R"("deliver_policy":"all")"}; }
        std::vector<std::string> operator()(settings::StartNew) const { return {R"("deliver_policy":"new")"}; }
        std::vector<std::string> operator()(ServerTime time) const {
            return {R"("deliver_policy":"by_start_time")", member("opt_start_time", json_string(rfc3339(time)))};
        }
        std::vector<std::string> operator()(std::uint64_t sequence) const {
            return {R"("deliver_policy":"by_start_sequence")", member("opt_start_seq", std::to_string(sequence))};
        }
    };
    return std::visit(Visit{}, start);
}

std::string transform(std::string_view source, std::string_view target) {
    return member("subject_transform",
                  object({member("src", json_string(source)), member("dest", json_string(target))}));
}

// GCC 12 has no expected::and_then.
template <typename Parse>
auto read(Result<std::string> json, Parse parse) -> decltype(parse(*json)) {
    if (!json) return std::unexpected(std::move(json.error()));
    return parse(*json);
}

Result<void> check_name(std::string_view what, std::string_view name) {
    if (is_name_token(name)) return {};
    return fail(ErrorCode::misconfigured,
                std::string(what) + " name \"" + subjects::printable(name, 80) + "\" is not one subject token");
}

}  // namespace

std::string consumer_body(const ConsumerWish& wish) {
    std::vector<std::string> config = start_members(wish.start);
    if (!wish.name.empty()) {
        config.push_back(member("durable_name", json_string(wish.name)));
        config.push_back(member("name", json_string(wish.name)));
    }
    config.push_back(member("ack_policy", json_string(wish.ack_policy)));
    config.push_back(member("replay_policy", "\"instant\""));
    config.push_back(member("max_deliver", "-1"));
    if (!wish.filter.empty()) config.push_back(member("filter_subject", json_string(wish.filter)));
    if (wish.ack_wait > Duration::zero()) config.push_back(member("ack_wait", duration(wish.ack_wait)));
    if (wish.max_ack_pending != 0) config.push_back(member("max_ack_pending", std::to_string(wish.max_ack_pending)));
    if (wish.headers_only) config.push_back(member("headers_only", "true"));
    if (wish.name.empty()) {
        config.push_back(member("inactive_threshold", duration(wish.inactive_threshold)));
        config.push_back(member("mem_storage", "true"));
        config.push_back(member("num_replicas", "1"));
    }
    std::vector<std::string> request = {member("stream_name", json_string(wish.stream)),
                                        member("config", object(config))};
    if (!wish.name.empty()) request.push_back(R"("action":"create")");
    return object(request);
}

std::string stream_body(const StreamWish& wish) {
    std::vector<std::string> config = {
        member("name", json_string(wish.name)),
        member("subjects", list(wish.subjects)),
        member("retention", json_string(wish.retention)),
        member("storage", json_string(wish.storage)),
        member("discard", json_string(wish.discard)),
        member("num_replicas", std::to_string(wish.replicas)),
        member("max_age", duration(wish.max_age)),
        member("max_bytes", std::to_string(wish.max_bytes)),
        member("max_msg_size", std::to_string(wish.max_msg_size)),
        member("max_msgs", "-1"),
        member("max_msgs_per_subject", std::to_string(wish.max_msgs_per_subject)),
        member("max_consumers", "-1"),
        member("duplicate_window", duration(wish.duplicate_window)),
    };
    if (wish.key_value) {
        for (const auto* allowed : {"allow_rollup_hdrs", "deny_delete", "allow_direct"})
            config.push_back(member(allowed, "true"));
    }
    if (wish.allow_atomic) config.push_back(member("allow_atomic", "true"));
    if (!wish.transform_target.empty()) config.push_back(transform(wish.transform_source, wish.transform_target));
    return object(config);
}

Result<std::string> changed_config(std::string_view config_json, const StreamChange& change) {
    simdjson::dom::parser parser;
    simdjson::dom::object config;
    if (parser.parse(config_json.data(), config_json.size()).get(config) != simdjson::SUCCESS)
        return fail(ErrorCode::unavailable, "a stream's config is no JSON object");
    std::vector<std::string> subjects;
    std::vector<std::string> members;
    for (const auto [key, value] : config) {
        if (key == "subjects") {
            for (const auto subject : value.get_array()) subjects.emplace_back(subject.get_string().value());
        } else if ((key == "duplicate_window" && change.duplicate_window) ||
                   (key == "allow_atomic" && change.allow_atomic) ||
                   (key == "subject_transform" && !change.transform_target.empty())) {
            continue;
        } else {
            members.push_back(member(key, simdjson::minify(value)));
        }
    }
    for (const auto& added : change.add_subjects) {
        if (std::ranges::find(subjects, added) == subjects.end()) subjects.push_back(added);
    }
    if (!subjects.empty()) members.push_back(member("subjects", list(subjects)));
    if (change.duplicate_window) members.push_back(member("duplicate_window", duration(*change.duplicate_window)));
    if (change.allow_atomic) members.push_back(member("allow_atomic", "true"));
    if (!change.transform_target.empty())
        members.push_back(transform(change.transform_source, change.transform_target));
    return object(members);
}

NatsAdmin::NatsAdmin(NatsConnection& connection, const settings::Nats& nats, std::chrono::milliseconds timeout)
    : connection_(connection), prefix_(api_prefix(nats) + "."), timeout_(timeout) {}

Result<std::string> NatsAdmin::ask(const std::string& what, std::string_view body) const {
    return connection_.request(prefix_ + what, body, timeout_);
}

Result<AccountFound> NatsAdmin::account() const { return read(ask("INFO", {}), parse_account); }

Result<std::vector<std::string>> NatsAdmin::all_names(const std::string& what, const std::string& condition,
                                                      std::string_view member_name) const {
    std::vector<std::string> names;
    while (names.size() < kMaxNames) {
        const auto body = "{\"offset\":" + std::to_string(names.size()) + condition + "}";
        auto page = read(ask(what, body), [&](const auto& json) { return parse_names(json, member_name); });
        if (!page) return std::unexpected(std::move(page.error()));
        if (page->names.empty()) break;
        names.insert(names.end(), page->names.begin(), page->names.end());
        if (names.size() >= page->total) break;
    }
    return names;
}

Result<std::vector<std::string>> NatsAdmin::stream_names(std::string_view filter) const {
    return all_names("STREAM.NAMES", filter.empty() ? "" : "," + member("subject", json_string(filter)), "streams");
}

Result<StreamFound> NatsAdmin::stream(const std::string& name) const {
    if (auto fit = check_name("stream", name); !fit) return std::unexpected(std::move(fit.error()));
    return read(ask("STREAM.INFO." + name, {}), parse_stream);
}

Result<std::vector<std::string>> NatsAdmin::consumer_names(const std::string& stream) const {
    if (auto fit = check_name("stream", stream); !fit) return std::unexpected(std::move(fit.error()));
    return all_names("CONSUMER.NAMES." + stream, "", "consumers");
}

Result<ConsumerFound> NatsAdmin::consumer(const std::string& stream, const std::string& name) const {
    if (auto fit = check_name("consumer", name); !fit) return std::unexpected(std::move(fit.error()));
    return read(ask("CONSUMER.INFO." + stream + "." + name, {}), parse_consumer);
}

Result<StreamMessage> NatsAdmin::next_message(const std::string& stream, std::uint64_t sequence,
                                              std::string_view filter) const {
    return message(stream, Read::Which::next, sequence, filter);
}

Result<StreamMessage> NatsAdmin::message(const std::string& stream, Read::Which which, std::uint64_t sequence,
                                         std::string_view subject) const {
    if (auto fit = check_name("stream", stream); !fit) return std::unexpected(std::move(fit.error()));
    return read(ask("STREAM.MSG.GET." + stream, read_body(which, sequence, subject)), parse_message);
}

Result<StreamFound> NatsAdmin::create_stream(const StreamWish& wish) const {
    if (auto fit = check_name("stream", wish.name); !fit) return std::unexpected(std::move(fit.error()));
    return read(ask("STREAM.CREATE." + wish.name, stream_body(wish)), parse_stream);
}

Result<StreamFound> NatsAdmin::change_stream(const std::string& name, const StreamChange& change) const {
    if (auto fit = check_name("stream", name); !fit) return std::unexpected(std::move(fit.error()));
    auto config = read(ask("STREAM.INFO." + name, {}), stream_config_json);
    if (!config) return std::unexpected(std::move(config.error()));
    const auto changed = changed_config(*config, change);
    if (!changed) return std::unexpected(changed.error());
    return read(ask("STREAM.UPDATE." + name, *changed), parse_stream);
}

Result<ConsumerFound> NatsAdmin::create_consumer(const ConsumerWish& wish) const {
    if (auto fit = check_name("stream", wish.stream); !fit) return std::unexpected(std::move(fit.error()));
    std::string what = "CONSUMER.CREATE." + wish.stream;
    if (!wish.name.empty()) {
        if (auto fit = check_name("consumer", wish.name); !fit) return std::unexpected(std::move(fit.error()));
        what += "." + wish.name;
        if (!wish.filter.empty()) what += "." + wish.filter;
    }
    return read(ask(what, consumer_body(wish)), parse_consumer);
}

Result<void> NatsAdmin::delete_consumer(const std::string& stream, const std::string& name) const {
    return read(ask("CONSUMER.DELETE." + stream + "." + name, {}), parse_success);
}

Result<void> NatsAdmin::delete_message(const std::string& stream, std::uint64_t sequence) const {
    const auto body = "{\"seq\":" + std::to_string(sequence) + ",\"no_erase\":true}";
    return read(ask("STREAM.MSG.DELETE." + stream, body), parse_success);
}

}  // namespace millrace::io
