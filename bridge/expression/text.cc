// An expression as text, with no more brackets than it needs.
#include <array>
#include <charconv>
#include <string>
#include <string_view>

#include "bridge/expression/expression.h"
#include "bridge/expression/tokens.h"

namespace millrace::expression {
namespace {

// How tightly an operation binds: operands that bind less stand in brackets.
enum Binding : std::uint8_t { kOr, kAnd, kNot, kPredicate, kSum, kProduct, kUnary, kPrimary };

struct Form {
    std::string_view sign;
    Binding binding;
};
// Of the operations with two operands.
Form form(Op op) {
    switch (op) {
        case Op::logical_or:
            return {" OR ", kOr};
        case Op::logical_and:
            return {" AND ", kAnd};
        case Op::add:
            return {" + ", kSum};
        case Op::subtract:
            return {" - ", kSum};
        case Op::multiply:
            return {" * ", kProduct};
        case Op::divide:
            return {" / ", kProduct};
        case Op::remainder:
            return {" % ", kProduct};
        case Op::equal:
            return {" = ", kPredicate};
        case Op::not_equal:
            return {" <> ", kPredicate};
        case Op::less:
            return {" < ", kPredicate};
        case Op::less_or_equal:
            return {" <= ", kPredicate};
        case Op::greater:
            return {" > ", kPredicate};
        default:
            return {" >= ", kPredicate};
    }
}

std::string doubled(std::string_view text, char quote) {
    std::string out;
    for (const char c : text) out += c == quote ? std::string(2, c) : std::string(1, c);
    return out;
}

std::string quoted_text(std::string_view text) { return "'" + doubled(text, '\'') + "'"; }

std::string name_text(const std::string& key) {
    return is_plain_word(key) && !is_reserved(key) ? key : "[" + doubled(key, ']') + "]";
}

std::string real_text(double real) {
    std::array<char, 32> digits{};
    std::string text(digits.data(), std::to_chars(digits.data(), digits.data() + digits.size(), real).ptr);
    if (text.find_first_of(".e") == std::string::npos) text += ".0";
    return text;
}

std::string literal_text(const Node& node) {
    switch (node.type) {
        case Type::bit:
            return node.truth ? "TRUE" : "FALSE";
        case Type::bigint:
            return std::to_string(node.whole);
        case Type::real:
            return real_text(node.real);
        case Type::text:
            return quoted_text(node.text);
        default:
            return "NULL";
    }
}

struct Written {
    std::string text;
    Binding binding;
};

// Writes nodes in their order: what an operand is was written before.
class Writer {
  public:
    explicit Writer(const std::vector<Node>& nodes) {
        for (const Node& node : nodes) written_.push_back(write(node));
    }
    std::string whole() && { return std::move(written_.back().text); }

  private:
    // Taken, because each node is an operand once.
    std::string take(std::uint32_t index, Binding least) {
        Written& one = written_[index];
        return one.binding < least ? "(" + std::move(one.text) + ")" : std::move(one.text);
    }
    std::string list(const Node& node, std::size_t from) {
        std::string text = "(";
        for (std::size_t i = from; i < node.of.size(); ++i) text += (i == from ? "" : ", ") + take(node.of[i], kOr);
        return text + ")";
    }

    Written write(const Node& node) {
        const std::string negation = node.negated ? " NOT" : "";
        switch (node.op) {
            case Op::literal: {
                std::string text = literal_text(node);
                const Binding binding = text.starts_with('-') ? kUnary : kPrimary;
                return {std::move(text), binding};
            }
            case Op::field:
                return {text_of(node.path), kPrimary};
            case Op::negate: {
                std::string operand = take(node.of[0], kUnary);
                // `--` begins a comment, and `-5` is a number by itself.
                const bool apart = operand.starts_with('-') || operand.front() == '.' ||
                                   (operand.front() >= '0' && operand.front() <= '9');
                return {apart ? "-(" + operand + ")" : "-" + operand, kUnary};
            }
            case Op::is_null:
                return {take(node.of[0], kSum) + " IS" + negation + " NULL", kPredicate};
            case Op::between: {
                std::string text = take(node.of[0], kSum) + negation + " BETWEEN " + take(node.of[1], kSum);
                return {text + " AND " + take(node.of[2], kSum), kPredicate};
            }
            case Op::in:
                return {take(node.of[0], kSum) + negation + " IN " + list(node, 1), kPredicate};
            case Op::like: {
                std::string text = take(node.of[0], kSum) + negation + " LIKE " + quoted_text(node.text);
                if (!node.escape.empty()) text += " ESCAPE " + quoted_text(node.escape);
                return {std::move(text), kPredicate};
            }
            case Op::logical_not:
                return {"NOT " + take(node.of[0], kNot), kNot};
            case Op::searched_case:
            case Op::simple_case:
                return {case_text(node), kPrimary};
            case Op::cast:
            case Op::try_cast: {
                const std::string_view cast = node.op == Op::cast ? "CAST(" : "TRY_CAST(";
                return {std::string(cast) + take(node.of[0], kOr) + " AS " + std::string(name(node.type)) + ")",
                        kPrimary};
            }
            case Op::coalesce:
                return {"COALESCE" + list(node, 0), kPrimary};
            case Op::get_type:
                return {"GetType" + list(node, 0), kPrimary};
            default:
                return two_operands(node);
        }
    }

    Written two_operands(const Node& node) {
        const Form how = form(node.op);
        // From left to right, but for comparisons, of which there is no chain.
        const auto tighter = static_cast<Binding>(how.binding + 1);
        std::string text = take(node.of[0], how.binding == kPredicate ? tighter : how.binding);
        text += how.sign;
        text += take(node.of[1], tighter);
        return {std::move(text), how.binding};
    }

    std::string case_text(const Node& node) {
        std::string text = "CASE";
        std::size_t i = 0;
        if (node.op == Op::simple_case) text += " " + take(node.of[i++], kOr);
        for (; i + 1 < node.of.size(); i += 2) {
            text += " WHEN " + take(node.of[i], kOr);
            text += " THEN " + take(node.of[i + 1], kOr);
        }
        return text + " ELSE " + take(node.of.back(), kOr) + " END";
    }

    std::vector<Written> written_;
};

}  // namespace

std::string text_of(const Path& path) {
    std::string text;
    for (const Step& step : path) {
        if (step.is_index) {
            text += "[" + step.key + "]";
        } else {
            text += (text.empty() ? "" : ".") + name_text(step.key);
        }
    }
    return text;
}

std::string Expression::text() const { return Writer(nodes_).whole(); }

}  // namespace millrace::expression
