// VaultWatch: the secrets of one vault: when each is asked for, and what is done with what comes.
//
//     wanted ─▶ asked ─value─▶ at rest ─a while, or doubt─▶ asked ─▶ …
//                 │ ▲
//                 └─┘ failure: back off; the value at hand stays in use
//
// - A secret without a version is looked at again after `look_every`, up to a tenth earlier; when its readers doubt it
//   (its value was refused), sooner, but not within kBetween of the last look. One with a version is read once.
// - A value that is another than before goes to the shelf, where its readers find it as they find a changed file.
// - Requests carry a token of the vault's identity, fetched and kept as endpoints' are (token_source). One that the
//   vault refuses is replaced once; what is refused again is a failure.
//
// Thread: one. Time: told. Not here: no socket; requests go out and come back by their number.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "auth/grant.h"
#include "auth/secret_shelf.h"
#include "auth/token_source.h"
#include "auth/vault.h"
#include "bridge/base/note.h"
#include "bridge/base/random.h"
#include "bridge/settings/settings.h"

namespace millrace::auth {

class VaultWatch {
  public:
    static constexpr Duration kBetween = std::chrono::seconds(5);

    // `identity` has tokens. The shelf outlives the watch.
    VaultWatch(settings::Vault vault, settings::IdentitySettings identity, Environment environment, SecretShelf& shelf,
               std::uint64_t seed);

    // Of this vault; well formed. Twice is once.
    void add(const std::string& source);
    // Its readers doubt it; somebody else's is no news.
    void doubt(const std::string& source);

    struct Request {
        std::size_t number = 0;
        TokenRequest what;
    };
    // What is to be sent now. Each is answered once, by its number.
    std::vector<Request> due(Time now, ServerTime wall);
    // Another request where the exchange goes on.
    std::optional<Request> answered(std::size_t number, const TokenResponse& response, Time now, ServerTime wall);
    [[nodiscard]] Time next_due(Time now) const;

    struct State {
        std::string source;
        bool at_hand = false;
        std::string trouble;   // why the last look brought nothing; empty where it did, or there was none yet
        bool passing = false;  // the trouble may be over soon
    };
    [[nodiscard]] std::vector<State> states() const;
    [[nodiscard]] const std::string& name() const { return vault_.name; }

    struct Look {
        std::string source;
        bool read = false;
    };
    // What is worth telling since it was last asked, and the looks that came to an end.
    struct News {
        std::vector<Note> notes;
        std::vector<Look> looks;
    };
    News news();

  private:
    struct One {
        std::string source;
        VaultReference what;
        Time look_at{};  // at once
        std::optional<Time> asked;
        bool waiting = false;        // for an answer
        std::uint64_t token = 0;     // the version of the one it went out with
        bool renewed = false;        // the token, on account of this look
        std::uint32_t failures = 0;  // in a row
        std::string version;         // of the value at hand; empty: none
        std::string trouble;
        bool passing = false;
    };

    std::optional<Request> go_on(TokenStep step, Time now);
    TokenStep begin_token(ServerTime wall);
    void token_failed(bool passing, Time now);
    [[nodiscard]] bool waits_for_token(const One& one) const;
    void got(One& one, VaultValue value, Time now);
    void failed(One& one, const VaultFailure& failure, Time now);
    void rest(One& one, Time now);

    const settings::Vault vault_;
    const settings::IdentitySettings identity_;
    const Environment environment_;
    SecretShelf& shelf_;
    Random random_;
    std::unique_ptr<Grant> grant_;  // made when it is first needed: what it is made of may be in another vault
    TokenSource tokens_;
    std::vector<One> ones_;
    News news_;
};

}  // namespace millrace::auth
