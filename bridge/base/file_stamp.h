// FileStamps: whether files are still those that were read: by device, inode, size and times, so that a file written in
// place, one put in its place, and a symbolic link that leads elsewhere (as Kubernetes replaces a mounted secret) all
// count as changed. A file that is not there has a stamp too.
#pragma once

#include <sys/stat.h>

#include <array>
#include <cstdint>
#include <string>
#include <vector>

namespace millrace {

using FileStamp = std::array<std::int64_t, 7>;

inline FileStamp stamp_of(const std::string& path) {
    struct stat found{};
    if (::stat(path.c_str(), &found) != 0) return {};
    return {static_cast<std::int64_t>(found.st_dev),
            static_cast<std::int64_t>(found.st_ino),
            static_cast<std::int64_t>(found.st_size),
            found.st_mtim.tv_sec,
            found.st_mtim.tv_nsec,
            found.st_ctim.tv_sec,
            found.st_ctim.tv_nsec};
}

using FileStamps = std::vector<FileStamp>;

}  // namespace millrace
