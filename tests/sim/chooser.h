// Chooser: answers every question "which of these?" a program asks, in all ways there are, run after run.
//
//     Chooser chooser(2);
//     while (chooser.next()) run(chooser);      // run calls choose() and deviate(), each time the same until it is
//     told otherwise
//
// It counts like an odometer whose digits are the questions in the order they were asked: a run asks the same first
// questions, gets the same answers, and the last one that has another answer left gets it. Questions of the second kind
// are *deviations* from the plain course (an answer other than 0); a run has at most so many of them, which keeps the
// number of runs within reach while every combination of few of them is seen.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace millrace::sim {

class Chooser {
  public:
    explicit Chooser(std::uint32_t deviations) : deviations_(deviations) {}

    // The next run; false when all were made.
    bool next() {
        at_ = 0;
        deviated_ = 0;
        if (!begun_) return begun_ = true;
        while (!digits_.empty() && digits_.back().value + 1 == digits_.back().bound) digits_.pop_back();
        if (digits_.empty()) return false;
        ++digits_.back().value;
        return true;
    }

    // The run before once more.
    void again() { at_ = 0, deviated_ = 0; }

    // 0 … bound - 1.
    std::uint32_t choose(std::uint32_t bound) {
        if (bound < 2) return 0;
        if (at_ == digits_.size()) digits_.push_back({0, bound});
        return digits_[at_++].value;
    }
    // The same, where anything but 0 is a deviation.
    std::uint32_t deviate(std::uint32_t bound = 2) {
        if (deviated_ == deviations_) return 0;
        const auto value = choose(bound);
        if (value > 0) ++deviated_;
        return value;
    }

  private:
    struct Digit {
        std::uint32_t value;
        std::uint32_t bound;
    };
    std::uint32_t deviations_;
    std::uint32_t deviated_ = 0;
    std::vector<Digit> digits_;
    std::size_t at_ = 0;
    bool begun_ = false;
};

}  // namespace millrace::sim
