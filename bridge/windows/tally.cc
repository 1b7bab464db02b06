#include "bridge/windows/tally.h"

#include <algorithm>
#include <new>
#include <utility>

#include "bridge/base/check.h"

namespace millrace::windows {

Shape::Shape(const Aggregate& aggregate, std::span<const Operand> operands) {
    for (const Select& select : aggregate.select) {
        const Kind& row = kind(select.function);
        static_assert(alignof(std::max_align_t) <= __STDCPP_DEFAULT_NEW_ALIGNMENT__);
        MILLRACE_CHECK(row.align <= __STDCPP_DEFAULT_NEW_ALIGNMENT__, "a tally's memory comes from new");
        size_ = (size_ + row.align - 1) / row.align * row.align;
        std::size_t operand = kNoOperand;
        if (select.operand.from != Operand::From::nothing) {
            operand = static_cast<std::size_t>(std::ranges::find(operands, select.operand) - operands.begin());
            MILLRACE_CHECK(operand < operands.size(), "the operands are those of all aggregates");
        }
        items_.push_back({&row, &select, size_, operand});
        size_ += row.size;
        grows_ = grows_ || row.grows;
    }
}

Tally::Tally(const Shape& shape, Bare /*unused*/)
    : shape_(&shape), memory_(new std::byte[shape.size()]), held_(shape.size()) {}

Tally::Tally(const Shape& shape) : Tally(shape, Bare{}) {
    for (const auto& item : shape.items()) item.kind->make(at(item), *item.select);
}

Tally::~Tally() {
    if (memory_ == nullptr) return;
    for (const auto& item : shape_->items()) item.kind->destroy(at(item));
}

Tally::Tally(Tally&& other) noexcept = default;

Tally& Tally::operator=(Tally&& other) noexcept {
    std::swap(shape_, other.shape_);
    std::swap(memory_, other.memory_);
    std::swap(count_, other.count_);
    std::swap(first_, other.first_);
    std::swap(last_, other.last_);
    std::swap(held_, other.held_);
    return *this;
}

Tally Tally::copy() const {
    Tally other(*shape_, Bare{});
    for (const auto& item : shape_->items()) item.kind->copy(other.at(item), at(item));
    other.count_ = count_;
    other.first_ = first_;
    other.last_ = last_;
    other.held_ = held_;
    return other;
}

void Tally::add(std::span<const Seen> values, EventTime when, Place place) {
    static const Value kSomething = true;
    take(place, place);
    ++count_;
    for (const auto& item : shape_->items()) {
        const Seen seen = item.operand == Shape::kNoOperand ? Seen{&kSomething, false} : values[item.operand];
        if (std::holds_alternative<Null>(*seen.value)) continue;
        const std::size_t before = item.kind->held(at(item));
        item.kind->add(at(item), {*seen.value, seen.real, when, place});
        held_ += item.kind->held(at(item)) - before;
    }
}

void Tally::merge(const Tally& other) {
    if (other.count_ == 0) return;
    take(other.first_, other.last_);
    count_ += other.count_;
    for (const auto& item : shape_->items()) {
        const std::size_t before = item.kind->held(at(item));
        item.kind->merge(at(item), other.at(item));
        held_ += item.kind->held(at(item)) - before;
    }
}

void Tally::take(Place first, Place last) {
    first_ = count_ == 0 ? first : std::min(first_, first);
    last_ = count_ == 0 ? last : std::max(last_, last);
}

void Tally::write(ByteWriter& out) const {
    out.number(count_);
    write_place(out, first_);
    write_place(out, last_);
    for (const auto& item : shape_->items()) item.kind->write(at(item), out);
}

bool Tally::read(ByteReader& in) {
    count_ = in.number();
    first_ = read_place(in);
    last_ = read_place(in);
    for (const auto& item : shape_->items()) {
        if (!item.kind->read(at(item), in)) return false;
        held_ += item.kind->held(at(item));
    }
    return !in.bad() && count_ > 0;
}

std::vector<Outcome> Tally::outcomes() const {
    std::vector<Outcome> all;
    all.reserve(shape_->items().size());
    for (const auto& item : shape_->items()) all.push_back(item.kind->outcome(at(item), *item.select));
    return all;
}

}  // namespace millrace::windows
