// Shape and Tally: the accumulators of one aggregate, side by side in one piece of memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "bridge/base/aggregate.h"
#include "bridge/windows/function.h"
#include "bridge/windows/moment.h"

namespace millrace::windows {

// Which accumulators an aggregate has and where they lie. Outlives its tallies and stays where it is.
class Shape {
  public:
    // `operands` as of operands(): what the values of a sample are.
    Shape(const Aggregate& aggregate, std::span<const Operand> operands);
    Shape(const Shape&) = delete;
    Shape& operator=(const Shape&) = delete;

    struct Item {
        const Kind* kind;
        const Select* select;
        std::size_t offset;
        std::size_t operand;  // kNoOperand: it needs no value
    };
    static constexpr std::size_t kNoOperand = SIZE_MAX;

    [[nodiscard]] const std::vector<Item>& items() const { return items_; }
    [[nodiscard]] std::size_t size() const { return size_; }
    [[nodiscard]] bool grows() const { return grows_; }

  private:
    std::vector<Item> items_;
    std::size_t size_ = 0;
    bool grows_ = false;
};

// A value of a sample, as accumulators take it.
struct Seen {
    const Value* value;  // in its plain form
    bool real;           // it came as a double
};

class Tally {
  public:
    explicit Tally(const Shape& shape);
    ~Tally();
    Tally(Tally&& other) noexcept;
    Tally& operator=(Tally&& other) noexcept;
    [[nodiscard]] Tally copy() const;

    void add(std::span<const Seen> values, EventTime at, Place place);
    // Requires: of the same shape.
    void merge(const Tally& other);

    void write(ByteWriter& out) const;
    // Into a fresh one. False: the bytes are damaged.
    bool read(ByteReader& in);

    [[nodiscard]] std::vector<Outcome> outcomes() const;

    [[nodiscard]] std::uint64_t count() const { return count_; }
    [[nodiscard]] Place first() const { return first_; }  // the lowest place
    [[nodiscard]] Place last() const { return last_; }
    // Besides its own size, about. Follows every change.
    [[nodiscard]] std::size_t held() const { return held_; }

  private:
    struct Bare {};
    Tally(const Shape& shape, Bare);
    [[nodiscard]] std::byte* at(const Shape::Item& item) const { return memory_.get() + item.offset; }
    void take(Place first, Place last);

    const Shape* shape_;
    std::unique_ptr<std::byte[]> memory_;  // none: moved from
    std::uint64_t count_ = 0;
    Place first_;
    Place last_;
    std::size_t held_ = 0;
};

}  // namespace millrace::windows
