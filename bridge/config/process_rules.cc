#include <algorithm>
#include <array>
#include <string>
#include <string_view>

#include "bridge/config/complaint.h"

namespace millrace::config {
namespace {

using settings::Nats;

void check_login(const Nats& nats, const Complaints& complain) {
    struct Way {
        const char* path;
        bool used;
    };
    const std::array ways = {Way{"nats.credentials_file", !nats.credentials_file.empty()},
                             Way{"nats.nkey_file", !nats.nkey_file.empty()}, Way{"nats.user", !nats.user.empty()},
                             Way{"nats.token_file", !nats.token_file.empty()}};
    const auto* const first = std::ranges::find(ways, true, &Way::used);
    for (const Way& way : ways) {
        if (way.used && &way != first) {
            complain(way.path, "cannot stand beside " + std::string(first->path) + " (log in one way: remove one)");
        }
    }
    if (!nats.user.empty() && !complain.mentions("nats.password_file")) {
        complain("nats.user", quote(nats.user) + " has no password (add nats.password_file)");
    }
    if (!nats.password_file.empty() && !complain.mentions("nats.user")) {
        complain("nats.password_file", quote(nats.password_file) + " has no user (add nats.user)");
    }
}

// The rule of config/nats_context.h.
void check_context(const Complaints& complain) {
    for (const auto& [path, place] : complain.places)
        if (path.starts_with("nats.") && path != "nats.context" && path != "nats.tls")
            complain(path, "cannot stand beside nats.context, which is all there is (remove one)");
}

void check_tls(const Nats& nats, const Complaints& complain) {
    const settings::Tls& tls = nats.tls;
    const bool on =
        tls.enabled || std::ranges::any_of(nats.urls, [](const std::string& url) { return url.starts_with("tls://"); });
    const auto idle = [&](const std::string& value, const char* path) {
        if (!on && !value.empty())
            complain(path, quote(value) + " has no effect without TLS (set nats.tls.enabled: true)");
    };
    idle(tls.ca_file, "nats.tls.ca_file");
    idle(tls.cert_file, "nats.tls.cert_file");
    idle(tls.key_file, "nats.tls.key_file");
    if (!tls.cert_file.empty() && !complain.mentions("nats.tls.key_file")) {
        complain("nats.tls.cert_file", quote(tls.cert_file) + " has no key (add nats.tls.key_file)");
    }
    if (!tls.key_file.empty() && !complain.mentions("nats.tls.cert_file")) {
        complain("nats.tls.key_file", quote(tls.key_file) + " has no certificate (add nats.tls.cert_file)");
    }
}

}  // namespace

Place place_of(const Places& places, std::string_view path) {
    for (;;) {
        if (const auto found = places.find(path); found != places.end()) return found->second;
        if (path.empty()) return {1, 1};
        const std::size_t cut = path.find_last_of(".[");
        path = path.substr(0, cut == std::string_view::npos ? 0 : cut);
    }
}

void check_process(const Reading& reading, Problems& problems) {
    const Complaints complain{reading.places, problems};
    const Nats& nats = reading.settings.nats;
    if (!nats.context.empty()) return check_context(complain);
    check_login(nats, complain);
    check_tls(nats, complain);
    if (!nats.jetstream_domain.empty() && !nats.api_prefix.empty()) {
        complain(
            "nats.api_prefix",
            quote(nats.api_prefix) + " cannot stand beside nats.jetstream_domain, which is a prefix too (remove one)");
    }
}

}  // namespace millrace::config
