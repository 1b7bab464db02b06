#include "bridge/shard/credentials.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "bridge/settings/addresses.h"
#include "bridge/shard/exchange.h"

namespace millrace {
namespace {

constexpr Duration kLookEvery = std::chrono::seconds(1);
// Token requests have ids of their own, below those of requests for signatures.
constexpr std::uint64_t kTokenRequests = ~std::uint64_t{0} - (1u << 20);

RequestId token_request_id(std::size_t source) { return RequestId{kTokenRequests + source}; }

// The field that says as whom the address is asked: beside its url.
std::string beside_url(const std::string& url_field, std::string_view name) {
    return url_field.substr(0, url_field.size() - std::string_view("url").size()) + std::string(name);
}

}  // namespace

Credentials Credentials::make(const settings::Pipeline& pipeline,
                              const std::vector<settings::IdentitySettings>& identities,
                              const auth::Environment& environment, std::uint64_t seed,
                              std::vector<std::string>& problems) {
    Credentials made;
    const settings::Routes all = settings::routes(pipeline.endpoint);
    for (std::size_t i = 0; i < all.addresses.size(); ++i) {
        const settings::Address& address = all.addresses[i];
        Address known;
        std::string problem;
        if (auto keys = auth::Keys::load(address.key_file, address.second_key_file)) {
            known.keys = std::move(*keys);
            made.has_keys_ = made.has_keys_ || !address.key_file.empty();
        } else {
            problem = beside_url(all.fields[i], "key_file") + ": " + keys.error().text;
        }
        const auto* const identity = settings::find_identity(identities, address.identity);
        if (identity != nullptr && settings::has_tokens(*identity)) {
            known.source = made.source_for(*identity, address.audience, environment, seed, problem);
        } else if (identity != nullptr) {
            known.certificate_file = identity->certificate_file;
            known.certificate_key_file = identity->certificate_key_file;
        }
        if (!problem.empty() && std::ranges::find(problems, problem) == problems.end()) problems.push_back(problem);
        made.addresses_.push_back(std::move(known));
    }
    return made;
}

Credentials Credentials::none(const settings::Pipeline& pipeline) {
    std::vector<std::string> problems;
    return make(pipeline, {}, {}, 0, problems);
}

std::optional<std::size_t> Credentials::source_for(const settings::IdentitySettings& identity,
                                                   const std::string& audience, const auth::Environment& environment,
                                                   std::uint64_t seed, std::string& problem) {
    const auto same = [&](const Source& one) { return one.identity == identity.name && one.audience == audience; };
    const auto found = std::ranges::find_if(sources_, same);
    if (found != sources_.end()) return static_cast<std::size_t>(found - sources_.begin());
    auto grant = auth::make_grant(identity, audience, environment);
    if (!grant) {
        problem = "identity " + identity.name + ": " + grant.error().text;
        return std::nullopt;
    }
    const std::string name = "identity " + identity.name + (audience.empty() ? "" : " for " + audience);
    sources_.push_back({name, identity.name, audience, std::move(*grant),
                        auth::TokenSource(seed ^ ((sources_.size() + 1) << 32)), ""});
    return sources_.size() - 1;
}

void Credentials::send(ports::Endpoint& endpoint, std::size_t address, ports::HttpRequest request, bool refresh,
                       Time now, ServerTime wall) {
    if (refresh) tell_key(addresses_[address].keys.refresh());
    waiting_.push_back({address, std::move(request)});
    let_go(endpoint, now);
    fetch_due(endpoint, now, wall);
}

Credentials::Sent Credentials::try_to_send(ports::Endpoint& endpoint, std::size_t address, ports::HttpRequest& request,
                                           Time now) {
    Address& known = addresses_[address];
    std::uint64_t version = known.keys.version();
    const Secret* secret = &known.keys.key();
    if (known.source) {
        auth::TokenSource& tokens = sources_[*known.source].tokens;
        tokens.want();
        const Secret* const token = tokens.token(now);
        if (token == nullptr || tokens.version() == known.refused) {
            return !tokens.is_fetching() && !tokens.trouble().empty() && !tokens.is_due(now) ? Sent::no : Sent::waits;
        }
        version = tokens.version();
        secret = token;
    } else {
        request.tls.certificate_file = known.certificate_file;
        request.tls.key_file = known.certificate_key_file;
    }
    authorize(request, *secret);
    sent_[static_cast<std::uint64_t>(request.id)] = {address, version, *secret};
    endpoint.send(std::move(request));
    return Sent::yes;
}

bool Credentials::take(ports::Endpoint& endpoint, ports::HttpResponse& response, Time now, ServerTime wall) {
    const std::uint64_t source = static_cast<std::uint64_t>(response.id) - kTokenRequests;
    if (source < sources_.size()) {
        go_on(endpoint, source, sources_[source].grant->answered(token_response(response), wall), now);
        return true;
    }
    const auto found = sent_.find(static_cast<std::uint64_t>(response.id));
    if (found == sent_.end()) return false;
    if (response.transport == ports::Transport::answered) {
        const auto& [address, version, secret] = found->second;
        conceal(secret, response);
        response.status == 401 ? refused(address, version) : addresses_[address].keys.accepted(version);
    }
    sent_.erase(found);
    return false;
}

void Credentials::refused(std::size_t address, std::uint64_t version) {
    Address& known = addresses_[address];
    if (known.source) {
        known.refused = std::max(known.refused, version);
        auth::TokenSource& tokens = sources_[*known.source].tokens;
        tokens.renew(version);
        // An old token came to its end on the way: why there is no other is the better reason to hold for.
        if (version == tokens.version() && !tokens.trouble().empty()) news_.reintroduced.push_back(address);
    } else if (version == known.keys.version()) {
        tell_key(known.keys.refused());
    }
}

void Credentials::turn(ports::Endpoint& endpoint, Time now, ServerTime wall) {
    if (has_keys_ && now >= look_at_) look_at_files(now);
    fetch_due(endpoint, now, wall);
}

void Credentials::look_at_files(Time now) {
    look_at_ = now + kLookEvery;
    for (std::size_t i = 0; i < addresses_.size(); ++i) {
        Address& known = addresses_[i];
        const auto changed = known.keys.look(now);
        if (!changed) tell_key(std::unexpected(changed.error()));
        if (!changed || !*changed) continue;
        news_.reintroduced.push_back(i);
    }
}

void Credentials::tell_key(Result<void> read) {
    if (!read) news_.notes.push_back({Level::warning, "key_not_read", std::move(read.error().text)});
}

void Credentials::fetch_due(ports::Endpoint& endpoint, Time now, ServerTime wall) {
    for (std::size_t i = 0; i < sources_.size(); ++i) {
        if (!sources_[i].tokens.is_due(now)) continue;
        sources_[i].tokens.begun(now);
        go_on(endpoint, i, sources_[i].grant->begin(wall), now);
    }
}

void Credentials::go_on(ports::Endpoint& endpoint, std::size_t at, auth::TokenStep step, Time now) {
    Source& source = sources_[at];
    if (auto* const request = std::get_if<auth::TokenRequest>(&step))
        return endpoint.send(make_token_request(std::move(*request), token_request_id(at)));
    if (auto* const token = std::get_if<auth::Token>(&step)) {
        source.tokens.got(std::move(*token), now);
        if (!std::exchange(source.said, "").empty())
            news_.notes.push_back({Level::info, "token_fetched", source.name + " gets tokens again"});
        reintroduce(at);
    } else {
        source.tokens.failed(std::get<auth::TokenFailure>(step), now);
        if (std::exchange(source.said, source.tokens.trouble()) != source.tokens.trouble()) {
            reintroduce(at);  // so that the reason the engine holds for is today's
            const bool has_one = source.tokens.token(now) != nullptr;
            news_.notes.push_back({Level::warning, "token_not_fetched",
                                   source.name + ": " + source.tokens.trouble() +
                                       (has_one ? "; the old token is used as long as it lives" : "") +
                                       "; trying again"});
        }
    }
    let_go(endpoint, now);
}

void Credentials::reintroduce(std::size_t source) {
    for (std::size_t i = 0; i < addresses_.size(); ++i) {
        if (addresses_[i].source == source && std::exchange(addresses_[i].missed, false))
            news_.reintroduced.push_back(i);
    }
}

// Of what waits: it is sent, or it comes back unsent, or it waits on.
void Credentials::let_go(ports::Endpoint& endpoint, Time now) {
    for (Waiting& one : std::exchange(waiting_, {})) {
        const RequestId id = one.request.id;
        switch (try_to_send(endpoint, one.address, one.request, now)) {
            case Sent::yes:
                break;
            case Sent::waits:
                waiting_.push_back(std::move(one));
                break;
            case Sent::no:
                addresses_[one.address].missed = true;
                const Source& source = sources_[*addresses_[one.address].source];
                news_.unsent.push_back({id, "no token of " + source.name + ": " + source.tokens.trouble()});
                break;
        }
    }
}

Time Credentials::next_due() const {
    if (!news_.empty()) return Time{};
    Time due = has_keys_ ? look_at_ : kNever;
    for (const Source& source : sources_) due = std::min(due, source.tokens.next_due());
    return due;
}

Credentials::News Credentials::news() { return std::exchange(news_, {}); }

}  // namespace millrace
