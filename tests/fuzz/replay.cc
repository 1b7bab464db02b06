// replay TARGET FOLDER: runs every file of a folder through one target, for builds without libFuzzer. A target that
// finds something aborts; the file's name is the last line before that.
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string_view>
#include <vector>

using Bytes = std::vector<char>;

// MILLRACE_FUZZ_TARGETS is X(event) X(answer) …, made by CMakeLists.txt, which also gives each function its name.
#define X(name) extern "C" int fuzz_##name(const std::uint8_t* bytes, std::size_t size);
MILLRACE_FUZZ_TARGETS
#undef X

namespace {

struct Target {
    std::string_view name;
    int (*run)(const std::uint8_t*, std::size_t);
};
constexpr Target kTargets[] = {
#define X(name) {#name, fuzz_##name},
    MILLRACE_FUZZ_TARGETS
#undef X
};

Bytes bytes_of(const std::filesystem::path& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

int replay(const Target& target, const char* folder) {
    std::vector<std::filesystem::path> files;
    for (const auto& entry : std::filesystem::directory_iterator(folder)) files.push_back(entry.path());
    std::ranges::sort(files);
    for (const auto& file : files) {
        std::fprintf(stderr, "%s\n", file.c_str());
        const Bytes bytes = bytes_of(file);
        target.run(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
    }
    std::fprintf(stderr, "%zu inputs\n", files.size());
    return files.empty() ? 1 : 0;
}

}  // namespace

int main(int count, char** words) {
    for (const Target& target : kTargets) {
        if (count == 3 && target.name == words[1]) return replay(target, words[2]);
    }
    std::fprintf(stderr, "usage: replay TARGET FOLDER\n");
    return 2;
}
