#include "auth/key_file.h"

#include <utility>

#include "auth/secret_file.h"

namespace millrace::auth {

namespace {
constexpr Duration kLookEvery = std::chrono::seconds(1);
}

Result<KeyFile> KeyFile::load(std::string path) {
    KeyFile made;
    made.path_ = std::move(path);
    if (auto read = made.refresh(); !read) return std::unexpected(std::move(read.error()));
    return made;
}

Result<void> KeyFile::refresh() {
    if (path_.empty()) return {};
    // Before it is read: what is written meanwhile is found by the next look.
    read_at_ = secret_stamp(path_);
    auto key = read_secret(path_, "key file");
    if (!key) return std::unexpected(std::move(key.error()));
    key_ = std::move(*key);
    return {};
}

bool KeyFile::has_changed() const { return !path_.empty() && secret_stamp(path_) != read_at_; }

void KeyFile::doubt() const { doubt_secret(path_); }

Result<Keys> Keys::load(std::string first, std::string second) {
    Keys made;
    for (const std::size_t i : {0, 1}) {
        auto file = KeyFile::load(std::move(i == 0 ? first : second));
        if (!file) return std::unexpected(std::move(file.error()));
        made.files_[i] = std::move(*file);
    }
    return made;
}

Result<void> Keys::read(std::size_t which) {
    const Secret before = files_[which].key();
    auto read = files_[which].refresh();
    if (files_[which].key().reveal() == before.reveal()) return read;
    is_refused_[which] = false;
    if (which == in_use_) ++version_;
    return read;
}

void Keys::turn_to_other() {
    const Secret& other = files_[1 - in_use_].key();
    if (other.empty() || other.reveal() == key().reveal()) return;
    in_use_ = 1 - in_use_;
    ++version_;
}

Result<void> Keys::refresh() {
    for (const KeyFile& file : files_) file.doubt();
    auto first = read(0);
    auto second = read(1);
    return first ? second : first;
}

Result<void> Keys::refused() {
    is_refused_[in_use_] = true;
    auto read = refresh();
    if (is_refused_[in_use_]) turn_to_other();
    return read;
}

Result<bool> Keys::look(Time now) {
    if (now - looked_ < kLookEvery) return false;
    looked_ = now;
    bool changed = false;
    for (const std::size_t i : {0, 1}) {
        if (!files_[i].has_changed()) continue;
        const Secret before = files_[i].key();
        if (auto done = read(i); !done) return std::unexpected(std::move(done.error()));
        changed = changed || files_[i].key().reveal() != before.reveal();
    }
    if (changed && is_refused_[in_use_] && !is_refused_[1 - in_use_]) turn_to_other();
    return changed;
}

}  // namespace millrace::auth
