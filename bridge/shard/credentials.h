// Credentials: as whom the requests of one shard are sent: with the key of the address, a token, or a certificate.
//
// Every request to an endpoint goes through `send`. One that needs a token waits here while it is fetched: the sources
// of tokens (auth/token_source) are told the time and asked what is due, their requests go out on the shard's own
// endpoint, and nothing blocks. Where no token is to be had the request comes back *unsent*, with the reason, which the
// engine holds for; and when there is one after all, or another reason, the addresses that went without are
// *reintroduced*, which makes it probe at once.
//
// A 401 marks what the request carried as refused at that address. A key gives way to the other one, if there is one;
// of a token a new one is fetched, and nothing is sent to the address until it has come. Other addresses go on with the
// old one.
//
// Thread: one shard's. Bound: what waits is in flight for the engine, so at most parallel × partitions × routes
// requests.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "auth/grant.h"
#include "auth/key_file.h"
#include "auth/token_source.h"
#include "bridge/base/note.h"
#include "bridge/ports/endpoint.h"
#include "bridge/settings/settings.h"

namespace millrace {

class Credentials {
  public:
    // For the addresses of the pipeline. What is missing or cannot be read is added to `problems`, each with its field;
    // with one of them nothing can be sent there.
    static Credentials make(const settings::Pipeline& pipeline,
                            const std::vector<settings::IdentitySettings>& identities,
                            const auth::Environment& environment, std::uint64_t seed,
                            std::vector<std::string>& problems);
    // For a pipeline that names no identity and no key.
    static Credentials none(const settings::Pipeline& pipeline);

    // Sends the request to the address, now or when there is a token. `refresh`: the last answer was a refusal, or this
    // is a probe, so files are read again.
    void send(ports::Endpoint& endpoint, std::size_t address, ports::HttpRequest request, bool refresh, Time now,
              ServerTime wall);
    // Sees every response before anybody else, and makes the key or token that its request carried unreadable in it:
    // bodies become evidence in dead letters. True for the answer of a token endpoint, which is nobody else's.
    bool take(ports::Endpoint& endpoint, ports::HttpResponse& response, Time now, ServerTime wall);
    // Time passed: fetches what is due, and looks at files.
    void turn(ports::Endpoint& endpoint, Time now, ServerTime wall);
    [[nodiscard]] Time next_due() const;

    struct Unsent {
        RequestId id{};
        std::string why;
    };
    struct News {
        std::vector<Unsent> unsent;
        std::vector<std::size_t> reintroduced;  // addresses
        std::vector<Note> notes;

        [[nodiscard]] bool empty() const { return unsent.empty() && reintroduced.empty() && notes.empty(); }
    };
    // What happened since it was last asked.
    News news();

  private:
    // What one address knows us by.
    struct Address {
        auth::Keys keys;
        std::optional<std::size_t> source;  // of tokens
        std::string certificate_file;
        std::string certificate_key_file;
        std::uint64_t refused = 0;  // the last version of a token that was; versions begin at 1
        bool missed = false;        // a request came back unsent
    };
    struct Source {
        std::string name;      // for notes
        std::string identity;  // settings
        std::string audience;
        std::unique_ptr<auth::Grant> grant;
        auth::TokenSource tokens;
        std::string said;  // the trouble told last
    };
    struct Waiting {
        std::size_t address = 0;
        ports::HttpRequest request;
    };
    enum class Sent { yes, waits, no };

    std::optional<std::size_t> source_for(const settings::IdentitySettings& identity, const std::string& audience,
                                          const auth::Environment& environment, std::uint64_t seed,
                                          std::string& problem);
    // Tries to; the request is moved away only when it was sent.
    Sent try_to_send(ports::Endpoint& endpoint, std::size_t address, ports::HttpRequest& request, Time now);
    void fetch_due(ports::Endpoint& endpoint, Time now, ServerTime wall);
    void go_on(ports::Endpoint& endpoint, std::size_t source, auth::TokenStep step, Time now);
    void let_go(ports::Endpoint& endpoint, Time now);
    // Those that went without a token of the source.
    void reintroduce(std::size_t source);
    void refused(std::size_t address, std::uint64_t version);
    void look_at_files(Time now);
    void tell_key(Result<void> read);

    struct Carried {
        std::size_t address = 0;
        std::uint64_t version = 0;
        Secret secret;
    };

    std::vector<Address> addresses_;
    std::vector<Source> sources_;
    std::vector<Waiting> waiting_;
    std::unordered_map<std::uint64_t, Carried> sent_;  // requests on their way
    Time look_at_{};
    bool has_keys_ = false;
    News news_;
};

}  // namespace millrace
