#include "bridge/config/inspect.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string_view>
#include <utility>

#include "bridge/config/cross_rules.h"
#include "bridge/config/field.h"

namespace millrace::config {
namespace {

constexpr std::string_view kEach = "pipelines[]";

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
    if (name.empty()) return;
    bool careless = false;
    if (const std::string mistake = file_mistake(name, careless); !mistake.empty()) {
        problems.add(place_of(places, path), path, quote(name) + " " + mistake + " (name a file that can be read)");
    } else if (careless && shape.secret) {
        problems.add(place_of(places, path), path,
                     quote(name) + " holds a secret and can be read by everybody (chmod o-r)", Severity::warning);
    }
}

void inspect_files(Reading& reading, Problems& problems) {
    for (const Field& field : fields()) {
        const auto* const shape = std::get_if<File>(&field.shape);
        if (shape == nullptr) continue;
        Target target{.all = &reading.settings};
        if (!field.path.starts_with(kEach)) {
            inspect_file(*shape, std::string(field.path), target, reading.places, problems);
            continue;
        }
        for (std::size_t i = 0; i < reading.settings.pipelines.size(); ++i) {
            target.pipeline = &reading.settings.pipelines[i];
            inspect_file(*shape, join("pipelines", i) + std::string(field.path.substr(kEach.size())), target,
                         reading.places, problems);
        }
    }
}

// The host of a checked URL or address.
std::string_view host_of(std::string_view url) {
    const std::size_t scheme = url.find("://");
    if (scheme != std::string_view::npos) url.remove_prefix(scheme + 3);
    url = url.substr(0, url.find_first_of("/?"));
    if (url.starts_with('[')) return url.substr(1, url.find(']') - 1);
    return url.substr(0, url.find(':'));
}

bool is_loopback(std::string_view host) { return host == "localhost" || host == "::1" || host.starts_with("127."); }

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
        const std::string path = join("pipelines", i) + ".endpoint.url";
        if (!endpoint.key_file.empty() && endpoint.url.starts_with("http://") && !is_loopback(host_of(endpoint.url))) {
            problems.add(place_of(reading.places, path), path,
                         quote(endpoint.url) + " sends the key unencrypted (use https)", Severity::warning);
        }
    }
}

}  // namespace

std::vector<Problem> inspect(const std::string& file_name, const Reading& reading) {
    Problems problems(file_name);
    Reading copy = reading;  // the table's members are for writing
    inspect_files(copy, problems);
    inspect_connection(reading, problems);
    inspect_endpoints(reading, problems);
    return std::move(problems).take();
}

}  // namespace millrace::config
