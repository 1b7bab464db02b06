#include "bridge/expression/parser.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <optional>
#include <string>
#include <system_error>
#include <tuple>
#include <utility>

#include "bridge/expression/characters.h"
#include "bridge/expression/tokens.h"

namespace millrace::expression {
namespace {

using Kind = Token::Kind;

struct Sign {
    std::string_view text;
    Op op;
};
constexpr std::array<Sign, 9> kComparisons = {{{"=", Op::equal},
                                               {"==", Op::equal},
                                               {"<>", Op::not_equal},
                                               {"!=", Op::not_equal},
                                               {"<", Op::less},
                                               {"<=", Op::less_or_equal},
                                               {">", Op::greater},
                                               {">=", Op::greater_or_equal},
                                               {"!>", Op::less_or_equal}}};
constexpr Sign kNotLess = {"!<", Op::greater_or_equal};
constexpr std::array<Sign, 2> kSums = {{{"+", Op::add}, {"-", Op::subtract}}};
constexpr std::array<Sign, 3> kProducts = {{{"*", Op::multiply}, {"/", Op::divide}, {"%", Op::remainder}}};

constexpr std::string_view kFunctions = "CAST, TRY_CAST, COALESCE, GetType, GetArrayElement and GetRecordPropertyValue";

// Left by the first mistake; everything returns until the text's caller has it.
struct Stop {
    Mistake mistake;
};
template <typename T>
using Or = std::expected<T, Stop>;
using Index = std::uint32_t;

class Parser {
  public:
    explicit Parser(std::vector<Token> tokens) : tokens_(std::move(tokens)) {}

    std::expected<std::vector<Node>, Mistake> parse() {
        auto whole = expression();
        if (!whole) return std::unexpected(std::move(whole.error().mistake));
        if (now().kind != Kind::end) return std::unexpected(expected("an operator or the end").mistake);
        return std::move(nodes_);
    }

  private:
    // ---- tokens ----

    [[nodiscard]] const Token& now() const { return tokens_[place_]; }
    [[nodiscard]] const Token& ahead() const { return tokens_[std::min(place_ + 1, tokens_.size() - 1)]; }
    [[nodiscard]] bool at_word(std::string_view word) const {
        return now().kind == Kind::word && same_word(now().text, word);
    }
    [[nodiscard]] bool at_symbol(std::string_view symbol) const {
        return now().kind == Kind::symbol && now().text == symbol;
    }
    bool take_word(std::string_view word) { return at_word(word) && ++place_; }
    bool take_symbol(std::string_view symbol) { return at_symbol(symbol) && ++place_; }
    template <std::size_t N>
    std::optional<Op> take_sign(const std::array<Sign, N>& signs) {
        const auto sign = std::ranges::find_if(signs, [&](const Sign& each) { return at_symbol(each.text); });
        if (sign == signs.end()) return std::nullopt;
        ++place_;
        return sign->op;
    }

    // ---- mistakes ----

    [[nodiscard]] std::string found() const {
        switch (now().kind) {
            case Kind::end:
                return "the end";
            case Kind::text:
                return "a text in quotes";
            default:
                return "'" + now().text.substr(0, 40) + "'";
        }
    }
    static Stop stop(std::size_t at, std::string text) { return {{at, std::move(text)}}; }
    [[nodiscard]] Stop expected(std::string_view what, std::string_view hint = {}) const {
        std::string text = "expects " + std::string(what) + ", and finds " + found();
        if (now().kind == Kind::word && is_reserved(now().text) && hint.empty()) {
            text += " (a field of this name is written [" + now().text + "])";
        }
        if (!hint.empty()) text += " (" + std::string(hint) + ")";
        return stop(now().at, std::move(text));
    }
    Or<bool> need_symbol(std::string_view symbol, std::string_view hint = {}) {
        if (take_symbol(symbol)) return true;
        return std::unexpected(expected(symbol, hint));
    }
    Or<bool> need_word(std::string_view word, std::string_view hint = {}) {
        if (take_word(word)) return true;
        return std::unexpected(expected(word, hint));
    }

    // ---- nodes ----

    Or<Index> put(Node node) {
        if (nodes_.size() == kMostNodes) {
            return std::unexpected(
                stop(node.at, "has more than " + std::to_string(kMostNodes) + " operations and values"));
        }
        nodes_.push_back(std::move(node));
        return static_cast<Index>(nodes_.size() - 1);
    }
    Or<Index> put(Op op, std::size_t at, std::vector<Index> of) {
        Node node;
        node.op = op;
        node.at = at;
        node.of = std::move(of);
        return put(std::move(node));
    }

