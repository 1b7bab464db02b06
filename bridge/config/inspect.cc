#include "bridge/config/inspect.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string_view>
#include <utility>

#include "auth/vault_reference.h"
#include "bridge/config/cross_rules.h"
#include "bridge/config/field.h"
#include "bridge/config/rules.h"
#include "bridge/settings/addresses.h"

namespace millrace::config {
namespace {

// What is wrong with a file, or nothing; `careless` when others may read it.
std::string file_mistake(const std::string& path, bool& careless) {
    const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);  // a pipe must not hold us up
    if (file < 0) return "cannot be opened: " + std::string(std::strerror(errno));
    struct stat status{};
    const bool known = fstat(file, &status) == 0;
    close(file);
    if (!known) return "cannot be looked at: " + std::string(std::strerror(errno));
    if (!S_ISREG(status.st_mode)) return "is no regular file";
    if (status.st_size == 0) return "is empty";
    careless = (status.st_mode & S_IROTH) != 0;
    return "";
}

void inspect_file(const File& shape, const std::string& path, Target& target, const Places& places,
                  Problems& problems) {
    const std::string& name = shape.at(target);
    if (name.empty() || auth::is_vault_reference(name)) return;
    bool careless = false;
    if (const std::string mistake = file_mistake(name, careless); !mistake.empty()) {
        problems.add(place_of(places, path), path, quote(name) + " " + mistake + " (name a file that can be read)");
    } else if (careless && shape.holds == Holds::secret) {
        problems.add(place_of(places, path), path,
                     quote(name) + " holds a secret and can be read by everybody (chmod o-r)", Severity::warning);
    }
}

// The files named in one item of a list, or at the top, and in the lists in it.
void inspect_files(std::string_view scope, const std::string& item, Target& target, const Places& places,
                   Problems& problems) {
    for (const Field& field : fields()) {
        if (field.scope() != scope) continue;
        const std::string path = item + std::string(field.path.substr(scope.size()));
        if (const auto* const file = std::get_if<File>(&field.shape)) {
            inspect_file(*file, path, target, places, problems);
        } else if (const auto* const list = std::get_if<Sections>(&field.shape)) {
            for (std::size_t i = 0; places.contains(join(path, i)); ++i) {
                Target one = list->item(target, i);
                inspect_files(field.inner_path(), join(path, i), one, places, problems);
            }
        }
    }
}

using rules::host_of;
using rules::is_loopback;

void inspect_connection(const Reading& reading, Problems& problems) {
    const settings::Nats& nats = reading.settings.nats;
    const bool secret = !nats.password_file.empty() || !nats.token_file.empty();
    for (std::size_t i = 0; i < nats.urls.size(); ++i) {
        const bool plain = !nats.tls.enabled && !nats.urls[i].starts_with("tls://");
        if (!secret || !plain || is_loopback(host_of(nats.urls[i]))) continue;
        problems.add(place_of(reading.places, "nats.urls"), join("nats.urls", i),
                     quote(nats.urls[i]) + " sends the password or token unencrypted (set nats.tls.enabled: true)",
                     Severity::warning);
    }
    const settings::Admin& admin = reading.settings.admin;
    if (!admin.listen.empty() && !is_loopback(host_of(admin.listen))) {
        problems.add(place_of(reading.places, "admin.listen"), "admin.listen",
                     quote(admin.listen) +
                         " is not loopback, and the admin port has no authentication (let the network decide who "
                         "reaches it)",
                     Severity::warning);
    }
}

void inspect_endpoints(const Reading& reading, Problems& problems) {
    for (std::size_t i = 0; i < reading.settings.pipelines.size(); ++i) {
        const settings::Endpoint& endpoint = reading.settings.pipelines[i].endpoint;
        settings::Routes all = settings::routes(endpoint);
        all.addresses.push_back(endpoint.shadow.address);
        all.fields.emplace_back("endpoint.shadow.url");
        for (std::size_t a = 0; a < all.addresses.size(); ++a) {
            const settings::Address& address = all.addresses[a];
            const std::string& url = address.url;
            const bool is_secret = !address.key_file.empty() || !address.identity.empty();
            if (!is_secret || !url.starts_with("http://") || is_loopback(host_of(url))) continue;
            const std::string path = join("pipelines", i) + "." + all.fields[a];
            problems.add(place_of(reading.places, path), path,
                         quote(url) + " sends the key or token unencrypted (use https)", Severity::warning);
        }
    }
}

}  // namespace

std::vector<Problem> inspect(const std::string& file_name, const Reading& reading) {
    Problems problems(file_name);
    Reading copy = reading;  // the table's members are for writing
    Target top{.all = &copy.settings};
    inspect_files("", "", top, copy.places, problems);
    inspect_connection(reading, problems);
    inspect_endpoints(reading, problems);
    return std::move(problems).take();
}

}  // namespace millrace::config
