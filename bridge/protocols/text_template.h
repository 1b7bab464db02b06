// TextTemplate: a JSON text with {feature} inside its strings, to be filled with one row.
//
// A feature that is a string is put in as its characters, anything else as its JSON text. {{feature}} is the text
// {feature}; braces around anything that could not be a name are text as well. Immutable; any thread.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "bridge/base/result.h"
#include "bridge/settings/settings.h"

namespace millrace::protocols {

class TextTemplate {
  public:
    // Refused: no JSON; a name that is no feature's; a text that names none at all. The error tells what, without the
    // field's name.
    static Result<TextTemplate> make(std::string_view json, const std::vector<settings::Feature>& features);

    // Requires: `row` is an array with one scalar per feature.
    [[nodiscard]] std::string fill(std::string_view row) const;

  private:
    struct Piece {
        std::string text;
        std::size_t feature;  // behind the text; kNone behind the last one
    };

    std::vector<Piece> pieces_;
};

}  // namespace millrace::protocols
