// `where`, `bypass` and computed features in the configuration: what is read, and what is said of mistakes.
#include <doctest/doctest.h>

#include <string>
#include <string_view>

#include "sample.h"

using namespace millrace;
using namespace millrace::config;

namespace {

constexpr std::string_view kName = "name: fares";
constexpr std::string_view kFeatures = "features: [vendorid, distance]";

std::string with(std::string_view yaml) { return sample_with(kName, "name: fares\n    " + std::string(yaml)); }
settings::Pipeline with_where(std::string_view yaml) { return loaded(with(yaml)).pipelines.at(0); }
std::string said_of_where(std::string_view yaml) { return complaints(with(yaml)); }
std::vector<settings::Feature> features(std::string_view yaml) {
    return loaded(sample_with(kFeatures, yaml)).pipelines.at(0).event.features;
}
std::string said_of_features(std::string_view yaml) { return complaints(sample_with(kFeatures, yaml)); }

}  // namespace

TEST_CASE("where is kept in one way of writing it") {
    CHECK(with_where("where: distance is not null and passenger>0").where == "distance IS NOT NULL AND passenger > 0");
    CHECK(with_where("where: '[a b] = ''x'''").where == "[a b] = 'x'");
    CHECK(with_where("where: >\n      distance IS NOT NULL\n      AND passenger > 0").where ==
          "distance IS NOT NULL AND passenger > 0");
}

TEST_CASE("a mistake is told where it stands in the file, however the text is written") {
    const std::string text = "distance IS NOT NUL";
    const std::string said =
        ": pipelines[0].where: 'distance IS NOT NUL' is no expression: expects NULL, and finds 'NUL'\n";
    CHECK(said_of_where("where: " + text) == "t.yaml:5:28" + said);
    CHECK(said_of_where("where: '" + text + "'") == "t.yaml:5:29" + said);
    CHECK(said_of_where("where: \"" + text + "\"") == "t.yaml:5:29" + said);
    CHECK(said_of_where("where: |-\n      " + text) == "t.yaml:6:23" + said);
    CHECK(said_of_where("where: >-\n      distance IS\n      NOT\n      NUL").starts_with("t.yaml:8:7: "));
    CHECK(said_of_where("where: distance IS\n        NOT\n          NUL") == "t.yaml:7:11" + said);
    CHECK(said_of_where("where: 'a = ''x'' b'").starts_with("t.yaml:5:23: pipelines[0].where: 'a = 'x' b' is no "));
    CHECK(said_of_where("where: \"a = \\\"b\\\" b\"").starts_with("t.yaml:5:23: "));
}

TEST_CASE("where has to be a condition") {
    CHECK(said_of_where("where: passenger + 1") ==
          "t.yaml:5:12: pipelines[0].where: 'passenger + 1' is a value and no condition (compare it: passenger > 0)\n");
    CHECK(said_of_where("where: true")
              .ends_with("'true' is a number or boolean to YAML, but must be a text (put it in quotes)\n"));
    CHECK(said_of_where("where: [a] > 1").contains("this is not YAML"));
    CHECK(
        said_of_where("where: [a]") ==
        "t.yaml:5:12: pipelines[0].where: is a list or a map to YAML, but must be an expression (put it in quotes)\n");
    CHECK(said_of_where("where: ''").contains("expects a field, a value or (, and finds the end"));
}

TEST_CASE("computed features stand among the others, and may have a default") {
    const auto read = features("features: [a, {miles: Distance*0.62}, {n: 'coalesce(a,1)', default: 0}, {field: b}]");
    REQUIRE(read.size() == 4);
    CHECK(read[1].field == "miles");
    CHECK(read[1].expression == "Distance * 0.62");
    CHECK(!read[1].fallback);
    CHECK(read[2].expression == "COALESCE(a, 1)");
    CHECK(read[2].fallback == "0");
    CHECK(read[3].field == "b");
    CHECK(read[3].expression.empty());
}

TEST_CASE("mistakes in computed features") {
    CHECK(said_of_features("features: [{miles: distance *}]") ==
          "t.yaml:9:36: pipelines[0].event.features[0].miles: 'distance *' is no expression: expects a field, a value "
          "or (, and finds the end\n");
    CHECK(said_of_features("features: [{m: COALESCE(a, 1)}]") ==
          "t.yaml:9:32: pipelines[0].event.features[0].m: 'COALESCE(a' is no expression: expects ), and finds the end "
          "(COALESCE(a, b)) (between braces YAML ends a value at a comma: put it in quotes)\n");
    CHECK(
        said_of_features("features: [{/m: a + 1}]") ==
        "t.yaml:9:19: pipelines[0].event.features[0].'/m': '/m' is a JSON Pointer, but must be the name of a computed "
        "feature (write for example miles)\n");
    CHECK(said_of_features("features: [{a: b + 1, c: d}]").contains("key 'c' is not known here"));
    CHECK(said_of_features("features: [{feild: a}]").contains("key 'feild' is not known here"));
    CHECK(said_of_features("features: [a, {a: b + 1}]").contains("'a' is there twice (remove one)"));
}

TEST_CASE("bypass") {
    const std::string where = "where: passenger > 0\n    ";
    CHECK(with_where(where + "bypass: results").bypass.to == settings::Bypass::To::results);
    const auto apart = with_where(where + "bypass: {subject: \"bypass.{tenant}.fares\"}").bypass;
    CHECK(apart.to == settings::Bypass::To::subject);
    CHECK(apart.subject == "bypass.{tenant}.fares");
    CHECK(
        said_of_where("bypass: results") ==
        "t.yaml:5:13: pipelines[0].bypass: has no effect without where, which says what goes there (add it, or remove "
        "this)\n");
    CHECK(said_of_where(where + "bypass: nowhere") ==
          "t.yaml:6:13: pipelines[0].bypass: 'nowhere' is no place for events (write results, or {subject: "
          "\"bypass.{tenant}.NAME\"})\n");
    CHECK(said_of_where(where + "bypass: {}").contains("names no subject"));
    CHECK(said_of_where(where + "bypass: {stream: X}").contains("key 'stream' is not known here (there is subject)"));
    CHECK(said_of_where(where + "bypass: {subject: bypass.fares}").contains("{tenant}"));
    CHECK(said_of_where(where + "bypass: {subject: \"results.{tenant}.fares\"}").contains("overlaps"));
    CHECK(said_of_where(where + "bypass: {subject: \"events.{tenant}.trips\"}").contains("a loop without end"));
}

TEST_CASE("bypass: results needs results, and their member") {
    CHECK(complaints(R"(version: 1
pipelines:
  - name: p
    where: a > 1
    bypass: results
    input: {stream: S, subject: "e.{tenant}"}
    aggregates:
      - {name: n, window: {tumbling: 5s}, select: {n: count()}}
)") == "t.yaml:5:13: pipelines[0].bypass: is results, but there are none without an endpoint (write {subject: …})\n");
    const std::string yaml = with("where: a > 1\n    bypass: results") + "      include: [bypassed]\n";
    CHECK(complaints(yaml).contains("'bypassed' would be called 'bypassed' in a result"));
}
