// Expression: a condition or a computed value over the fields of one event, in the syntax of Stream Analytics' query
// language. docs/expressions.md has the grammar and says what each operator means; the tests hold it to this.
//
// Total: any text is an expression or a mistake with its place, and any expression has a cell for any fields. Bounded:
// kLongest bytes, kMostNodes nodes, kDeepest levels; a run visits each node once, without recursion, and takes time in
// proportion to the nodes and the texts they look at. Pure; values without a thread.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "bridge/expression/cell.h"
#include "bridge/expression/like.h"

namespace millrace::expression {

inline constexpr std::size_t kLongest = 8192;
inline constexpr std::size_t kMostNodes = 1000;
inline constexpr std::size_t kDeepest = 64;

// A field's place in an event: names from the outside in, or indices of arrays.
struct Step {
    std::string key;  // of an index its digits
    bool is_index = false;
    bool operator==(const Step&) const = default;
};
using Path = std::vector<Step>;

// What is wrong with a text, and at which of its bytes.
struct Mistake {
    std::size_t at = 0;
    std::string text;
};

enum class Op : std::uint8_t {
    literal,
    field,
    negate,
    add,
    subtract,
    multiply,
    divide,
    remainder,
    equal,
    not_equal,
    less,
    less_or_equal,
    greater,
    greater_or_equal,
    is_null,
    between,
    in,
    like,
    logical_not,
    logical_and,
    logical_or,
    searched_case,  // condition, value, …, else
    simple_case,    // subject, candidate, value, …, else
    cast,
    try_cast,
    coalesce,
    get_type,
};

// One operation. Its operands stand before it.
struct Node {
    Op op = Op::literal;
    std::size_t at = 0;             // where it stands in the text
    std::vector<std::uint32_t> of;  // operands, as indices of nodes
    bool negated = false;           // IS NOT NULL, NOT BETWEEN, NOT IN, NOT LIKE
    Type type = Type::null;         // of a literal; cast, try_cast: to this
    bool truth = false;             // literals
    std::int64_t whole = 0;
    double real = 0;
    std::string text;        // literal; like: its pattern
    std::string escape;      // like: its escape character, if any
    Path path;               // field
    std::uint32_t slot = 0;  // field: index in fields(); casts to text: of their buffer
    std::shared_ptr<const LikePattern> pattern;
};

class Expression {
  public:
    static std::expected<Expression, Mistake> parse(std::string_view text);

    // Each field it mentions once, in the order of the text.
    [[nodiscard]] const std::vector<Path>& fields() const { return fields_; }
    // Whether it can be true or false: no number, text, record or array whatever the fields are.
    [[nodiscard]] bool may_be_condition() const;
    // The same expression in one way of writing it: what parses alike is written alike, and parses alike again.
    [[nodiscard]] std::string text() const;
    // In an order in which operands come first; the last one is the whole.
    [[nodiscard]] const std::vector<Node>& nodes() const { return nodes_; }

  private:
    std::vector<Node> nodes_;
    std::vector<Path> fields_;
};

// The path as it is written in an expression.
std::string text_of(const Path& path);

// Computes one expression, again and again. Thread: one. `expression` outlives it.
class Evaluator {
  public:
    explicit Evaluator(const Expression& expression);

    // `fields`: a cell for each of expression.fields(). The result is valid until the next run, and as long as they.
    Cell run(std::span<const Cell> fields);

  private:
    using Digits = std::array<char, 32>;

    Cell compute(const Node& node, std::span<const Cell> fields);
    [[nodiscard]] Cell in(const Node& node) const;
    [[nodiscard]] Cell chosen(const Node& node) const;
    [[nodiscard]] Cell first_known(const Node& node) const;
    [[nodiscard]] const Cell& operand(const Node& node, std::size_t i) const { return cells_[node.of[i]]; }

    const Expression& expression_;
    std::vector<Cell> cells_;
    std::vector<Digits> digits_;  // texts that casts make
};

}  // namespace millrace::expression
