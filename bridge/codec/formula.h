// Formula: an expression of the configuration, computed over the fields found in one element after another.
//
// Thread: one shard's; keeps scratch memory. Allocates nothing for an element whose strings have no escapes.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bridge/base/event.h"
#include "bridge/codec/value_maker.h"
#include "bridge/codec/wanted_fields.h"
#include "bridge/expression/expression.h"
#include "bridge/settings/settings.h"

namespace millrace::codec {

class Formula {
  public:
    // Adds what it mentions to `fields`, which outlives it. The text was checked when the configuration was loaded.
    Formula(const std::string& text, WantedFields& fields);
    Formula(Formula&&) = delete;

    // Of the element `fields` was filled from last; valid as long as that, and until the next call.
    expression::Cell value();

  private:
    // `unescaped` takes what a string with escapes stands for.
    expression::Cell cell(const Found& found, std::string& unescaped);

    const expression::Expression expression_;
    expression::Evaluator evaluator_;
    const WantedFields& fields_;
    std::vector<std::size_t> slots_;
    std::vector<expression::Cell> cells_;
    std::vector<std::string> unescaped_;
    ValueMaker maker_;
};

// The value as JSON: a field that came through as it is written, an integer by its digits, a float with a point or an
// exponent. Requires: no fault.
void append_json(std::string& out, const expression::Cell& cell);

// What the pipeline's computed features are of one element, by their names, as JSON or as what is wrong; for people.
// Empty where the element is no JSON object.
std::vector<std::pair<std::string, std::string>> computed_features(const settings::Pipeline& pipeline,
                                                                   std::string_view element);

// Why the event is set aside. `what` had the fault: `where`, or the name of a feature.
Verdict expression_failed(std::string_view what, const expression::Cell& fault);

}  // namespace millrace::codec
