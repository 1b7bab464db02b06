// Columns: rows that are arrays, turned on their side, one named list per feature.
//
// Rows are raw JSON texts of arrays with one value per feature, and so are the values that come out: nothing is read as
// a number. Immutable; any thread. Bound: memory of about the rows' size.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "bridge/settings/settings.h"

namespace millrace::protocols {

class Columns {
  public:
    explicit Columns(const std::vector<settings::Feature>& features);

    // The names, each as a JSON string.
    [[nodiscard]] const std::vector<std::string>& names() const { return names_; }
    // The values of each column, with commas between: {"1,3", "2,4"} of [1,2] and [3,4].
    [[nodiscard]] std::vector<std::string> values(std::span<const std::string_view> rows) const;
    // {"columns":["a","b"],"index":[0,1],"data":[[1,2],[3,4]]}, as pandas splits a table.
    [[nodiscard]] std::string split(std::span<const std::string_view> rows) const;
    // {"a":[1,3],"b":[2,4]}
    [[nodiscard]] std::string object(std::span<const std::string_view> rows) const;

  private:
    std::vector<std::string> names_;
};

}  // namespace millrace::protocols
