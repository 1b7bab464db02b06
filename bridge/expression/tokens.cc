#include "bridge/expression/tokens.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

namespace millrace::expression {
namespace {

// The second half is for whole queries. A name that is free now could not be taken back.
constexpr std::array<std::string_view, 33> kReserved = {
    "and",  "or",    "not",  "is",   "null", "in",    "between", "like",     "escape", "case",  "when",
    "then", "else",  "end",  "as",   "true", "false", "select",  "from",     "where",  "group", "having",
    "by",   "union", "into", "with", "join", "on",    "order",   "distinct", "top",    "over",  "all",
};

// Longer ones first.
constexpr std::array<std::string_view, 20> kSymbols = {"<=", ">=", "<>", "!=", "!<", "!>", "==", "=", "<", ">",
                                                       "+",  "-",  "*",  "/",  "%",  "(",  ")",  ",", ".", ";"};

bool is_letter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || static_cast<unsigned char>(c) >= 0x80;
}
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }
char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

class Lexer {
  public:
    explicit Lexer(std::string_view text) : text_(text) {}

    std::expected<std::vector<Token>, Mistake> all() {
        std::vector<Token> found;
        for (;;) {
            if (auto mistake = skip()) return std::unexpected(std::move(*mistake));
            auto token = next();
            if (!token) return std::unexpected(std::move(token.error()));
            found.push_back(*std::move(token));
            if (found.back().kind == Token::Kind::end) return found;
        }
    }

  private:
    [[nodiscard]] char peek(std::size_t ahead = 0) const {
        return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0';
    }
    [[nodiscard]] bool done() const { return at_ >= text_.size(); }

    // Blanks and comments.
    std::optional<Mistake> skip() {
        for (;;) {
            while (!done() && is_blank(text_[at_])) ++at_;
            const std::string_view rest = text_.substr(at_);
            if (rest.starts_with("--")) {
                at_ = std::min(text_.find('\n', at_), text_.size());
            } else if (rest.starts_with("/*")) {
                const std::size_t end = text_.find("*/", at_ + 2);
                if (end == std::string_view::npos) return Mistake{at_, "the comment /* has no end (close it with */)"};
                at_ = end + 2;
            } else {
                return std::nullopt;
            }
        }
    }

    std::expected<Token, Mistake> next() {
        Token token;
        token.at = at_;
        if (done()) return token;
        const char c = text_[at_];
        if (is_letter(c)) {
            token.kind = Token::Kind::word;
            while (!done() && (is_letter(text_[at_]) || is_digit(text_[at_]))) token.text += text_[at_++];
            return token;
        }
        if (is_digit(c) || (c == '.' && is_digit(peek(1)))) return number(std::move(token));
        if (c == '\'') return quoted(std::move(token), '\'', Token::Kind::text, "the text");
        if (c == '"') return quoted(std::move(token), '"', Token::Kind::name, "the name");
        if (c == '[') {
            token.in_brackets = true;
            return quoted(std::move(token), ']', Token::Kind::name, "the name");
        }
        const auto* const symbol =
            std::ranges::find_if(kSymbols, [&](std::string_view each) { return text_.substr(at_).starts_with(each); });
        if (symbol == kSymbols.end()) {
            return std::unexpected(Mistake{at_, std::string("'") + (c < ' ' ? '?' : c) +
                                                    "' has no meaning here (texts stand in 'single quotes', names that "
                                                    "are no plain words in [brackets])"});
        }
        token.kind = Token::Kind::symbol;
        token.text = *symbol;
        at_ += symbol->size();
        return token;
    }

    std::expected<Token, Mistake> number(Token token) {
        token.kind = Token::Kind::number;
        const auto digits = [&] {
            while (is_digit(peek())) token.text += text_[at_++];
        };
        digits();
        if (peek() == '.') {
            token.text += text_[at_++];
            digits();
        }
        if (lower(peek()) == 'e') {
            const bool is_signed = peek(1) == '+' || peek(1) == '-';
            if (is_digit(peek(is_signed ? 2 : 1))) {
                token.text += text_[at_++];
                if (is_signed) token.text += text_[at_++];
                digits();
            }
        }
        if (is_letter(peek())) {
            return std::unexpected(Mistake{token.at,
                                           "a number ends in letters (a name that begins with a digit "
                                           "stands in [brackets])"});
        }
        return token;
    }

    // Up to `close`, which stands twice where it is meant.
    std::expected<Token, Mistake> quoted(Token token, char close, Token::Kind kind, std::string_view what) {
        token.kind = kind;
        for (++at_; !done(); ++at_) {
            if (text_[at_] != close) {
                token.text += text_[at_];
            } else if (peek(1) == close) {
                token.text += close;
                ++at_;
            } else {
                ++at_;
                if (kind == Token::Kind::name && token.text.empty()) {
                    return std::unexpected(Mistake{token.at, "a name is empty"});
                }
                return token;
            }
        }
        return std::unexpected(Mistake{token.at, std::string(what) + " has no end (close it with " + close + ")"});
    }

    std::string_view text_;
    std::size_t at_ = 0;
};

}  // namespace

std::expected<std::vector<Token>, Mistake> tokens(std::string_view text) { return Lexer(text).all(); }

bool same_word(std::string_view a, std::string_view b) {
    return std::ranges::equal(a, b, [](char x, char y) { return lower(x) == lower(y); });
}

bool is_reserved(std::string_view word) {
    return std::ranges::any_of(kReserved, [&](std::string_view each) { return same_word(each, word); });
}

bool is_plain_word(std::string_view name) {
    return !name.empty() && is_letter(name.front()) &&
           std::ranges::all_of(name, [](char c) { return is_letter(c) || is_digit(c); });
}

}  // namespace millrace::expression
