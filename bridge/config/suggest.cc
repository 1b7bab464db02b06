#include "bridge/config/suggest.h"

#include <algorithm>
#include <cstddef>
#include <numeric>
#include <vector>

namespace millrace::config {
namespace {

constexpr std::size_t kLongestName = 64;

// Letters to insert, delete, replace or swap with their neighbour; three rows of the usual table.
std::size_t distance(std::string_view a, std::string_view b) {
    std::vector<std::size_t> before(b.size() + 1);
    std::vector<std::size_t> above(b.size() + 1);
    std::vector<std::size_t> row(b.size() + 1);
    std::iota(above.begin(), above.end(), std::size_t{0});
    for (std::size_t i = 0; i < a.size(); ++i) {
        row[0] = i + 1;
        for (std::size_t j = 0; j < b.size(); ++j) {
            row[j + 1] = std::min({above[j + 1] + 1, row[j] + 1, above[j] + (a[i] == b[j] ? 0 : 1)});
            const bool swapped = i > 0 && j > 0 && a[i] == b[j - 1] && a[i - 1] == b[j];
            if (swapped) row[j + 1] = std::min(row[j + 1], before[j - 1] + 1);
        }
        std::swap(before, above);
        std::swap(above, row);
    }
    return above[b.size()];
}

}  // namespace

std::string_view nearest(std::string_view written, std::span<const std::string_view> names) {
    if (written.size() > kLongestName) return {};
    std::string_view best;
    std::size_t least = std::max<std::size_t>(written.size() / 3, 1) + 1;
    for (const std::string_view name : names) {
        const std::size_t differing = distance(written, name);
        if (differing < least) {
            least = differing;
            best = name;
        }
    }
    return best;
}

}  // namespace millrace::config
