// A bearer key read from a file or a vault (secret_file.h), and the keys of one address: the one in use, and another to
// try where it is refused.
//
// Thread: one shard's. Files are read when they are loaded, when `look` finds them changed, and when the endpoint
// refuses the key; in between keys are kept in memory. An error names the file and says what is wrong with it; never
// its content.
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "bridge/base/file_stamp.h"
#include "bridge/base/result.h"
#include "bridge/base/secret.h"
#include "bridge/base/time.h"

namespace millrace::auth {

class KeyFile {
  public:
    // An empty path means no key.
    static Result<KeyFile> load(std::string path);

    // Reads the file again. On an error the old key stays.
    Result<void> refresh();
    // Its content may be another than when it was read; a look at the file's own dates.
    [[nodiscard]] bool has_changed() const;
    // The key is refused: there may be a newer one where it is from.
    void doubt() const;
    [[nodiscard]] const Secret& key() const { return key_; }

  private:
    std::string path_;
    Secret key_;
    FileStamp read_at_{};
};

class Keys {
  public:
    // Both may be empty.
    static Result<Keys> load(std::string first, std::string second);

    // The one in use, and a number that grows whenever it becomes another.
    [[nodiscard]] const Secret& key() const { return files_[in_use_].key(); }
    [[nodiscard]] std::uint64_t version() const { return version_; }

    // Reads both files again. Where one cannot be read its key stays, and the error tells.
    Result<void> refresh();
    // The endpoint refuses the key in use: its file is read again, and where that brings no other, the other file's
    // turn has come.
    Result<void> refused();
    // The key of this version was not refused.
    void accepted(std::uint64_t version) { is_refused_[in_use_] = is_refused_[in_use_] && version != version_; }
    // Reads what has changed; looks once a second at most. True when a key is another than before. Where the one in use
    // is refused and the other has become another, it is the other's turn.
    Result<bool> look(Time now);

  private:
    Result<void> read(std::size_t which);
    void turn_to_other();

    std::array<KeyFile, 2> files_;
    std::array<bool, 2> is_refused_{};  // since it was last another, or accepted
    std::size_t in_use_ = 0;
    std::uint64_t version_ = 1;
    Time looked_{};
};

}  // namespace millrace::auth
