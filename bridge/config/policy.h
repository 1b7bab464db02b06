// A policy file → auth::Policy, or every mistake in it with its place. As strict as the configuration (document.h).
#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "auth/policy.h"
#include "bridge/config/problem.h"

namespace millrace::config {

// Pure; `file_name` stands in front of each problem and is not opened.
std::expected<auth::Policy, std::vector<Problem>> load_policy(const std::string& file_name, std::string_view yaml);

}  // namespace millrace::config
