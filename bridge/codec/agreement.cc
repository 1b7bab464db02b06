#include "bridge/codec/agreement.h"

#include <simdjson.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <utility>
#include <vector>

namespace millrace::codec {
namespace {

using simdjson::dom::array;
using simdjson::dom::element;
using simdjson::dom::element_type;
using simdjson::dom::object;

// What holds so much of a text that was long is not kept.
constexpr std::size_t kKeepBytes = 1u << 20;

bool agree(element left, element right, Tolerance tolerance);

bool agree(double left, double right, Tolerance tolerance) {
    const double larger = std::max(std::abs(left), std::abs(right));
    const double allowed = std::max(tolerance.absolute, tolerance.relative * larger);
    // 1 and 1.01 are 0.01 apart, and a little more as doubles.
    const double rounding = allowed > 0 ? larger * std::numeric_limits<double>::epsilon() : 0;
    return std::abs(left - right) <= allowed + rounding;
}

bool agree(array left, array right, Tolerance tolerance) {
    auto one = left.begin();
    auto other = right.begin();
    for (; one != left.end() && other != right.end(); ++one, ++other) {
        if (!agree(*one, *other, tolerance)) return false;
    }
    return !(one != left.end()) && !(other != right.end());
}

// Sorted, because looking each member up would take a hostile answer's square.
std::vector<std::pair<std::string_view, element>> sorted_members(object from) {
    std::vector<std::pair<std::string_view, element>> members;
    for (const auto& member : from) members.emplace_back(member.key, member.value);
    std::ranges::stable_sort(members, {}, [](const auto& member) { return member.first; });
    return members;
}

bool agree(object left, object right, Tolerance tolerance) {
    const auto ones = sorted_members(left);
    const auto others = sorted_members(right);
    return std::ranges::equal(ones, others, [&](const auto& one, const auto& other) {
        return one.first == other.first && agree(one.second, other.second, tolerance);
    });
}

bool is_whole(element value) { return value.is_int64() || value.is_uint64(); }

// Beyond 2^53 two whole numbers may be one double.
bool agree_as_numbers(element left, element right, Tolerance tolerance) {
    if (is_whole(left) && is_whole(right) && tolerance.absolute == 0 && tolerance.relative == 0) {
        return left.is_int64() == right.is_int64() && (left.is_int64() ? std::int64_t(left) == std::int64_t(right)
                                                                       : std::uint64_t(left) == std::uint64_t(right));
    }
    return agree(double(left), double(right), tolerance);
}

bool agree(element left, element right, Tolerance tolerance) {
    if (left.is_number() && right.is_number()) return agree_as_numbers(left, right, tolerance);
    if (left.type() != right.type()) return false;
    switch (left.type()) {
        case element_type::ARRAY:
            return agree(array(left), array(right), tolerance);
        case element_type::OBJECT:
            return agree(object(left), object(right), tolerance);
        case element_type::STRING:
            return std::string_view(left) == std::string_view(right);
        case element_type::BOOL:
            return bool(left) == bool(right);
        default:
            return true;  // null
    }
}

}  // namespace

struct Agreement::State {
    Tolerance tolerance;
    simdjson::dom::parser left;
    simdjson::dom::parser right;
};

Agreement::Agreement(Tolerance tolerance) : state_(std::make_unique<State>()) { state_->tolerance = tolerance; }
Agreement::~Agreement() = default;

bool Agreement::between(std::string_view left, std::string_view right) {
    if (left == right) return true;
    element one;
    element other;
    const bool read = state_->left.parse(left.data(), left.size()).get(one) == simdjson::SUCCESS &&
                      state_->right.parse(right.data(), right.size()).get(other) == simdjson::SUCCESS;
    const bool agreed = read && agree(one, other, state_->tolerance);
    if (std::max(left.size(), right.size()) > kKeepBytes) {
        state_->left = simdjson::dom::parser();
        state_->right = simdjson::dom::parser();
    }
    return agreed;
}

}  // namespace millrace::codec