    // An operand of AND, OR, NOT and WHEN.
    Or<Index> condition(Or<Index> made, std::string_view what) const {
        if (!made || may_be_condition(nodes_, *made)) return made;
        return std::unexpected(stop(nodes_[*made].at, std::string(what) +
                                                          " takes conditions, and this is a value (compare it: "
                                                          "passenger > 0)"));
    }
    // One of a comparison.
    Or<Index> comparable(Or<Index> made) const {
        if (!made || nodes_[*made].op != Op::literal || nodes_[*made].type != Type::null) return made;
        return std::unexpected(stop(nodes_[*made].at, "nothing compares with NULL (write IS NULL or IS NOT NULL)"));
    }
    // One of + - * / %.
    Or<Index> number(Or<Index> made) const {
        if (!made || nodes_[*made].op != Op::literal || nodes_[*made].type != Type::text) return made;
        return std::unexpected(
            stop(nodes_[*made].at, "arithmetic takes numbers, and this is a text (TRY_CAST makes a number of one)"));
    }

    // ---- the grammar, from what binds least to what binds most ----

    // Wherever one expression begins in another.
    struct Level {
        std::size_t& depth;
        explicit Level(std::size_t& d) : depth(++d) {}
        ~Level() { --depth; }
        Level(const Level&) = delete;
        Level& operator=(const Level&) = delete;
    };
    [[nodiscard]] bool too_deep() const { return depth_ > kDeepest; }
    [[nodiscard]] Stop deep() const {
        return stop(now().at, "is nested deeper than " + std::to_string(kDeepest) + " levels");
    }

    Or<Index> expression() {
        const Level level(depth_);
        if (too_deep()) return std::unexpected(deep());
        auto left = conjunction();
        while (left && at_word("OR")) {
            const std::size_t at = now().at;
            if (left = condition(left, "OR"); !left) break;
            ++place_;
            const auto right = condition(conjunction(), "OR");
            if (!right) return right;
            left = put(Op::logical_or, at, {*left, *right});
        }
        return left;
    }

    Or<Index> conjunction() {
        auto left = negation();
        while (left && at_word("AND")) {
            const std::size_t at = now().at;
            if (left = condition(left, "AND"); !left) break;
            ++place_;
            const auto right = condition(negation(), "AND");
            if (!right) return right;
            left = put(Op::logical_and, at, {*left, *right});
        }
        return left;
    }

    Or<Index> negation() {
        if (!at_word("NOT")) return predicate();
        const Level level(depth_);
        if (too_deep()) return std::unexpected(deep());
        const std::size_t at = now().at;
        ++place_;
        const auto operand = condition(negation(), "NOT");
        return operand ? put(Op::logical_not, at, {*operand}) : operand;
    }

    Or<Index> predicate() {
        auto left = sum();
        if (!left) return left;
        const std::size_t at = now().at;
        if (auto op = take_sign(kComparisons)) return comparison(*op, at, left);
        if (take_symbol(kNotLess.text)) return comparison(kNotLess.op, at, left);
        if (take_word("IS")) return is_null(at, *left);
        const bool negated = at_word("NOT");
        if (negated) ++place_;
        if (take_word("BETWEEN")) return between(at, left, negated);
        if (take_word("IN")) return in(at, left, negated);
        if (take_word("LIKE")) return like(at, *left, negated);
        if (negated) return std::unexpected(expected("BETWEEN, IN or LIKE behind NOT"));
        return left;
    }

    Or<Index> comparison(Op op, std::size_t at, Or<Index> left) {
        if (left = comparable(left); !left) return left;
        const auto right = comparable(sum());
        return right ? put(op, at, {*left, *right}) : right;
    }

    Or<Index> is_null(std::size_t at, Index operand) {
        Node node;
        node.op = Op::is_null;
        node.at = at;
        node.of = {operand};
        node.negated = take_word("NOT");
        if (const auto null = need_word("NULL"); !null) return std::unexpected(null.error());
        return put(std::move(node));
    }

    Or<Index> between(std::size_t at, Or<Index> operand, bool negated) {
        if (operand = comparable(operand); !operand) return operand;
        const auto least = comparable(sum());
        if (!least) return least;
        if (const auto word = need_word("AND", "BETWEEN a AND b"); !word) return std::unexpected(word.error());
        const auto most = comparable(sum());
        if (!most) return most;
        Node node;
        node.op = Op::between;
        node.at = at;
        node.of = {*operand, *least, *most};
        node.negated = negated;
        return put(std::move(node));
    }

