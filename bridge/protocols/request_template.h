// RequestTemplate: a request body with one hole, where the rows go as a JSON array, or another value.
//
// Made once, from a JSON Pointer and constant extras; filling it is a concatenation. The pointer's way may lead through
// the extras, so {"inputs":[{"name":"x"}]} with /inputs/0/data gives {"inputs":[{"name":"x","data":[…]}]}; what
// the extras do not have is made as objects. Immutable; any thread.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "bridge/base/result.h"

namespace millrace::protocols {

class RequestTemplate {
  public:
    // `extras` is raw JSON text of an object, or empty. Refused: a bad pointer, extras that are no JSON object, a place
    // the extras hold already or that a value of another kind blocks.
    static Result<RequestTemplate> make(std::string_view pointer, std::string_view extras);

    [[nodiscard]] std::string put(std::string_view value) const;
    [[nodiscard]] std::string fill(std::span<const std::string_view> rows) const;

  private:
    std::string before_;  // the hole
    std::string after_;
};

}  // namespace millrace::protocols
