// Where in a response the results are, and the raw text of each.
//
// A Route says, level by level, which member to go into. The whole response is checked, not only the way to the
// results: a body that is broken anywhere gives no result. A level that is a JSON string is read as the JSON it holds,
// at most twice on the way. A bare NaN, Infinity or -Infinity is read by policy and becomes null or a string in the
// text given back. A place that could be meant in two ways (a member twice) gives no result either.
//
// Thread: any; no state. Bounds: 64 levels of nesting; 256 outputs; memory of at most the response's size for each
// string that is unwrapped, plus the texts; what the response claims to hold is not believed but counted.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "bridge/base/result.h"
#include "bridge/settings/settings.h"

namespace millrace::protocols {

// "expected 3 results"
std::string expected(std::size_t rows);

struct Step {
    std::vector<std::string> members = {};  // one of these, by name (or index, in an array)
    bool or_the_only_member = false;        // else the one member there is, unless its name says that it is an error
    bool or_array_here = false;             // an array at this level is the results
    // Below it may stand an object of arrays, one for each output of the model: result i is the object of their
    // elements i.
    bool or_columns_below = false;
    // What stands below, whatever it is but null, is the one result.
    bool whole_below = false;
};
using Route = std::vector<Step>;

// The texts of the results that `body` holds at `route`: exactly `rows`, each a whole JSON value in UTF-8, without
// blanks around. Otherwise ErrorCode::invalid with one line that says what was expected and what was found.
Result<std::vector<std::string>> read_results(std::string_view body, const Route& route, std::size_t rows,
                                              settings::NonFinite policy);
// The same as a function of the body and the number of rows.
std::function<Result<std::vector<std::string>>(std::string_view, std::size_t)> results_at(Route route,
                                                                                          settings::NonFinite policy);

}  // namespace millrace::protocols
