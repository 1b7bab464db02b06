// Result<T>: a value or an Error, for everything that can fail at run time.
//
// An Error has a code for the caller's reaction and a text for the person: what, the quoted value, the rule, the hint.
#pragma once

#include <expected>
#include <string>
#include <utility>

namespace millrace {

enum class ErrorCode {
    invalid,        // the input breaks a rule: report it, do not retry
    not_found,      // the thing asked for does not exist (a stream, a file)
    unavailable,    // passing: try again later
    too_large,      // over a size limit: retrying the same bytes is useless
    misconfigured,  // the outside refuses us as we are set up: hold, say so, probe
    conflict,       // somebody else was first: what is there now has to be read before anything is done
};

struct Error {
    ErrorCode code = ErrorCode::invalid;
    std::string text;
};

template <typename T>
using Result = std::expected<T, Error>;

inline std::unexpected<Error> fail(ErrorCode code, std::string text) {
    return std::unexpected(Error{code, std::move(text)});
}

}  // namespace millrace