    Or<Index> in(std::size_t at, Or<Index> operand, bool negated) {
        if (operand = comparable(operand); !operand) return operand;
        Node node;
        node.op = Op::in;
        node.at = at;
        node.negated = negated;
        auto list = arguments("IN (1, 2, 3)");
        if (!list) return std::unexpected(list.error());
        node.of = {*operand};
        node.of.insert(node.of.end(), list->begin(), list->end());
        return put(std::move(node));
    }

    Or<Index> like(std::size_t at, Index operand, bool negated) {
        Node node;
        node.op = Op::like;
        node.at = at;
        node.of = {operand};
        node.negated = negated;
        const std::size_t pattern_at = now().at;
        if (now().kind != Kind::text) return std::unexpected(expected("a pattern in single quotes behind LIKE"));
        node.text = now().text;
        ++place_;
        if (take_word("ESCAPE")) {
            const std::string& escape = now().text;
            if (now().kind != Kind::text || escape.empty() || character_length(escape, 0) != escape.size()) {
                return std::unexpected(expected("one character in single quotes behind ESCAPE"));
            }
            node.escape = escape;
            ++place_;
        }
        auto pattern = LikePattern::make(node.text, node.escape);
        if (!pattern) return std::unexpected(stop(pattern_at, "the pattern " + pattern.error()));
        node.pattern = std::make_shared<const LikePattern>(*std::move(pattern));
        return put(std::move(node));
    }

    Or<Index> sum() {
        auto left = product();
        for (std::size_t at = now().at; left; at = now().at) {
            const auto op = take_sign(kSums);
            if (!op) break;
            if (left = number(left); !left) break;
            const auto right = number(product());
            if (!right) return right;
            left = put(*op, at, {*left, *right});
        }
        return left;
    }

    Or<Index> product() {
        auto left = unary();
        for (std::size_t at = now().at; left; at = now().at) {
            const auto op = take_sign(kProducts);
            if (!op) break;
            if (left = number(left); !left) break;
            const auto right = number(unary());
            if (!right) return right;
            left = put(*op, at, {*left, *right});
        }
        return left;
    }

    Or<Index> unary() {
        if (!at_symbol("-") && !at_symbol("+")) return primary();
        const Level level(depth_);
        if (too_deep()) return std::unexpected(deep());
        const std::size_t at = now().at;
        const bool negative = at_symbol("-");
        ++place_;
        if (negative && now().kind == Kind::number) return number_literal(at, "-");
        const auto operand = number(unary());
        return operand && negative ? put(Op::negate, at, {*operand}) : operand;
    }

    Or<Index> primary() {
        const Token token = now();
        switch (token.kind) {
            case Kind::number:
                return number_literal(token.at, "");
            case Kind::text:
                ++place_;
                return text_literal(token);
            case Kind::name:
                return field();
            case Kind::word:
                return word();
            case Kind::symbol:
                break;
            case Kind::end:
                return std::unexpected(expected("a field, a value or ("));
        }
        if (!take_symbol("(")) return std::unexpected(expected("a field, a value or ("));
        auto inside = expression();
        if (!inside) return inside;
        if (const auto close = need_symbol(")"); !close) return std::unexpected(close.error());
        return inside;
    }

    Or<Index> word() {
        const Token token = now();
        if (at_word("CASE")) return case_of();
        for (const auto& [text, type, truth] :
             {std::tuple{"NULL", Type::null, false}, {"TRUE", Type::bit, true}, {"FALSE", Type::bit, false}}) {
            if (!take_word(text)) continue;
            Node node;
            node.at = token.at;
            node.type = type;
            node.truth = truth;
            return put(std::move(node));
        }
        if (is_reserved(token.text)) return std::unexpected(expected("a field, a value or ("));
        const bool calls = ahead().kind == Kind::symbol && ahead().text == "(";
        return calls ? call() : field();
    }

    Or<Index> text_literal(const Token& token) {
        Node node;
        node.at = token.at;
        node.type = Type::text;
        node.text = token.text;
        return put(std::move(node));
    }

    Or<Index> number_literal(std::size_t at, const std::string& sign) {
        const std::string text = sign + now().text;
        ++place_;
        Node node;
        node.at = at;
        const char* const end = text.data() + text.size();
        if (text.find_first_of(".eE") == std::string::npos) {
            node.type = Type::bigint;
            if (std::from_chars(text.data(), end, node.whole).ec == std::errc{}) return put(std::move(node));
            return std::unexpected(
                stop(at, text.substr(0, 40) + " is beyond 64 bits (write it with a decimal point to have a float)"));
        }
        node.type = Type::real;
        const auto read = std::from_chars(text.data(), end, node.real);
        if (read.ec == std::errc{} && read.ptr == end && std::isfinite(node.real)) return put(std::move(node));
        return std::unexpected(stop(at, text.substr(0, 40) + " is out of range for a float"));
    }

