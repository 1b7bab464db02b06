#include "bridge/config/rules.h"

#include <algorithm>
#include <array>

#include "auth/nkey.h"
#include "auth/vault_reference.h"
#include "bridge/codec/render_aggregate.h"
#include "bridge/config/problem.h"
#include "bridge/config/scalars.h"
#include "subjects/subject_template.h"
#include "subjects/tenant.h"

namespace millrace::config::rules {
namespace {

constexpr std::size_t kLongestText = 4096;

constexpr std::string_view kUserInUrl =
    "the URL has a user in it, which logs would show (leave it out; secrets come from files)";

bool is_alphanumeric(char c) { return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }
bool is_printable(char c) { return c > 0x20 && c < 0x7F; }

std::string refusal(std::string_view value, std::string_view rule) { return quote(value) + " " + std::string(rule); }

// HOST, HOST:PORT, [IPv6] or [IPv6]:PORT. What is wrong with it, or nothing.
std::string_view host_mistake(std::string_view authority, bool needs_port) {
    const bool bracketed = authority.starts_with('[');
    const std::size_t host_end = bracketed ? authority.find(']') : std::min(authority.find(':'), authority.size());
    if (bracketed && (host_end == std::string_view::npos || host_end == 1))
        return "has no IPv6 address in its brackets";
    const std::string_view host = authority.substr(0, bracketed ? host_end + 1 : host_end);
    const std::string_view allowed_apart = bracketed ? "[]:.%" : ".-_";
    if (host.empty()) return "has no host";
    if (!std::ranges::all_of(host, [&](char c) { return is_alphanumeric(c) || allowed_apart.contains(c); })) {
        return "has a character in its host that is not allowed";
    }
    const std::string_view rest = authority.substr(host.size());
    if (rest.empty()) return needs_port ? "has no port" : "";
    const auto port = rest.starts_with(':') ? parse_whole(rest.substr(1)) : parse_whole("");
    return port && *port >= 1 && *port <= 65535 ? "" : "has a port that is not one of 1 to 65535";
}

std::optional<std::string> url_mistake(std::string_view value, std::string_view scheme, std::string_view example) {
    const std::string_view after = value.substr(scheme.size());
    const std::string_view authority = after.substr(0, std::min(after.find_first_of("/?#"), after.size()));
    if (authority.contains('@')) return std::string(kUserInUrl);
    if (!std::ranges::all_of(value, is_printable))
        return refusal(value, "has a blank or a character that is not ASCII (percent-encode it)");
    if (value.size() > kLongestText) return refusal(value, "is longer than 4096 bytes");
    if (const std::string_view mistake = host_mistake(authority, false); !mistake.empty()) {
        if (value.contains('@')) return std::string(kUserInUrl);  // behind a slash in the password
        return refusal(value, mistake) + " (write for example " + std::string(example) + ")";
    }
    if (after.contains('#')) return refusal(value, "has a fragment, which is never sent (remove # and what follows)");
    return std::nullopt;
}

std::optional<std::string> subject_mistake(std::string_view value, subjects::Use use, bool wants_tenant) {
    const auto parsed = subjects::SubjectTemplate::parse(value, use);
    if (!parsed) return parsed.error().text;
    if (wants_tenant && !parsed->has_tenant()) {
        return refusal(
            value,
            "has no {tenant} token, and every tenant has subjects of its own (put {tenant} where its name stands)");
    }
    if (!wants_tenant && parsed->has_tenant()) {
        return refusal(value, "has a {tenant} token, and goes out where no tenant is known (leave it out)");
    }
    return std::nullopt;
}

// What the program or the HTTP library sets.
constexpr std::array<std::string_view, 11> kReservedHeaders = {
    "connection",
    "content-length",
    "content-type",
    "expect",
    "host",
    "keep-alive",
    "proxy-authorization",
    "te",
    "transfer-encoding",
    "upgrade",
    "x-ms-client-request-id",
};

}  // namespace

std::optional<std::string> pipeline_name(std::string_view value) {
    if (subjects::is_tenant(value)) return std::nullopt;  // the same alphabet and length
    return refusal(value, "is no pipeline name (1 to 64 of A-Z a-z 0-9 _ -)");
}

std::optional<std::string> stream_name(std::string_view value) {
    const bool good = !value.empty() && value.size() <= 255 && std::ranges::all_of(value, [](char c) {
        return is_printable(c) && !std::string_view(".*>/\\").contains(c);
    });
    if (good) return std::nullopt;
    return refusal(value, "is no stream name (1 to 255 characters of ASCII, without blanks and . * > / \\)");
}

std::optional<std::string> bucket_name(std::string_view value) {
    if (subjects::is_tenant(value)) return std::nullopt;  // the same alphabet
    return refusal(value, "is no bucket name (1 to 64 of A-Z a-z 0-9 _ -)");
}

std::optional<std::string> input_subject(std::string_view value) {
    return subject_mistake(value, subjects::Use::input, true);
}
std::optional<std::string> tenant_subject(std::string_view value) {
    return subject_mistake(value, subjects::Use::output, true);
}
std::optional<std::string> operator_subject(std::string_view value) {
    return subject_mistake(value, subjects::Use::output, false);
}

std::optional<std::string> subject_prefix(std::string_view value) {
    const auto parsed = subjects::SubjectTemplate::parse(value, subjects::Use::input);
    if (!parsed) return parsed.error().text;
    if (value.find_first_of("*>{}") == std::string_view::npos) return std::nullopt;
    return refusal(value,
                   "has a wildcard or a placeholder, and a prefix is literal (write for example _INBOX_millrace)");
}

std::optional<std::string> domain(std::string_view value) {
    if (auto mistake = subject_prefix(value)) return mistake;
    if (!value.contains('.')) return std::nullopt;
    return refusal(value, "has a dot, and a domain is one token (write for example hub)");
}

std::optional<std::string> context(std::string_view value) {
    const bool is_name = value.find_first_of("/\\") == std::string_view::npos && !value.contains("..");
    if (is_name || (value.starts_with('/') && value.ends_with(".json"))) return file_path(value);
    return refusal(
        value, "is no context (write its name, as nats context ls shows it, or the absolute path of its .json file)");
}

std::optional<std::string> nats_url(std::string_view value) {
    if (value.contains('@')) return std::string(kUserInUrl);
    const std::string_view example = "nats://127.0.0.1:4222";
    for (const std::string_view scheme : {"nats://", "tls://"}) {
        if (!value.starts_with(scheme)) continue;
        if (auto mistake = url_mistake(value, scheme, example)) return mistake;
        const std::string_view after = value.substr(scheme.size());
        if (after.find_first_of("/?") == std::string_view::npos) return std::nullopt;
        return refusal(value, "has something behind the host and port (write for example nats://127.0.0.1:4222)");
    }
    return refusal(value, "is no NATS URL (write nats://HOST:PORT or tls://HOST:PORT)");
}

std::optional<std::string> http_url(std::string_view value) {
    for (const std::string_view scheme : {"http://", "https://"}) {
        if (value.starts_with(scheme)) return url_mistake(value, scheme, "http://127.0.0.1:5001/score");
    }
    if (value.contains('@')) return std::string(kUserInUrl);
    return refusal(value, "is no HTTP URL (write http://HOST:PORT/PATH or https://HOST/PATH)");
}

std::optional<std::string> token_url(std::string_view value) {
    if (auto mistake = http_url(value)) return mistake;
    if (value.starts_with("https://") || is_loopback(host_of(value))) return std::nullopt;
    return refusal(value, "would carry a secret unencrypted (use https)");
}

std::optional<std::string> directory_name(std::string_view value) {
    const bool good = !value.empty() && value.size() <= 253 &&
                      std::ranges::all_of(value, [](char c) { return is_alphanumeric(c) || c == '-' || c == '.'; });
    if (good) return std::nullopt;
    return refusal(value, "is no directory of Entra ID (write its id, or a domain like contoso.onmicrosoft.com)");
}

std::optional<std::string> token_parameter(std::string_view value) {
    constexpr std::array<std::string_view, 5> kOurs = {"client_id", "client_secret", "client_assertion",
                                                       "client_assertion_type", "grant_type"};
    if (std::ranges::find(kOurs, value) != kOurs.end()) return refusal(value, "is set by Millrace (leave it out)");
    return not_empty(value);
}

std::optional<std::string> listen_address(std::string_view value) {
    if (value.empty()) return std::nullopt;
    const std::string_view mistake = host_mistake(value, true);
    if (mistake.empty()) return std::nullopt;
    return refusal(value, mistake) + " (write for example 127.0.0.1:9465, or '' for no admin port)";
}

std::optional<std::string> vault_name(std::string_view value) {
    if (auth::is_vault_name(value)) return std::nullopt;
    return refusal(value,
                   "is no vault (write its name, 3 to 24 of A-Z a-z 0-9 -, or the whole host of one in another cloud)");
}

std::optional<std::string> file_path(std::string_view value) {
    if (value.empty()) return refusal(value, "names no file (leave the field out if there is none)");
    if (auth::is_vault_reference(value)) {
        if (const auto found = auth::parse_vault_reference(value); !found) return refusal(value, found.error().text);
        return std::nullopt;
    }
    // Easily written by mistake where its file belongs, and then shown as one.
    for (const auth::NkeyKind kind : {auth::NkeyKind::user, auth::NkeyKind::account, auth::NkeyKind::curve})
        if (auth::decode_seed(kind, value))
            return "the seed itself stands here, where logs may show it (write it into a file, and name that)";
    const bool clean = std::ranges::none_of(value, [](char c) { return static_cast<unsigned char>(c) < 0x20; });
    if (clean && value.size() < kLongestText) return std::nullopt;
    return refusal(value, "is no path (it has a control character, or is longer than 4095 bytes)");
}

std::optional<std::string> header_name(std::string_view value) {
    const bool good = !value.empty() && value.size() <= 64 &&
                      std::ranges::all_of(value, [](char c) { return is_alphanumeric(c) || c == '-' || c == '_'; });
    if (!good) return refusal(value, "is no header name (1 to 64 of A-Z a-z 0-9 - _)");
    const std::string name = lower(value);
    if (std::ranges::find(kReservedHeaders, name) != kReservedHeaders.end()) {
        return refusal(value, "is a header that Millrace sets itself (remove it)");
    }
    if (name.starts_with("nats-") || name.starts_with("millrace-")) {
        return refusal(value, "belongs to messages, not to requests (choose another name)");
    }
    return std::nullopt;
}

std::optional<std::string> header_value(std::string_view value) {
    const bool good = value.size() <= kLongestText && !value.starts_with(' ') && !value.ends_with(' ') &&
                      std::ranges::all_of(value, [](char c) { return c == ' ' || is_printable(c); });
    if (good) return std::nullopt;
    return "the header's value is not 0 to 4096 printable ASCII characters without blanks at its ends (the value is "
           "not shown here)";
}

std::optional<std::string> pointer(std::string_view value) {
    if (value.empty()) return std::nullopt;
    if (!value.starts_with('/')) return refusal(value, "is no JSON Pointer (write /a/b, or '' for the whole body)");
    for (std::size_t i = 0; i < value.size(); ++i) {
        if (value[i] == '~' && (i + 1 == value.size() || (value[i + 1] != '0' && value[i + 1] != '1'))) {
            return refusal(value, "has a ~ that is neither ~0 (for ~) nor ~1 (for /)");
        }
    }
    return std::nullopt;
}

std::optional<std::string> field_name(std::string_view value) {
    if (value.empty())
        return refusal(value, "is no field name (write a name, or a JSON Pointer such as /trip/distance)");
    return value.starts_with('/') ? pointer(value) : std::nullopt;
}

std::optional<std::string> select_name(std::string_view value) {
    if (!subjects::is_tenant(value)) return refusal(value, "is no name of a select (1 to 64 of A-Z a-z 0-9 _ -)");
    if (std::ranges::find(codec::kAggregateMembers, value) == codec::kAggregateMembers.end()) return std::nullopt;
    return refusal(value, "stands in every aggregate by itself (choose another name)");
}

std::optional<std::string> tenant_name(std::string_view value) {
    if (subjects::is_tenant(value)) return std::nullopt;
    return refusal(value, "is no tenant's name (1 to 64 of A-Z a-z 0-9 _ -)");
}

std::optional<std::string> tenant_pattern(std::string_view value) {
    if (subjects::is_tenant_pattern(value)) return std::nullopt;
    return refusal(value, "is neither a tenant's name (1 to 64 of A-Z a-z 0-9 _ -) nor one with * for any characters");
}

std::optional<std::string> not_empty(std::string_view value) {
    if (!value.empty()) return std::nullopt;
    return refusal(value, "is empty (leave the field out if there is none)");
}

std::string_view host_of(std::string_view url) {
    const std::size_t scheme = url.find("://");
    if (scheme != std::string_view::npos) url.remove_prefix(scheme + 3);
    url = url.substr(0, url.find_first_of("/?"));
    if (url.starts_with('[')) return url.substr(1, url.find(']') - 1);
    return url.substr(0, url.find(':'));
}

bool is_loopback(std::string_view host) {
    const bool is_number = host.find_first_not_of("0123456789.") == std::string_view::npos;  // 127.example.com is none
    return host == "localhost" || host == "::1" || (host.starts_with("127.") && is_number);
}

}  // namespace millrace::config::rules
