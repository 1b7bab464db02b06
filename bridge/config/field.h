// Field: one row per configuration field, and all that is known about it.
//
// From the rows come the parser (reader), the texts of its errors, the JSON Schema (schema), the reference page and the
// example (reference). A row's shape says both what may stand in the file and where in settings::Settings it goes.
//
// Paths: `nats.tls.ca_file`; below a pipeline `pipelines[].endpoint.url`, below one of its aggregates
// `pipelines[].aggregates[].window`. The rows of a section follow its own.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <variant>
#include <vector>

#include "bridge/settings/settings.h"

namespace millrace::config {

// What is being filled; `pipeline` is the one the path is about, null outside of pipelines[]; the others likewise.
struct Target {
    settings::Settings* all = nullptr;
    settings::Pipeline* pipeline = nullptr;
    Aggregate* aggregate = nullptr;
    settings::Address* address = nullptr;
    settings::TenantAddress* tenants = nullptr;
    settings::IdentitySettings* identity = nullptr;
    settings::Vault* vault = nullptr;
};

template <auto First, auto... Rest>
auto& follow(auto& from) {
    if constexpr (sizeof...(Rest) == 0) {
        return from.*First;
    } else {
        return follow<Rest...>(from.*First);
    }
}

// The member a row writes to, as a function: at<&Settings::nats, &Nats::user>.
template <auto First, auto... Rest>
auto& at(Target& target) {
    if constexpr (requires { target.all->*First; }) {
        return follow<First, Rest...>(*target.all);
    } else if constexpr (requires { target.pipeline->*First; }) {
        return follow<First, Rest...>(*target.pipeline);
    } else if constexpr (requires { target.aggregate->*First; }) {
        return follow<First, Rest...>(*target.aggregate);
    } else if constexpr (requires { target.address->*First; }) {
        return follow<First, Rest...>(*target.address);
    } else if constexpr (requires { target.identity->*First; }) {
        return follow<First, Rest...>(*target.identity);
    } else if constexpr (requires { target.vault->*First; }) {
        return follow<First, Rest...>(*target.vault);
    } else {
        return follow<First, Rest...>(*target.tenants);
    }
}

// An enum member as a choice: the names stand in the order of the enum.
template <auto... Members>
void choose(Target& target, std::size_t index) {
    auto& member = at<Members...>(target);
    member = static_cast<std::remove_reference_t<decltype(member)>>(index);
}

template <typename T>
using Member = T& (*)(Target&);

// What is wrong with a value of the right type, to be put behind it; none when it is fine.
using Rule = std::optional<std::string> (*)(std::string_view value);

struct Section {            // a map with rows of its own
    bool optional = false;  // its required fields are required where it is written
};
struct Sections {          // a list of such maps, at least one
    std::string_view one;  // what each is
    // Makes the list as long as that, and gives what an item's rows write to.
    void (*resize)(Target&, std::size_t);
    Target (*item)(const Target&, std::size_t);
};

struct Text {
    Member<std::string> at;
    Rule rule = nullptr;
};
enum class Holds { what_all_may_see, certificate, secret };
struct File {  // the path of a file to read; of a certificate or a secret also keyvault://VAULT/SECRET
    Member<std::string> at;
    Holds holds = Holds::what_all_may_see;
};
struct TextList {
    Member<std::vector<std::string>> at;
    Rule rule = nullptr;  // for each
};
struct TextMap {
    Member<std::map<std::string, std::string>> at;
    Rule name_rule = nullptr;
    Rule value_rule = nullptr;
};
struct Registered {  // a text that is one of the names of a registry
    Member<std::string> at;
    std::span<const std::string_view> (*names)();
};
struct Choice {
    void (*choose)(Target&, std::size_t);
    std::span<const std::string_view> names;
};
struct Whole {
    Member<std::uint32_t> at;
    std::uint32_t least;
    std::uint32_t most;
};
struct Number {
    Member<double> at;
    double least;
    double most;
};
struct Size {
    Member<std::uint64_t> at;
    std::uint64_t least;
    std::uint64_t most;
};
struct Wait {
    Member<Duration> at;
    Duration least;
    Duration most;
};
struct WaitOrNone {  // a duration, or `unlimited`
    Member<std::optional<Duration>> at;
    Duration least;
    Duration most;
};
struct Flag {
    Member<bool> at;
};
struct Json {  // any YAML value, kept as raw JSON text
    Member<std::string> at;
    bool map_only = false;
};
struct StartPoint {
    Member<settings::Start> at;
};
struct FeatureList {
    Member<std::vector<settings::Feature>> at;
};
struct ExpressionText {  // in the expression language, kept in its canonical text
    Member<std::string> at;
    bool condition = false;  // it has to be true or false
};
struct BypassChoice {  // `results`, or a map with a subject
    Member<settings::Bypass> at;
};
struct IncludeChoice {
    Member<settings::Results> at;
};
struct SignatureChoice {  // `endpoint`, `none`, a file, or names to types
    Member<settings::SignatureSource> at;
};
struct WindowChoice {
    Member<Window> at;
};
struct SelectMap {
    Member<std::vector<Select>> at;
};
struct HavingList {  // stands behind the row of `select`, which it speaks of
    Member<std::vector<Condition>> at;
    Member<std::vector<Select>> select;
};

using Shape = std::variant<Section, Sections, Text, File, TextList, TextMap, Registered, Choice, Whole, Number, Size,
                           Wait, WaitOrNone, Flag, Json, StartPoint, FeatureList, ExpressionText, BypassChoice,
                           IncludeChoice, SignatureChoice, WindowChoice, SelectMap, HavingList>;

struct Field {
    std::string_view path;
    Shape shape;
    // The default as YAML; PIPELINE in it stands for the pipeline's name, and NAME for the aggregate's. Empty: none.
    std::string_view initial = {};
    std::string_view doc = {};      // one paragraph
    std::string_view example = {};  // as YAML
    std::string_view unit = {};     // of a Whole: events, messages
    bool required = false;
    bool secret = false;  // its value is never repeated in a message
    bool apart = false;   // cannot stand beside another field of the full example

    [[nodiscard]] std::string_view name() const;    // the last part of the path
    [[nodiscard]] std::string_view parent() const;  // the path of its section; empty at the top
    [[nodiscard]] bool is_section() const;
    // Of which list the section is an item, as a path of the table: pipelines[]; empty outside of lists.
    [[nodiscard]] std::string_view scope() const;
    // The path of what stands in a section.
    [[nodiscard]] std::string inner_path() const;
    [[nodiscard]] bool named_after() const;  // its default has a name in it
};

// Every field, sections before what is in them.
std::span<const Field> fields();
// The row at a path like pipelines[].endpoint.url; null when there is none.
const Field* find_field(std::string_view path);

// The parts of fields(), by subject.
std::span<const Field> process_fields();
std::span<const Field> identity_fields();
std::span<const Field> vault_fields();
std::span<const Field> pipeline_fields();
std::span<const Field> endpoint_fields();
std::span<const Field> address_fields();
std::span<const Field> shadow_fields();
std::span<const Field> aggregate_fields();

}  // namespace millrace::config
