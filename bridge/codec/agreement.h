// Agreement: whether two scores say the same.
//
// Equal texts do. Otherwise numbers do when they are no farther apart than the absolute tolerance, or than the relative
// one times the larger of them; lists when their elements do one by one; objects when they have the same members,
// whatever their order; anything else when it is the same JSON value. A text that no parser reads as one value with
// numbers in the range of a double and at most 64 bits of integer agrees with nothing but itself.
//
// Thread: one shard's; keeps parsers. Bounds: 1,024 levels; time in proportion to n·log n of the texts.
#pragma once

#include <memory>
#include <string_view>

namespace millrace::codec {

struct Tolerance {
    double absolute = 0;
    double relative = 0;
};

class Agreement {
  public:
    explicit Agreement(Tolerance tolerance);
    ~Agreement();

    [[nodiscard]] bool between(std::string_view left, std::string_view right);

  private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace millrace::codec