    // A name and what leads further into it.
    Or<Index> field() {
        Node node;
        node.op = Op::field;
        node.at = now().at;
        node.path = {{now().text, false}};
        ++place_;
        return steps(std::move(node));
    }

    Or<Index> steps(Node node) {
        for (;;) {
            if (now().kind == Kind::name && now().in_brackets) {
                if (auto step = index(now().text)) {
                    node.path.push_back(*std::move(step));
                    ++place_;
                    continue;
                }
                return std::unexpected(expected("an operator",
                                                "a field of a record stands behind a dot: a.[b], and an "
                                                "element of an array has a number: a[0]"));
            }
            if (!take_symbol(".")) break;
            if (now().kind != Kind::name && (now().kind != Kind::word || is_reserved(now().text))) {
                return std::unexpected(expected("the name of a field behind the dot"));
            }
            node.path.push_back({now().text, false});
            ++place_;
        }
        if (node.path.size() > kDeepest)
            return std::unexpected(stop(node.at, "a field is nested deeper than 64 levels"));
        return put(std::move(node));
    }

    static std::optional<Step> index(const std::string& digits) {
        constexpr std::size_t kMostDigits = 9;
        const bool is_number = !digits.empty() && digits.size() <= kMostDigits &&
                               std::ranges::all_of(digits, [](char c) { return c >= '0' && c <= '9'; });
        if (!is_number || (digits.size() > 1 && digits.front() == '0')) return std::nullopt;
        return Step{digits, true};
    }

    Or<Index> case_of() {
        Node node;
        node.at = now().at;
        ++place_;
        node.op = Op::searched_case;
        if (!at_word("WHEN")) {
            node.op = Op::simple_case;
            const auto subject = comparable(expression());
            if (!subject) return subject;
            node.of.push_back(*subject);
        }
        while (take_word("WHEN")) {
            const auto when = node.op == Op::simple_case ? comparable(expression()) : condition(expression(), "WHEN");
            if (!when) return when;
            if (const auto then = need_word("THEN"); !then) return std::unexpected(then.error());
            const auto value = expression();
            if (!value) return value;
            node.of.insert(node.of.end(), {*when, *value});
        }
        if (node.of.size() < 2)
            return std::unexpected(expected("WHEN", "CASE WHEN condition THEN value ELSE value END"));
        Or<Index> otherwise = 0;
        if (take_word("ELSE")) {
            otherwise = expression();
        } else {
            Node null;
            null.at = now().at;
            otherwise = put(std::move(null));
        }
        if (!otherwise) return otherwise;
        node.of.push_back(*otherwise);
        if (const auto end = need_word("END", "a CASE ends with END"); !end) return std::unexpected(end.error());
        return put(std::move(node));
    }

    // `(a, b, …)`, at least one.
    Or<std::vector<Index>> arguments(std::string_view usage) {
        if (const auto open = need_symbol("(", usage); !open) return std::unexpected(open.error());
        std::vector<Index> list;
        do {
            const auto each = expression();
            if (!each) return std::unexpected(each.error());
            list.push_back(*each);
        } while (take_symbol(","));
        if (const auto close = need_symbol(")", usage); !close) return std::unexpected(close.error());
        return list;
    }

    Or<Index> call() {
        const Token name = now();
        ++place_;
        if (same_word(name.text, "CAST")) return cast(Op::cast, name.at);
        if (same_word(name.text, "TRY_CAST")) return cast(Op::try_cast, name.at);
        if (same_word(name.text, "COALESCE")) {
            auto list = arguments("COALESCE(a, b)");
            return list ? put(Op::coalesce, name.at, *std::move(list)) : Or<Index>(std::unexpected(list.error()));
        }
        if (same_word(name.text, "GetType")) {
            auto list = arguments("GetType(a)");
            if (!list) return std::unexpected(list.error());
            if (list->size() != 1) return std::unexpected(stop(name.at, "GetType takes one value (GetType(a))"));
            return put(Op::get_type, name.at, *std::move(list));
        }
        if (same_word(name.text, "GetArrayElement")) return into(name.at, true);
        if (same_word(name.text, "GetRecordPropertyValue")) return into(name.at, false);
        return std::unexpected(stop(name.at, "there is no function '" + name.text.substr(0, 40) + "' (there are " +
                                                 std::string(kFunctions) + ")"));
    }

