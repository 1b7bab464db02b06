#include "bridge/config/nats_context.h"

#include <algorithm>
#include <array>
#include <utility>

#include "bridge/config/context_path.h"
#include "bridge/config/cross_rules.h"
#include "bridge/config/rules.h"
#include "bridge/config/scalars.h"

namespace millrace::config {
namespace {

std::string_view trimmed(std::string_view text) {
    while (text.starts_with(' ')) text.remove_prefix(1);
    while (text.ends_with(' ')) text.remove_suffix(1);
    return text;
}

class Translation {
  public:
    Translation(const auth::NatsContext& from, std::string path, ContextComplaint complain)
        : from_(from), path_(std::move(path)), complain_(std::move(complain)) {}

    settings::Nats read() {
        read_urls();
        read_login();
        read_tls();
        read_subjects();
        if (!from_.socks_proxy.empty())
            complain_("socks_proxy", "is set, and servers are reached directly only (remove it if they can be)");
        return std::move(to_);
    }

  private:
    void read_urls() {
        std::string_view rest = from_.url;
        while (!rest.empty()) {
            const auto end = std::min(rest.find(','), rest.size());
            if (const auto url = trimmed(rest.substr(0, end)); !url.empty()) read_url(std::string(url));
            rest.remove_prefix(std::min(end + 1, rest.size()));
        }
        if (to_.urls.empty()) to_.urls = {"nats://127.0.0.1:4222"};  // the CLI's default
    }
    void read_url(std::string url) {
        if (!url.contains("://")) url.insert(0, "nats://");
        obey("url", url, rules::nats_url);
        to_.urls.push_back(std::move(url));
    }

    void read_login() {
        struct Way {
            std::string_view name;
            bool used;
        };
        const std::array ways = {Way{"user", !from_.user.empty()},   Way{"creds", !from_.creds.empty()},
                                 Way{"nkey", !from_.nkey.empty()},   Way{"user_jwt", !from_.user_jwt.empty()},
                                 Way{"token", !from_.token.empty()}, Way{"nsc", !from_.nsc.empty()}};
        const auto* const first = std::ranges::find(ways, true, &Way::used);
        for (const Way& way : ways)
            if (way.used && &way != first)
                complain_(way.name,
                          "cannot stand beside " + std::string(first->name) + " (log in one way: remove one)");
        go_together("user", !from_.user.empty(), "password", !from_.password.empty());
        go_together("user_jwt", !from_.user_jwt.empty(), "user_seed", !from_.user_seed.empty());
        to_.user = from_.user;
        to_.password_file = secret("password", from_.password);
        to_.token_file = secret("token", from_.token);
        to_.credentials_file = file("creds", from_.creds);
        to_.nkey_file = file("nkey", from_.nkey);
        for (const auto& [name, part] : {std::pair{"user_jwt", &from_.user_jwt}, {"user_seed", &from_.user_seed}})
            if (const std::string at = secret(name, *part); at == path_)
                to_.credentials_file = at;
            else if (!at.empty())
                complain_(name, "is not read from a file of its own (write a credentials file and name it in creds)");
        if (!from_.nsc.empty())
            complain_("nsc", quote(from_.nsc) + " is looked up by nsc, which is not run (name the file in creds)");
    }

    void read_tls() {
        to_.tls.ca_file = file("ca", from_.ca);
        to_.tls.cert_file = file("cert", from_.cert);
        to_.tls.key_file = file("key", from_.key);
        to_.tls.enabled = !from_.ca.empty() || !from_.cert.empty();
        go_together("cert", !from_.cert.empty(), "key", !from_.key.empty());
        if (from_.tls_first)
            complain_("tls_first",
                      "is set, and TLS begins only after the server's greeting (let the server do both: "
                      "handshake_first: auto)");
        if (!from_.windows_cert_store.empty())
            complain_("windows_cert_store",
                      quote(from_.windows_cert_store) + " is a store of Windows (name files in cert, key and ca)");
    }

