// What was found of a field → a Value, as base/value.h says.
//
// Thread: one shard's; keeps a parser for strings with escapes.
#pragma once

#include <memory>

#include "bridge/base/value.h"
#include "bridge/codec/wanted_fields.h"

namespace millrace::codec {

class ValueMaker {
  public:
    ValueMaker();
    ~ValueMaker();
    ValueMaker(ValueMaker&&) noexcept;

    // A number beyond double is infinite. A string that stands for no text (a lone surrogate) stays raw.
    [[nodiscard]] Value make(const Found& found);

  private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace millrace::codec
