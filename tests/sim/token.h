// EventToken: the text by which the simulator recognises one of its events wherever it turns up: in a request's row, in
// a score, in a dead letter's payload.
//
//     @acme|17|good      tenant, number, what the model does with it
//
// It is the value of the event's field `who`. The engine knows nothing of it; the model reads it out of the rows, puts
// it into the score it gives, and the checker compares.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace millrace::sim {

enum class Kind {
    good,     // scored
    poison,   // 400 for any request that holds it
    unfit,    // 422
    refused,  // 424 with an inner 400
    raises,   // 424 with an inner 500
    fails,    // 500 and says that the model's code failed
    slow,     // any request that holds it times out
    crashes,  // any request that holds it breaks the connection
    bulky,    // scored, with a score too large to be stored where the server's limit is small
    kills,    // the bridge dies when it sends a request that holds it, where partitions have owners
};
inline constexpr std::string_view kKindNames[] = {"good",  "poison", "unfit",   "refused", "raises",
                                                  "fails", "slow",   "crashes", "bulky",   "kills"};
constexpr std::string_view name(Kind kind) { return kKindNames[static_cast<std::size_t>(kind)]; }

struct EventToken {
    std::string tenant;
    std::uint64_t number = 0;
    Kind kind = Kind::good;
    bool operator==(const EventToken&) const = default;
    [[nodiscard]] std::string text() const {
        return "@" + tenant + "|" + std::to_string(number) + "|" + std::string(name(kind));
    }
};

// The tokens found in `text`, in order; what only looks like one is left out.
std::vector<EventToken> tokens_in(std::string_view text);

}  // namespace millrace::sim
