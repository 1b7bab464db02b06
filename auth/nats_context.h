// A context of the NATS CLI: which servers, and who logs in (github.com/nats-io/jsm.go, natscontext). Any thread.
//
// One JSON object; a member that is empty, null or false says nothing. What has no meaning here (description, colours)
// is left out. A member that is not known may change what the others mean, and is refused.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "bridge/base/result.h"
#include "bridge/base/secret.h"

namespace millrace::auth {

inline constexpr std::size_t kLongestNatsContext = 64u << 10;

// As they stand in the file.
struct NatsContext {
    std::string url;  // or several, with commas between them
    std::string user;
    Secret password;
    Secret token;
    std::string creds;  // path, as the next
    std::string nkey;
    Secret user_jwt;
    Secret user_seed;
    std::string nsc;
    std::string cert;
    std::string key;
    std::string ca;
    bool tls_first = false;
    std::string windows_cert_store;
    std::string socks_proxy;
    std::string jetstream_domain;
    std::string jetstream_api_prefix;
    std::string inbox_prefix;
};

// The error is a sentence about the text, beginning with the member it is about; it quotes no value.
Result<NatsContext> parse_nats_context(std::string_view text);
// The error begins with the file.
Result<NatsContext> read_nats_context(const std::string& path);

}  // namespace millrace::auth
