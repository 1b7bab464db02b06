#include "auth/nats_context.h"

#include <algorithm>
#include <array>
#include <utility>
#include <variant>

#include "auth/json.h"
#include "auth/secret_file.h"

namespace millrace::auth {
namespace {

struct Ignored {};
struct Member {
    std::string_view name;
    std::variant<std::string NatsContext::*, Secret NatsContext::*, bool NatsContext::*, Ignored> at;
};

// Without windows_cert_store, what it is searched for means nothing.
constexpr std::array kMembers = {
    Member{"url", &NatsContext::url},
    Member{"user", &NatsContext::user},
    Member{"password", &NatsContext::password},
    Member{"token", &NatsContext::token},
    Member{"creds", &NatsContext::creds},
    Member{"nkey", &NatsContext::nkey},
    Member{"user_jwt", &NatsContext::user_jwt},
    Member{"user_seed", &NatsContext::user_seed},
    Member{"nsc", &NatsContext::nsc},
    Member{"cert", &NatsContext::cert},
    Member{"key", &NatsContext::key},
    Member{"ca", &NatsContext::ca},
    Member{"tls_first", &NatsContext::tls_first},
    Member{"windows_cert_store", &NatsContext::windows_cert_store},
    Member{"windows_cert_match_by", Ignored{}},
    Member{"windows_cert_match", Ignored{}},
    Member{"windows_ca_certs_match", Ignored{}},
    Member{"socks_proxy", &NatsContext::socks_proxy},
    Member{"jetstream_domain", &NatsContext::jetstream_domain},
    Member{"jetstream_api_prefix", &NatsContext::jetstream_api_prefix},
    Member{"jetstream_event_prefix", Ignored{}},  // of advisories, which are not listened to
    Member{"inbox_prefix", &NatsContext::inbox_prefix},
    Member{"name", Ignored{}},
    Member{"description", Ignored{}},
    Member{"color_scheme", Ignored{}},
};

std::unexpected<Error> refuse(std::string_view name, std::string_view rule) {
    return fail(ErrorCode::invalid, std::string(name) + ": " + std::string(rule));
}

// Whether it says nothing: every member is written, the empty ones too.
bool is_empty(const Json& value) {
    if (value.text() != nullptr) return value.text()->empty();
    if (value.flag() != nullptr) return !*value.flag();
    if (value.list() != nullptr) return value.list()->empty();
    if (value.members() != nullptr) return value.members()->empty();
    return value.number() == nullptr;
}

bool is_name(std::string_view text) {
    return text.size() <= 64 && std::ranges::all_of(text, [](char c) {
               return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
           });
}

Result<void> set(NatsContext& context, const Member& member, const Json& value) {
    if (std::holds_alternative<Ignored>(member.at) || is_empty(value)) return {};
    if (const auto* at = std::get_if<bool NatsContext::*>(&member.at)) {
        if (value.flag() == nullptr) return refuse(member.name, "is neither true nor false");
        context.** at = *value.flag();
        return {};
    }
    if (value.text() == nullptr) return refuse(member.name, "is no text (write it in quotes)");
    // It ends where the C library sees it end.
    if (value.text()->contains('\0')) return refuse(member.name, "has a NUL character in it");
    if (const auto* text = std::get_if<std::string NatsContext::*>(&member.at)) {
        context.** text = *value.text();
    } else {
        context.*std::get<Secret NatsContext::*>(member.at) = Secret(*value.text());
    }
    return {};
}

}  // namespace

Result<NatsContext> parse_nats_context(std::string_view text) {
    const auto json = parse_json(text, kLongestNatsContext);
    if (!json)
        return fail(ErrorCode::invalid,
                    "is no context (one JSON object of at most 64 KiB, each member once, as nats "
                    "context save writes it)");
    NatsContext context;
    for (const auto& [name, value] : *json->members()) {
        const auto* const member = std::ranges::find(kMembers, name, &Member::name);
        if (member == kMembers.end()) {
            if (is_empty(value)) continue;
            return refuse(is_name(name) ? name : "a member",
                          "is not known here, and may change what the others mean (remove it, or make a context "
                          "without it)");
        }
        if (auto done = set(context, *member, value); !done) return std::unexpected(std::move(done.error()));
    }
    return context;
}

Result<NatsContext> read_nats_context(const std::string& path) {
    const auto text = read_secret_bytes(path, "NATS context", kLongestNatsContext);
    if (!text) return std::unexpected(text.error());
    auto context = parse_nats_context(text->reveal());
    if (!context) return fail(context.error().code, "NATS context \"" + path + "\": " + context.error().text);
    return context;
}

}  // namespace millrace::auth
