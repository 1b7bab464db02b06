#include "bridge/config/document.h"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <exception>
#include <sstream>
#include <unordered_set>
#include <utility>

#include "bridge/config/source_text.h"

namespace millrace::config {
namespace {

struct TooDeep : std::exception {};

bool is_plain_name(std::string_view key) {
    return !key.empty() && std::ranges::all_of(key, [](char c) {
        return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
    });
}

// A node under construction: a list takes values, a map takes a key and a value in turn.
struct Open {
    Node node;
    bool is_map = false;
    std::optional<Entry> entry;  // a map's key that waits for its value
    bool drops_value = false;    // the key was refused
    std::unordered_set<std::string> keys;
};

class Builder final : public YAML::EventHandler {
  public:
    Builder(std::string_view source, Problems& problems) : source_(source), problems_(problems) {}

    std::optional<Node> take() { return std::move(root_); }
    int documents() const { return documents_; }

    void OnDocumentStart(const YAML::Mark& mark) override {
        if (++documents_ == 2) {
            problems_.add(place(mark), "", "only one document is read, and what starts here is outside it (remove it)");
        }
    }
    void OnDocumentEnd() override {}

    void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
        const std::string_view text = rest(mark);
        const bool written =
            text.starts_with("~") || text.starts_with("null") || text.starts_with("Null") || text.starts_with("NULL");
        refuse_anchor(mark, anchor);
        put(make(written ? Node::Kind::null : Node::Kind::absent, mark));
    }

    void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
        problems_.add(place(mark), path(), "an alias is not allowed (write the value out)");
        put(make(Node::Kind::invalid, mark));
    }

    void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  const std::string& value) override {
        refuse_anchor(mark, anchor);
        Node node = make(refuse_tag(mark, tag) ? Node::Kind::invalid : Node::Kind::scalar, mark);
        node.in_quotes = tag == "!";
        node.text = value;
        node.stretches = stretches(rest(mark), value, node.place, node.in_quotes);
        put(std::move(node));
    }

    void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                         YAML::EmitterStyle::value) override {
        open(Node::Kind::list, mark, tag, anchor);
    }
    void OnSequenceEnd() override { close(); }

    void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                    YAML::EmitterStyle::value) override {
        open(Node::Kind::map, mark, tag, anchor);
    }
    void OnMapEnd() override { close(); }

  private:
    static Place place(const YAML::Mark& mark) { return {mark.line + 1, mark.column + 1}; }
    static Node make(Node::Kind kind, const YAML::Mark& mark) {
        Node node;
        node.kind = kind;
        node.place = place(mark);
        return node;
    }
    std::string_view rest(const YAML::Mark& mark) const {
        return source_.substr(std::min(static_cast<std::size_t>(mark.pos), source_.size()));
    }

    // The value behind an anchor stands where it is written, so reading goes on.
    void refuse_anchor(const YAML::Mark& mark, YAML::anchor_t anchor) {
        if (anchor != 0)
            problems_.add(place(mark), path(), "an anchor is not allowed (write the value out where it is needed)");
    }

    // An explicit `!` looks like quotes in the parser's events; the source tells.
    bool refuse_tag(const YAML::Mark& mark, const std::string& tag) {
        const bool tagged = !tag.empty() && tag != "?" && (tag != "!" || rest(mark).starts_with('!'));
        if (tagged) problems_.add(place(mark), path(), "a tag is not allowed (remove it; quotes make a text)");
        return tagged;
    }

    void open(Node::Kind kind, const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor) {
        if (open_.size() >= kDeepest) {
            problems_.add(place(mark), "",
                          "more than " + std::to_string(kDeepest) + " levels of nesting are not allowed");
            throw TooDeep();
        }
        refuse_anchor(mark, anchor);
        Open opened;
        opened.node = make(refuse_tag(mark, tag) ? Node::Kind::invalid : kind, mark);
        opened.is_map = kind == Node::Kind::map;
        open_.push_back(std::move(opened));
    }

    void close() {
        Node node = std::move(open_.back().node);
        open_.pop_back();
        put(std::move(node));
    }

    void put(Node node);
    void put_key(Open& map, const Node& key);
    std::string path() const;

    std::string_view source_;
    Problems& problems_;
    int documents_ = 0;
    std::vector<Open> open_;
    std::optional<Node> root_;
};

void Builder::put(Node node) {
    if (open_.empty()) {
        if (documents_ == 1) root_ = std::move(node);
        return;
    }
    Open& parent = open_.back();
    if (!parent.is_map) {
        parent.node.items.push_back(std::move(node));
    } else if (!parent.entry) {
        put_key(parent, node);
    } else {
        if (node.kind == Node::Kind::absent) node.place = parent.entry->place;  // the parser names what comes next
        parent.entry->value = std::move(node);
        if (!parent.drops_value) parent.node.entries.push_back(std::move(*parent.entry));
        parent.entry.reset();
    }
}

void Builder::put_key(Open& map, const Node& key) {
    std::string refusal;
    if (key.kind != Node::Kind::scalar) {
        refusal = "a key must be a plain text";
    } else if (key.text == "<<" && !key.in_quotes) {
        refusal = "a merge key is not allowed (write the values out)";
    } else if (!map.keys.insert(key.text).second) {
        refusal = "key " + quote(key.text) + " is there twice (remove one)";
    }
    const std::string where = join(path(), key.text);
    map.drops_value = !refusal.empty();
    map.entry = Entry{.key = key.text, .place = key.place, .value = {}};
    if (map.drops_value && key.kind != Node::Kind::invalid) problems_.add(key.place, where, std::move(refusal));
}

std::string Builder::path() const {
    std::string path;
    for (const Open& each : open_) {
        if (!each.is_map) {
            path = join(path, each.node.items.size());
        } else if (each.entry) {
            path = join(path, each.entry->key);
        }
    }
    return path;
}

}  // namespace

std::string join(std::string_view path, std::string_view key) {
    return std::string(path) + (path.empty() ? "" : ".") + (is_plain_name(key) ? std::string(key) : quote(key));
}

std::string join(std::string_view path, std::size_t index) {
    return std::string(path) + "[" + std::to_string(index) + "]";
}

Place place_in(const Node& scalar, std::size_t at) {
    Place place = scalar.place;
    for (const Stretch& stretch : scalar.stretches) {
        if (stretch.from > at) break;
        place = stretch.place;
        place.column += static_cast<int>(at - stretch.from);
    }
    return place;
}

std::optional<Node> parse_document(std::string_view yaml, Problems& problems) {
    constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
    if (yaml.starts_with(kByteOrderMark)) yaml.remove_prefix(kByteOrderMark.size());
    if (!check_source(yaml, problems)) return std::nullopt;

    Builder builder(yaml, problems);
    try {
        std::istringstream stream{std::string(yaml)};
        YAML::Parser parser(stream);
        // Not beyond the second one, which is a problem already: yaml-cpp 0.7 finds documents without end in some
        // texts.
        while (builder.documents() < 2 && parser.HandleNextDocument(builder)) {
        }
    } catch (const TooDeep&) {
        return std::nullopt;  // said already
    } catch (const YAML::Exception& error) {
        problems.add({error.mark.line + 1, error.mark.column + 1}, "", "this is not YAML: " + error.msg);
        return std::nullopt;
    }
    return builder.take();
}

}  // namespace millrace::config
