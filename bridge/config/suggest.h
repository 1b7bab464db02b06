// The name that was probably meant.
#pragma once

#include <span>
#include <string_view>

namespace millrace::config {

// The nearest of `names` by edit distance, or nothing when none is near: at most a third of the letters differ.
std::string_view nearest(std::string_view written, std::span<const std::string_view> names);

}  // namespace millrace::config
