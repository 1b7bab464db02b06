// A folder of a test's own, gone at its end.
#pragma once

#include <doctest/doctest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

namespace millrace::testing {

class Folder {
  public:
    Folder() {
        std::string pattern = (std::filesystem::temp_directory_path() / "millrace-auth-XXXXXX").string();
        REQUIRE(::mkdtemp(pattern.data()) != nullptr);
        path_ = pattern;
    }
    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;
    ~Folder() { std::filesystem::remove_all(path_); }

    [[nodiscard]] std::string path(std::string_view name = "") const { return name.empty() ? path_ : path_ / name; }
    std::string write(std::string_view name, std::string_view content) const {
        std::ofstream(path(name), std::ios::binary | std::ios::trunc) << content;
        return path(name);
    }

  private:
    std::filesystem::path path_;
};

}  // namespace millrace::testing
