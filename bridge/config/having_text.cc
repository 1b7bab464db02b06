#include "bridge/config/having_text.h"

#include <array>
#include <optional>
#include <utility>

#include "bridge/config/problem.h"

namespace millrace::config {
namespace {

using expression::Mistake;
using expression::Node;
using expression::Type;
using Op = Condition::Op;
using Conditions = std::vector<HavingText>;

struct Row {
    expression::Op op;
    Op as;
    Op turned;  // when the value stands first
};
constexpr std::array<Row, 6> kComparisons = {{
    {expression::Op::equal, Op::equal, Op::equal},
    {expression::Op::not_equal, Op::not_equal, Op::not_equal},
    {expression::Op::less, Op::less, Op::greater},
    {expression::Op::less_or_equal, Op::less_or_equal, Op::greater_or_equal},
    {expression::Op::greater, Op::greater, Op::less},
    {expression::Op::greater_or_equal, Op::greater_or_equal, Op::less_or_equal},
}};

millrace::Value value_of(const Node& node) {
    switch (node.type) {
        case Type::bit:
            return node.truth;
        case Type::bigint:
            return node.whole;
        case Type::real:
            return node.real;
        default:
            return node.text;
    }
}

// Takes apart what the language allows and aggregates do not need.
class Reader {
  public:
    Reader(std::string_view text, const std::vector<Node>& nodes) : text_(text), nodes_(nodes) {}

    std::expected<Conditions, Mistake> read() {
        if (auto mistake = read(nodes_.size() - 1)) return std::unexpected(std::move(*mistake));
        return std::move(found_);
    }

  private:
    std::optional<Mistake> read(std::size_t index) {
        const Node& node = nodes_[index];
        if (node.op == expression::Op::logical_and) {
            if (auto mistake = read(node.of[0])) return mistake;
            return read(node.of[1]);
        }
        for (const Row& row : kComparisons) {
            if (row.op == node.op) return compare(node, row);
        }
        return wrong(node, "is no condition (write a name of select, one of = <> < <= > >=, and a value: trips >= 10)");
    }

    std::optional<Mistake> compare(const Node& node, const Row& row) {
        const bool turned = nodes_[node.of[0]].op == expression::Op::literal;
        const Node& name = nodes_[node.of[turned ? 1 : 0]];
        const Node& value = nodes_[node.of[turned ? 0 : 1]];
        if (name.op != expression::Op::field || name.path.size() != 1) {
            return wrong(name,
                         "compares no name of select (write for example trips >= 10; a name with a - in it "
                         "stands in [brackets])");
        }
        if (value.op != expression::Op::literal) {
            return wrong(value,
                         "compares a name with no number, TRUE, FALSE or text (a text stands in 'single quotes')");
        }
        const Op op = turned ? row.turned : row.as;
        if (value.type == Type::bit && op != Op::equal && op != Op::not_equal) {
            return wrong(value, "asks for an order of true and false (use = or <>)");
        }
        found_.push_back({name.path.front().key, op, value_of(value)});
        return std::nullopt;
    }

    [[nodiscard]] std::optional<Mistake> wrong(const Node& node, std::string_view what) const {
        return Mistake{node.at, quote(text_) + " " + std::string(what)};
    }

    std::string_view text_;
    const std::vector<Node>& nodes_;
    Conditions found_;
};

}  // namespace

std::expected<std::vector<HavingText>, Mistake> parse_having(std::string_view text) {
    const auto parsed = expression::Expression::parse(text);
    if (!parsed) {
        return std::unexpected(Mistake{parsed.error().at, quote(text) + " is no expression: " + parsed.error().text});
    }
    return Reader(text, parsed->nodes()).read();
}

}  // namespace millrace::config
