#include "bridge/app/vaults.h"

#include <algorithm>
#include <random>
#include <utility>

#include "auth/secret_shelf.h"
#include "auth/vault_reference.h"
#include "bridge/app/ask.h"
#include "bridge/app/clocks.h"
#include "bridge/settings/addresses.h"
#include "bridge/shard/exchange.h"

namespace millrace::app {

namespace {

constexpr Duration kLongestWait = std::chrono::seconds(1);  // so that doubts are heard
constexpr Duration kShortestWait = std::chrono::milliseconds(100);
constexpr Duration kCommandPatience = std::chrono::seconds(10);
constexpr std::uint64_t kRequestsOfAVault = 1u << 20;

std::uint64_t seed() {
    std::random_device device;
    return (std::uint64_t{device()} << 32) | device();
}

}  // namespace

Vaults::Vaults(const settings::Settings& settings, std::vector<settings::VaultSecret> secrets, Listener listener)
    : secrets_(std::move(secrets)), listener_(std::move(listener)), http_({std::max<std::size_t>(1, secrets_.size())}) {
    auto& shelf = auth::SecretShelf::of_process();
    for (const settings::Vault& vault : settings.vaults) {
        const auto* const identity = settings::find_identity(settings.identities, vault.identity);
        if (identity == nullptr) continue;  // refused when the configuration was read
        auth::VaultWatch watch(vault, *identity, environment, shelf, seed());
        bool is_used = false;
        for (const auto& [field, reference] : secrets_) {
            const auto what = auth::parse_vault_reference(reference);
            if (!what || what->vault != vault.name) continue;
            watch.add(reference);
            is_used = true;
        }
        if (is_used) watches_.push_back(std::move(watch));
    }
    tell();
}

Vaults::~Vaults() {
    stopping_ = true;
    http_.wake();
    if (thread_.joinable()) thread_.join();
}

void Vaults::start() {
    if (watches_.empty()) return;
    thread_ = std::thread([this] {
        while (!stopping_) turn(kLongestWait);
    });
}

void Vaults::turn(Duration patience) {
    for (const std::string& source : auth::SecretShelf::of_process().take_wanted()) {
        for (auth::VaultWatch& watch : watches_) watch.doubt(source);
    }
    send_due();
    Time due = kNever;
    for (const auth::VaultWatch& watch : watches_) due = std::min(due, watch.next_due(boot_now()));
    const Duration until = due == kNever ? patience : std::clamp(due - boot_now(), kShortestWait, kLongestWait);
    std::vector<ports::HttpResponse> responses;
    http_.wait(std::min(patience, until), responses);
    for (const ports::HttpResponse& response : responses) take(response);
    tell();
}

void Vaults::send_due() {
    for (std::size_t i = 0; i < watches_.size(); ++i) {
        for (auto& request : watches_[i].due(boot_now(), wall_now())) send(i, std::move(request));
    }
}

void Vaults::send(std::size_t watch, auth::VaultWatch::Request request) {
    http_.send(make_token_request(std::move(request.what), RequestId{watch * kRequestsOfAVault + request.number}));
}

void Vaults::take(const ports::HttpResponse& response) {
    const auto id = static_cast<std::uint64_t>(response.id);
    const std::size_t watch = id / kRequestsOfAVault;
    auto more = watches_[watch].answered(id % kRequestsOfAVault, token_response(response), boot_now(), wall_now());
    if (more) send(watch, std::move(*more));
}

void Vaults::tell() {
    for (auth::VaultWatch& watch : watches_) {
        const auto news = watch.news();
        for (const auto& [source, read] : news.looks) listener_.looked(source, read);
        for (const Note& note : news.notes) listener_.told(note);
    }
    std::string text;
    for (const Missing& one : missing()) text += (text.empty() ? "" : "; ") + one.field + " awaits " + one.why;
    const std::lock_guard lock(mutex_);
    awaited_ = std::move(text);
}

std::vector<Vaults::Missing> Vaults::missing() const {
    std::vector<Missing> out;
    for (const auto& [field, reference] : secrets_) {
        Missing one{field, reference + ": it is in none of the vaults of the configuration", false};
        bool at_hand = false;
        for (const auth::VaultWatch& watch : watches_) {
            for (const auto& state : watch.states()) {
                if (state.source != reference) continue;
                at_hand = state.at_hand;
                one.why = reference + ": " + (state.trouble.empty() ? "it has not been read yet" : state.trouble);
                one.passing = state.trouble.empty() || state.passing;
            }
        }
        if (!at_hand) out.push_back(std::move(one));
    }
    return out;
}

std::string Vaults::awaited() const {
    const std::lock_guard lock(mutex_);
    return awaited_;
}

std::vector<Vaults::Missing> fetch_secrets(const settings::Settings& settings,
                                           const std::vector<settings::VaultSecret>& secrets) {
    if (secrets.empty()) return {};
    Vaults vaults(settings, secrets, {});
    const Time until = boot_now() + kCommandPatience;
    while (std::ranges::any_of(vaults.missing(), &Vaults::Missing::passing) && boot_now() < until)
        vaults.turn(kLongestWait);
    return vaults.missing();
}

}  // namespace millrace::app
