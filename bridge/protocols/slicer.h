// Slicer: the elements of one output, in row-major order, each into the text of its row.
//
// Row i is element i along the first dimension: of shape [N] or [N,1] the value itself, of [N,k] the list of k values,
// and so on. Elements are JSON texts. Thread: any; `texts` outlives it.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace millrace::protocols {

class Slicer {
  public:
    // Requires: a first dimension, which is `texts.size()`.
    Slicer(std::vector<std::size_t> shape, std::vector<std::string>& texts) : shape_(std::move(shape)), texts_(texts) {
        if (shape_.size() == 2 && shape_[1] == 1) shape_.pop_back();
    }

    // False where the shape has more elements than `most`, which is what there can be; nothing else is to be called
    // then.
    [[nodiscard]] bool begin(std::size_t most) {
        for (std::size_t i = 1; i < shape_.size(); ++i) {
            if (shape_[i] != 0 && row_elements_ > most / shape_[i]) return false;
            row_elements_ *= shape_[i];
        }
        if (row_elements_ != 0 && shape_[0] > most / row_elements_) return false;
        elements_ = shape_[0] * row_elements_;
        if (row_elements_ == 0) {
            for (std::string& text : texts_) text += "[]";
        }
        return true;
    }
    [[nodiscard]] std::size_t elements() const { return elements_; }
    [[nodiscard]] bool full() const { return at_ == elements_; }

    // Where the next element goes, begun with what stands before it; `added` follows. Requires: not full.
    std::string& next() {
        std::string& text = texts_[at_ / row_elements_];
        const std::size_t place = at_ % row_elements_;
        if (place != 0) text += ',';
        brackets(text, place, '[');
        return text;
    }
    void added() {
        brackets(texts_[at_ / row_elements_], at_ % row_elements_ + 1, ']');
        ++at_;
    }

  private:
    // One for each dimension that begins, or ends, at that place of a row.
    void brackets(std::string& text, std::size_t place, char bracket) const {
        std::size_t block = 1;
        for (std::size_t i = shape_.size(); i-- > 1;) {
            block *= shape_[i];
            if (place % block != 0) return;
            text += bracket;
        }
    }

    std::vector<std::size_t> shape_;  // of the results: a second dimension of 1 is left out where it is the last
    std::vector<std::string>& texts_;
    std::size_t row_elements_ = 1;
    std::size_t elements_ = 0;
    std::size_t at_ = 0;
};

}  // namespace millrace::protocols