    void read_subjects() {
        to_.jetstream_domain = from_.jetstream_domain;
        to_.api_prefix = from_.jetstream_api_prefix;
        to_.inbox_prefix = from_.inbox_prefix;
        if (to_.api_prefix.ends_with('.')) to_.api_prefix.pop_back();  // as the CLI does
        obey("jetstream_domain", to_.jetstream_domain, rules::domain);
        obey("jetstream_api_prefix", to_.api_prefix, rules::subject_prefix);
        obey("inbox_prefix", to_.inbox_prefix, rules::subject_prefix);
        if (!to_.jetstream_domain.empty() && !to_.api_prefix.empty())
            complain_("jetstream_api_prefix",
                      "cannot stand beside jetstream_domain, which is a prefix too (remove one)");
    }

    void obey(std::string_view member, const std::string& value, std::optional<std::string> (*rule)(std::string_view)) {
        if (value.empty()) return;
        if (auto mistake = rule(value)) complain_(member, *mistake);
    }

    void go_together(std::string_view first, bool has_first, std::string_view second, bool has_second) {
        if (has_first == has_second) return;
        complain_(has_first ? first : second,
                  "has no " + std::string(has_first ? second : first) + " beside it (they go together)");
    }

    // The file that holds the secret: the context's own, or the one that it names.
    std::string secret(std::string_view member, const Secret& value) {
        constexpr std::array kReferences = {"op", "nsc", "env", "data", "file"};
        const std::string scheme = lower(scheme_of(value.reveal()));
        if (!value.empty() && std::ranges::find(kReferences, scheme) != kReferences.end())
            return file(member, value.reveal());
        if (!value.empty()) to_.context_file = path_;
        return value.empty() ? "" : path_;
    }

    std::string file(std::string_view member, std::string_view value) {
        if (value.empty()) return {};
        auto path = member_path(value);
        if (!path) complain_(member, path.error());
        return path.value_or("");
    }

    const auth::NatsContext& from_;
    const std::string path_;
    const ContextComplaint complain_;
    settings::Nats to_;
};

// Where in the file a field of the context stands: where the context is named, or nowhere.
void forget_section(Places& places, bool is_named) {
    std::erase_if(places, [&](const auto& place) {
        return place.first.starts_with("nats.") && !(is_named && place.first == "nats.context");
    });
}

}  // namespace

std::optional<settings::Nats> nats_of(const auth::NatsContext& context, const std::string& path,
                                      const ContextComplaint& complain) {
    bool is_good = true;
    settings::Nats made = Translation(context, path, [&](std::string_view member, const std::string& text) {
                              is_good = false;
                              complain(member, text);
                          }).read();
    return is_good ? std::optional(std::move(made)) : std::nullopt;
}

void read_nats_context(Reading& reading, const std::string& given, Problems& problems) {
    settings::Nats& nats = reading.settings.nats;
    const std::string name = given.empty() ? nats.context : given;
    if (name.empty()) return;
    const std::string where = given.empty() ? "nats.context" : "--context";
    const Place place = given.empty() ? place_of(reading.places, where) : Place{};
    const auto complain = [&](std::string text) { problems.add(place, where, std::move(text)); };
    if (const auto mistake = rules::context(name)) return complain(*mistake);
    const auto path = context_path(name);
    if (!path) return complain(quote(name) + " cannot be looked for (set HOME or XDG_CONFIG_HOME)");
    const auto context = auth::read_nats_context(*path);
    if (!context) return complain(context.error().text);
    auto made = nats_of(*context, *path, [&](std::string_view member, const std::string& text) {
        complain("NATS context \"" + *path + "\": " + std::string(member) + ": " + text);
    });
    if (!made) return;
    made->context = name;
    nats = std::move(*made);
    forget_section(reading.places, given.empty());
}

}  // namespace millrace::config