    // GetArrayElement(a, 0) is a[0], and GetRecordPropertyValue(a, 'b') is a.[b].
    Or<Index> into(std::size_t at, bool is_index) {
        const std::string_view usage = is_index ? "GetArrayElement(a, 0)" : "GetRecordPropertyValue(a, 'b')";
        if (const auto open = need_symbol("(", usage); !open) return std::unexpected(open.error());
        const Level level(depth_);
        if (too_deep()) return std::unexpected(deep());
        const auto from = primary();
        if (!from) return from;
        if (nodes_[*from].op != Op::field) {
            return std::unexpected(stop(nodes_[*from].at, "this is no field (" + std::string(usage) + ")"));
        }
        if (const auto comma = need_symbol(",", usage); !comma) return std::unexpected(comma.error());
        std::optional<Step> step;
        if (is_index && now().kind == Kind::number) step = index(now().text);
        if (!is_index && now().kind == Kind::text && !now().text.empty()) step = Step{now().text, false};
        if (!step) return std::unexpected(expected(is_index ? "a number" : "a name in single quotes", usage));
        ++place_;
        if (const auto close = need_symbol(")", usage); !close) return std::unexpected(close.error());
        Node node = std::move(nodes_.back());  // primary() put it last
        nodes_.pop_back();
        node.at = at;
        node.path.push_back(*std::move(step));
        return steps(std::move(node));
    }

    Or<Index> cast(Op op, std::size_t at) {
        constexpr std::string_view kUsage = "CAST(a AS bigint)";
        if (const auto open = need_symbol("(", kUsage); !open) return std::unexpected(open.error());
        const auto operand = expression();
        if (!operand) return operand;
        if (const auto as = need_word("AS", kUsage); !as) return std::unexpected(as.error());
        const auto type = type_name();
        if (!type) return std::unexpected(type.error());
        if (const auto close = need_symbol(")", kUsage); !close) return std::unexpected(close.error());
        Node node;
        node.op = op;
        node.at = at;
        node.of = {*operand};
        node.type = *type;
        return put(std::move(node));
    }

    Or<Type> type_name() {
        constexpr std::string_view kTypes = "bigint, float, nvarchar(max), bit, record or array";
        if (at_word("datetime")) {
            return std::unexpected(
                stop(now().at,
                     "datetime is no type of this version: a time in JSON is a text or a number (compare it "
                     "as such)"));
        }
        if (take_word("nvarchar")) {
            for (const std::string_view part : {"(", "max", ")"}) {
                if (!take_word(part) && !take_symbol(part)) return std::unexpected(expected("nvarchar(max)"));
            }
            return Type::text;
        }
        for (const Type type : {Type::bit, Type::bigint, Type::real, Type::record, Type::array}) {
            if (take_word(name(type))) return type;
        }
        return std::unexpected(expected("a type", kTypes));
    }

    std::vector<Token> tokens_;
    std::size_t place_ = 0;
    std::size_t depth_ = 0;
    std::vector<Node> nodes_;
};

}  // namespace

bool may_be_condition(const std::vector<Node>& nodes, std::size_t index) {
    // Operands stand before their node, so this ends; what is asked of each is asked once, so it ends soon.
    std::vector<bool> may(index + 1);
    for (std::size_t i = 0; i <= index; ++i) {
        const Node& node = nodes[i];
        switch (node.op) {
            case Op::literal:
            case Op::cast:
            case Op::try_cast:
                may[i] = node.type == Type::bit || node.type == Type::null;
                break;
            case Op::negate:
            case Op::add:
            case Op::subtract:
            case Op::multiply:
            case Op::divide:
            case Op::remainder:
            case Op::get_type:
                may[i] = false;
                break;
            case Op::searched_case:
            case Op::simple_case: {
                const std::size_t first = node.op == Op::simple_case ? 2 : 1;
                may[i] = may[node.of.back()];
                for (std::size_t value = first; value + 1 < node.of.size(); value += 2)
                    may[i] = may[i] || may[node.of[value]];
                break;
            }
            case Op::coalesce:
                may[i] = std::ranges::any_of(node.of, [&](Index each) { return static_cast<bool>(may[each]); });
                break;
            default:
                may[i] = true;
        }
    }
    return may[index];
}

std::expected<std::vector<Node>, Mistake> parse_nodes(std::string_view text) {
    if (text.size() > kLongest) {
        return std::unexpected(Mistake{kLongest, "is longer than " + std::to_string(kLongest) + " bytes"});
    }
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t from = at;
        if (next_character(text, at) > 0x10ffff) return std::unexpected(Mistake{from, "has a byte that is no UTF-8"});
    }
    auto found = tokens(text);
    if (!found) return std::unexpected(std::move(found.error()));
    return Parser(*std::move(found)).parse();
}

}  // namespace millrace::expression
