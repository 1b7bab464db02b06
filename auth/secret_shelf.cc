#include "auth/secret_shelf.h"

#include <utility>

namespace millrace::auth {

SecretShelf& SecretShelf::of_process() {
    static SecretShelf shelf;
    return shelf;
}

void SecretShelf::put(const std::string& source, Secret value) {
    const std::lock_guard lock(mutex_);
    Place& place = places_[source];
    if (place.version > 0 && place.value.reveal() == value.reveal()) return;
    place.value = std::move(value);
    ++place.version;
}

void SecretShelf::tell(const std::string& source, const std::string& why) {
    const std::lock_guard lock(mutex_);
    places_[source].why = why;
}

Result<Secret> SecretShelf::find(const std::string& source) const {
    const std::lock_guard lock(mutex_);
    const auto at = places_.find(source);
    if (at != places_.end() && at->second.version > 0) return at->second.value;
    return fail(ErrorCode::unavailable, at == places_.end() ? Place().why : at->second.why);
}

std::uint64_t SecretShelf::version(const std::string& source) const {
    const std::lock_guard lock(mutex_);
    const auto at = places_.find(source);
    return at == places_.end() ? 0 : at->second.version;
}

void SecretShelf::want(const std::string& source) {
    const std::lock_guard lock(mutex_);
    if (wanted_.size() < places_.size() + 1) wanted_.insert(source);
}

std::set<std::string> SecretShelf::take_wanted() {
    const std::lock_guard lock(mutex_);
    return std::exchange(wanted_, {});
}

}  // namespace millrace::auth
