// What is said with a token endpoint, and what comes of it. Plain values: nothing here opens a socket.
#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "bridge/base/event.h"
#include "bridge/base/secret.h"
#include "bridge/base/time.h"

namespace millrace::auth {

inline constexpr std::size_t kMostTokenBytes = 64 * 1024;  // of an answer

struct TokenRequest {
    std::string url;
    std::vector<Header> headers;
    std::string body;     // a form; holds secrets
    bool get = false;     // instead of POST; there is no body
    std::string ca_file;  // empty: the system's
    std::size_t most_bytes = kMostTokenBytes;
};

struct TokenResponse {
    bool answered = false;  // status, headers and body are whole
    int status = 0;
    std::vector<Header> headers;  // names in lower case
    std::string body;
    std::string error;  // what the transport said where nobody answered
};

struct Token {
    Secret value;
    Duration lifetime{};                 // since it was asked for
    std::optional<Duration> refresh_in;  // as its maker advises
};

// `why` is for logs and holds nothing that anybody sent.
struct TokenFailure {
    std::string why;
    bool passing = false;  // it may be over soon; otherwise somebody has to put something right
    std::optional<Duration> retry_after;
};

// Go on with this request, or it is over.
using TokenStep = std::variant<TokenRequest, Token, TokenFailure>;

// What the answer to the last request comes to. `wall` is the wall clock, for answers that name a date. Total.
//
// A lifetime is `expires_in`, in seconds, or else the date `expires_on`; each a number or a numeric text. None at all
// counts as five minutes, more than a day as a day; one that is over, or no number, makes the token useless. Of an
// error only its status and those words and numbers that OAuth 2.0 and Entra define are repeated: who answers may have
// put our own secret into any other.
TokenStep read_token(const TokenResponse& response, ServerTime wall);

// The status of an answer that stands for something passing, whoever gives it.
bool is_passing(int status);

// How long it asks to be left alone, five minutes at most; nothing where it does not say, or says no seconds.
std::optional<Duration> retry_after(const TokenResponse& response);

}  // namespace millrace::auth
