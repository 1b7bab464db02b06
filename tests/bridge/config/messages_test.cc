// Every rule of the field table, broken once: the whole message is asserted.
#include <doctest/doctest.h>

#include <string>
#include <string_view>

#include "sample.h"

using namespace millrace;
using namespace millrace::config;

namespace {

struct Broken {
    std::string_view part;   // of the sample
    std::string_view other;  // what stands there instead
    std::string_view said;   // without the file's name
};

constexpr std::string_view kVersion = "version: 1";
constexpr std::string_view kNats = R"(nats: {urls: ["nats://127.0.0.1:4222"]})";
constexpr std::string_view kName = "name: fares";
constexpr std::string_view kStream = "stream: EVENTS";
constexpr std::string_view kInput = "subject: events.{tenant}.trips";
constexpr std::string_view kFeatures = "features: [vendorid, distance]";
constexpr std::string_view kUrl = "url: http://127.0.0.1:5001/score";
constexpr std::string_view kResults = "subject: results.{tenant}.fares";

void check(const Broken& broken) {
    CAPTURE(broken.other);
    CHECK(complaints(sample_with(broken.part, broken.other)) == "t.yaml:" + std::string(broken.said) + "\n");
}

}  // namespace

TEST_CASE("messages: what a file must have") {
    for (const Broken& each : std::initializer_list<Broken>{
             {kSample, "", ""},
             {"version: 1\n", "", "1:1: version: is required (write for example version: 1)"},
             {kSample.substr(0, 0), "", ""},
         }) {
        if (!each.said.empty()) check(each);
    }
    CHECK(complaints("") == "t.yaml: there is nothing in this file (millrace --help shows a short configuration)\n");
    CHECK(complaints("# only a comment\n") ==
          "t.yaml: there is nothing in this file (millrace --help shows a short configuration)\n");
    CHECK(complaints("just text") ==
          "t.yaml:1:1: must be a map of fields\n"
          "t.yaml:1:1: version: is required (write for example version: 1)\n"
          "t.yaml:1:1: pipelines: is required (write for example pipelines: […])\n");
    check({"    input:\n      stream: EVENTS\n      subject: events.{tenant}.trips\n", "    input:\n      start: all\n",
           "5:5: pipelines[0].input.stream: is required (write for example stream: EVENTS)\n"
           "t.yaml:5:5: pipelines[0].input.subject: is required (write for example subject: events.{tenant}.trips)"});
    check({"    endpoint:\n      url: http://127.0.0.1:5001/score\n", "",
           "4:5: pipelines[0].endpoint: is required, or else aggregates (write for example endpoint: {url: "
           "http://127.0.0.1:5001/score})"});
    check({"    results:\n      subject: results.{tenant}.fares\n", "",
           "4:5: pipelines[0].results: is required (write for example results: {subject: results.{tenant}.scores})"});
    check({"      url: http://127.0.0.1:5001/score\n", "      protocol: json\n",
           "10:5: pipelines[0].endpoint.url: is required (write for example url: http://127.0.0.1:5001/score)"});
    check({"    input:\n", "    inputs: 1\n    input:\n",
           "5:5: pipelines[0].inputs: key 'inputs' is not known here (did you mean input?)"});
    check({kVersion, "version: 1\npipeline: []",
           "2:1: pipeline: key 'pipeline' is not known here (did you mean pipelines?)"});
    check({kVersion, "version: 1\nmax_batch_count: 5",
           "2:1: max_batch_count: key 'max_batch_count' is not known here (there is "
           "pipelines[].endpoint.max_batch_count)"});
    check({kVersion, "version: 1\nnats.user: x",
           "2:1: 'nats.user': key 'nats.user' is not known here (the keys here: version nats admin drain_timeout "
           "shards identities vaults pipelines)"});
}

TEST_CASE("messages: sections") {
    for (const Broken& each : std::initializer_list<Broken>{
             {kVersion, "version: 1\nadmin: 5", "2:8: admin: must be a map of fields"},
             {kVersion, "version: 1\nadmin:", "2:1: admin: has nothing in it (write its fields, or remove the key)"},
             {kVersion, "version: 1\nadmin: [1]", "2:8: admin: must be a map of fields"},
         }) {
        check(each);
    }
    CHECK(complaints("version: 1\npipelines: {a: 1}") ==
          "t.yaml:2:12: pipelines: must be a list with at least one pipeline (write a dash before each)\n");
    CHECK(complaints("version: 1\npipelines: []") ==
          "t.yaml:2:12: pipelines: must be a list with at least one pipeline (write a dash before each)\n");
    CHECK(complaints("version: 1\npipelines: [5]") == "t.yaml:2:13: pipelines[0]: must be a map of fields\n");
}

TEST_CASE("messages: numbers, sizes, durations, booleans") {
    for (const Broken& each : std::initializer_list<Broken>{
             {kVersion, "version: 1\nshards: 65", "2:9: shards: 65 is above 64 (set 1 to 64)"},
             {kVersion, "version: 1\nshards: -1", "2:9: shards: -1 is below 1 (set 1 to 64)"},
             {kVersion, "version: 1\nshards: two", "2:9: shards: 'two' is not a whole number (set 1 to 64)"},
             {kVersion, "version: 1\nshards: 0x2", "2:9: shards: '0x2' is not a whole number (set 1 to 64)"},
             {kVersion, "version: 1\nshards: 010", "2:9: shards: '010' is not a whole number (set 1 to 64)"},
             {kVersion, "version: 1\nshards: 1.0", "2:9: shards: '1.0' is not a whole number (set 1 to 64)"},
             {kVersion, "version: 1\nshards: +1", "2:9: shards: '+1' is not a whole number (set 1 to 64)"},
             {kVersion, "version: 1\nshards: 99999999999999999999",
              "2:9: shards: '99999999999999999999' is too large a number (set 1 to 64)"},
             {kVersion, "version: 1\nshards: '2'",
              "2:9: shards: '2' is in quotes, which makes it a text, but must be a whole number (remove the quotes)"},
             {kVersion, "version: 1\nshards:", "2:1: shards: has no value (write a whole number, or remove the key)"},
             {kVersion, "version: 1\nshards: null", "2:9: shards: is null, but must be a whole number"},
             {kVersion, "version: 1\nshards: [1]", "2:9: shards: is a list, but must be a whole number"},
             {kVersion, "version: 1\nshards: {a: 1}", "2:9: shards: is a map, but must be a whole number"},
             {kUrl, "url: http://m\n      max_batch_count: 0",
              "12:24: pipelines[0].endpoint.max_batch_count: 0 is below 1 (set 1 to 10000)"},
             {kUrl, "url: http://m\n      max_dead_letter_ratio: 1.5",
              "12:30: pipelines[0].endpoint.max_dead_letter_ratio: 1.5 is above 1 (set 0 to 1)"},
             {kUrl, "url: http://m\n      max_dead_letter_ratio: .5",
              "12:30: pipelines[0].endpoint.max_dead_letter_ratio: '.5' is not a number (set 0 to 1)"},
             {kUrl, "url: http://m\n      max_batch_bytes: 64KB",
              "12:24: pipelines[0].endpoint.max_batch_bytes: '64KB' is not a size (write a whole number of bytes, or "
              "one with "
              "KiB, MiB or GiB: 1048576, 64KiB)"},
             {kUrl, "url: http://m\n      max_batch_bytes: 100",
              "12:24: pipelines[0].endpoint.max_batch_bytes: 100 is below 1KiB (set 1KiB to 1GiB)"},
             {kUrl, "url: http://m\n      max_batch_bytes: 99999999999GiB",
              "12:24: pipelines[0].endpoint.max_batch_bytes: '99999999999GiB' is not a size (write a whole number of "
              "bytes, or one "
              "with KiB, MiB or GiB: 1048576, 64KiB)"},
             {kVersion, "version: 1\ndrain_timeout: 20", "2:16: drain_timeout: '20' has no unit (write 20s or 20ms)"},
             {kVersion, "version: 1\ndrain_timeout: 1d",
              "2:16: drain_timeout: '1d' is not a duration (write a whole number and ms, s, m or h: 250ms, 5s, 1m, "
              "168h)"},
             {kVersion, "version: 1\ndrain_timeout: 1.5s",
              "2:16: drain_timeout: '1.5s' is not a duration (write a whole number and ms, s, m or h: 250ms, 5s, 1m, "
              "168h)"},
             {kVersion, "version: 1\ndrain_timeout: -1s",
              "2:16: drain_timeout: '-1s' is not a duration (write a whole number and ms, s, m or h: 250ms, 5s, 1m, "
              "168h)"},
             {kVersion, "version: 1\ndrain_timeout: 11m", "2:16: drain_timeout: 11m is above 10m (set 0 to 10m)"},
             {kVersion, "version: 1\ndrain_timeout: 99999999999h",
              "2:16: drain_timeout: '99999999999h' is not a duration (write a whole number and ms, s, m or h: 250ms, "
              "5s, 1m, 168h)"},
             {kStream, "stream: EVENTS\n      ack_wait: 0",
              "7:17: pipelines[0].input.ack_wait: 0 is below 1s (set 1s to 1h)"},
             {kVersion, "version: 1\nadmin: {tenant_labels: NO}",
              "2:24: admin.tenant_labels: 'NO' is no boolean (write true or false)"},
             {kVersion, "version: 1\nadmin: {tenant_labels: True}",
              "2:24: admin.tenant_labels: 'True' is no boolean (write true or false)"},
             {kVersion, "version: 1\nadmin: {tenant_labels: 'true'}",
              "2:24: admin.tenant_labels: 'true' is in quotes, which makes it a text, but must be true or false "
              "(remove the quotes)"},
         }) {
        check(each);
    }
}

TEST_CASE("messages: texts") {
    for (
        const Broken& each : std::initializer_list<Broken>{
            {kName, "name: 5",
             "4:11: pipelines[0].name: '5' is a number or boolean to YAML, but must be a text (put it in quotes)"},
            {kName, "name: 1e3",
             "4:11: pipelines[0].name: '1e3' is a number or boolean to YAML, but must be a text (put it in quotes)"},
            {kName, "name: False",
             "4:11: pipelines[0].name: 'False' is a number or boolean to YAML, but must be a text (put it in quotes)"},
            {kName, "name: ~", "4:11: pipelines[0].name: is null, but must be a text"},
            {kName, "name: \"a\\0b\"", "4:11: pipelines[0].name: 'a?b' has a NUL character in it (remove it)"},
            {kName, "name: a b", "4:11: pipelines[0].name: 'a b' is no pipeline name (1 to 64 of A-Z a-z 0-9 _ -)"},
            {kName, "name: ''", "4:11: pipelines[0].name: '' is no pipeline name (1 to 64 of A-Z a-z 0-9 _ -)"},
            {kStream, "stream: a.b",
             "6:15: pipelines[0].input.stream: 'a.b' is no stream name (1 to 255 characters of ASCII, without blanks "
             "and . * > / \\)"},
            {kStream, "stream: EVENTS\n      start: yes",
             "7:14: pipelines[0].input.start: 'yes' is no starting point (set all, new, a time such as "
             "2026-01-02T03:04:05Z, or a "
             "stream sequence such as 12345)"},
            {kStream, "stream: EVENTS\n      start: 0",
             "7:14: pipelines[0].input.start: 0 is below 1 (a stream's first sequence is 1; write all to read "
             "everything)"},
            {kStream, "stream: EVENTS\n      start: 2026-02-30T00:00:00Z",
             "7:14: pipelines[0].input.start: '2026-02-30T00:00:00Z' is not a time (write it as 2026-01-02T03:04:05Z)"},
            {kStream, "stream: EVENTS\n      start: 2026-01-02T00:00:00",
             "7:14: pipelines[0].input.start: '2026-01-02T00:00:00' has no offset (write Z, or one such as +01:00, "
             "behind it)"},
            {kStream, "stream: EVENTS\n      start: 1869-01-02T00:00:00Z",
             "7:14: pipelines[0].input.start: '1869-01-02T00:00:00Z' is before 1970"},
            {kUrl, "url: ftp://m",
             "11:12: pipelines[0].endpoint.url: 'ftp://m' is no HTTP URL (write http://HOST:PORT/PATH or "
             "https://HOST/PATH)"},
            {kUrl, "url: 'http:///score'",
             "11:12: pipelines[0].endpoint.url: 'http:///score' has no host (write for example "
             "http://127.0.0.1:5001/score)"},
            {kUrl, "url: http://m:70000/",
             "11:12: pipelines[0].endpoint.url: 'http://m:70000/' has a port that is not one of 1 to 65535 (write for "
             "example "
             "http://127.0.0.1:5001/score)"},
            {kUrl, "url: http://me:secret@m/",
             "11:12: pipelines[0].endpoint.url: the URL has a user in it, which logs would show (leave it out; secrets "
             "come from files)"},
            {kUrl, "url: 'http://m/a b'",
             "11:12: pipelines[0].endpoint.url: 'http://m/a b' has a blank or a character that is not ASCII "
             "(percent-encode it)"},
            {kUrl, "url: http://m/#x",
             "11:12: pipelines[0].endpoint.url: 'http://m/#x' has a fragment, which is never sent (remove # and what "
             "follows)"},
            {kUrl, "url: 'http://m;x/'",
             "11:12: pipelines[0].endpoint.url: 'http://m;x/' has a character in its host that is not allowed (write "
             "for example "
             "http://127.0.0.1:5001/score)"},
            {kUrl, "url: http://m\n      rows: array",
             "12:13: pipelines[0].endpoint.rows: 'array' is not one of its values (set arrays, records or values)"},
            {kUrl, "url: http://m\n      non_finite: [a]",
             "12:19: pipelines[0].endpoint.non_finite: is a list, but must be null, string or error"},
            {kUrl, "url: http://m\n      key_file: ''",
             "12:17: pipelines[0].endpoint.key_file: '' names no file (leave the field out if there is none)"},
            {kUrl, "url: http://m\n      key_file: \"a\\tb\"",
             "12:17: pipelines[0].endpoint.key_file: 'a?b' is no path (it has a control character, or is longer than "
             "4095 bytes)"},
            {kUrl, "url: http://m\n      protocol: json\n      rows_pointer: instances",
             "13:21: pipelines[0].endpoint.rows_pointer: 'instances' is no JSON Pointer (write /a/b, or '' for the "
             "whole body)"},
            {kUrl, "url: http://m\n      protocol: json\n      rows_pointer: /a~2",
             "13:21: pipelines[0].endpoint.rows_pointer: '/a~2' has a ~ that is neither ~0 (for ~) nor ~1 (for /)"},
            {kVersion, "version: 1\nadmin: {listen: localhost}",
             "2:17: admin.listen: 'localhost' has no port (write for example 127.0.0.1:9465, or '' for no admin port)"},
            {kVersion, "version: 1\nadmin: {listen: '[]:80'}",
             "2:17: admin.listen: '[]:80' has no IPv6 address in its brackets (write for example 127.0.0.1:9465, or '' "
             "for no admin port)"},
            {kNats, "nats: {urls: ['http://x']}",
             "2:15: nats.urls[0]: 'http://x' is no NATS URL (write nats://HOST:PORT or tls://HOST:PORT)"},
            {kNats, "nats: {urls: ['nats://x/y']}",
             "2:15: nats.urls[0]: 'nats://x/y' has something behind the host and port (write for example "
             "nats://127.0.0.1:4222)"},
            {kNats, "nats: {urls: []}",
             "2:14: nats.urls: is an empty list (name at least one, or leave the field out)"},
            {kNats, "nats: {urls: 'nats://x'}", "2:14: nats.urls: is a single value, but must be a list of texts"},
            {kNats, "nats: {urls: ['nats://x', 'nats://x']}",
             "2:27: nats.urls[1]: 'nats://x' is there twice (remove one)"},
            {kNats, "nats: {inbox_prefix: 'a.*'}",
             "2:22: nats.inbox_prefix: 'a.*' has a wildcard or a placeholder, and a prefix is literal (write for "
             "example _INBOX_millrace)"},
            {kNats, "nats: {jetstream_domain: a.b}",
             "2:26: nats.jetstream_domain: 'a.b' has a dot, and a domain is one token (write for example hub)"},
            {kNats, "nats: {user: '', password_file: p}",
             "2:14: nats.user: '' is empty (leave the field out if there is none)"},
        }) {
        check(each);
    }
}

TEST_CASE("messages: lists and maps") {
    for (const Broken& each : std::initializer_list<Broken>{
             {kFeatures, "features: vendorid",
              "9:17: pipelines[0].event.features: is a single value, but must be a list of fields"},
             {kFeatures, "features: []",
              "9:17: pipelines[0].event.features: is an empty list (name the fields the model wants, or leave it out)"},
             {kFeatures, "features: [a, '']",
              "9:21: pipelines[0].event.features[1]: '' is no field name (write a name, or a JSON Pointer such as "
              "/trip/distance)"},
             {kFeatures, "features: [/a~b]",
              "9:18: pipelines[0].event.features[0]: '/a~b' has a ~ that is neither ~0 (for ~) nor ~1 (for /)"},
             {kFeatures, "features: [a, {field: a}]",
              "9:21: pipelines[0].event.features[1]: 'a' is there twice (remove one)"},
             {kFeatures, "features: [{default: 1}]",
              "9:18: pipelines[0].event.features[0]: names no field (write {field: NAME, default: VALUE}, or {NAME: "
              "EXPRESSION})"},
             {kFeatures, "features: [{field: a, defualt: 1}]",
              "9:29: pipelines[0].event.features[0].defualt: key 'defualt' is not known here (a feature has field and "
              "default, or a name with its expression and default)"},
             {kFeatures, "features: [{field: a, default: [1]}]",
              "9:38: pipelines[0].event.features[0].default: must be a number, a text, true, false or null"},
             {kFeatures, "features: [{field: a, default: yes}]",
              "9:38: pipelines[0].event.features[0].default: 'yes' is read differently by different readers of YAML "
              "(put a text in "
              "quotes; write numbers as in JSON, and booleans as true or false)"},
             {kFeatures, "features: [{field: a, default: }]",
              "9:29: pipelines[0].event.features[0].default: there is no value (write null if that is meant)"},
             {kFeatures, "features: [5]",
              "9:18: pipelines[0].event.features[0]: '5' is a number or boolean to YAML, but must be a text (put it in "
              "quotes)"},
             {kResults, "subject: results.{tenant}.fares\n      include: some",
              "14:16: pipelines[0].results.include: 'some' is neither none nor all (for a list of fields write "
              "[some])"},
             {kResults, "subject: results.{tenant}.fares\n      include: []",
              "14:16: pipelines[0].results.include: is an empty list (write none, or name fields)"},
             {kResults, "subject: results.{tenant}.fares\n      include: {a: 1}",
              "14:16: pipelines[0].results.include: is a map, but must be none, all or a list of fields"},
             {kUrl, "url: http://m\n      headers: [a]",
              "12:16: pipelines[0].endpoint.headers: is a list, but must be a map of names to texts"},
             {kUrl, "url: http://m\n      headers: {a b: c}",
              "12:17: pipelines[0].endpoint.headers.'a b': 'a b' is no header name (1 to 64 of A-Z a-z 0-9 - _)"},
             {kUrl, "url: http://m\n      headers: {content-TYPE: c}",
              "12:17: pipelines[0].endpoint.headers.content-TYPE: 'content-TYPE' is a header that Millrace sets itself "
              "(remove it)"},
             {kUrl, "url: http://m\n      headers: {Nats-Msg-Id: c}",
              "12:17: pipelines[0].endpoint.headers.Nats-Msg-Id: 'Nats-Msg-Id' belongs to messages, not to requests "
              "(choose another name)"},
             {kUrl, "url: http://m\n      headers: {X-Key: \"hush\\r\\nhush\"}",
              "12:24: pipelines[0].endpoint.headers.X-Key: the header's value is not 0 to 4096 printable ASCII "
              "characters without "
              "blanks at its ends (the value is not shown here)"},
             {kUrl, "url: http://m\n      headers: {X-Key: 4711}",
              "12:24: pipelines[0].endpoint.headers.X-Key: the value is a number or boolean to YAML, but must be a "
              "text (put it in quotes)"},
             {kUrl, "url: http://m\n      extras: [1]",
              "12:15: pipelines[0].endpoint.extras: is a list, but must be a map"},
             {kUrl, "url: http://m\n      extras: {a: 0x1f}",
              "12:19: pipelines[0].endpoint.extras.a: '0x1f' is read differently by different readers of YAML (put a "
              "text in quotes; "
              "write numbers as in JSON, and booleans as true or false)"},
         }) {
        check(each);
    }
}

TEST_CASE("messages: subjects") {
    for (const Broken& each : std::initializer_list<Broken>{
             {kInput, "subject: events.trips",
              "7:16: pipelines[0].input.subject: 'events.trips' has no {tenant} token, and every tenant has subjects "
              "of its own (put "
              "{tenant} where its name stands)"},
             {kResults, "subject: results.fares",
              "13:16: pipelines[0].results.subject: 'results.fares' has no {tenant} token, and every tenant has "
              "subjects of its own (put "
              "{tenant} where its name stands)"},
             {kResults, "subject: results.{tenant}.fares\n    dead_letter: {subject: dead}",
              "14:28: pipelines[0].dead_letter.subject: 'dead' has no {tenant} token, and every tenant has subjects of "
              "its own (put "
              "{tenant} where its name stands)"},
             {kResults, "subject: results.{tenant}.fares\n    dead_letter: {unroutable_subject: 'd.{tenant}'}",
              "14:39: pipelines[0].dead_letter.unroutable_subject: 'd.{tenant}' has a {tenant} token, and goes out "
              "where no tenant is "
              "known (leave it out)"},
             {kInput, "subject: events.{partition}.{tenant}.trips",
              "7:16: pipelines[0].input.subject: 'events.{partition}.{tenant}.trips' has a {partition} token, but "
              "partitions is 1 (set "
              "partitions, or write * for a token that does not matter)"},
             {kName, "name: fares\n    partitions: 2",
              "8:16: pipelines[0].input.subject: 'events.{tenant}.trips' has no {partition} token, but partitions is 2 "
              "(write for example "
              "events.{partition}.{tenant}.trips)"},
             {kResults, "subject: events.{tenant}.trips",
              "13:16: pipelines[0].results.subject: 'events.{tenant}.trips' is read again by this pipeline's "
              "input.subject "
              "'events.{tenant}.trips', a loop without end (publish under a subject of its own)"},
             {kResults, "subject: results.{tenant}.fares\n    dead_letter: {subject: 'results.{tenant}.fares'}",
              "14:28: pipelines[0].dead_letter.subject: 'results.{tenant}.fares' overlaps 'results.{tenant}.fares', so "
              "that readers could "
              "not tell them apart (give each a subject of its own)"},
             {kResults, "subject: results.{tenant}.fares\n    dead_letter: {subject: 'events.{tenant}.trips'}",
              "14:28: pipelines[0].dead_letter.subject: 'events.{tenant}.trips' is read again by this pipeline's "
              "input.subject "
              "'events.{tenant}.trips', a loop without end (publish under a subject of its own)"},
         }) {
        check(each);
    }
    CHECK(complaints(sample_with(kInput, "subject: a..{tenant}"))
              .starts_with("t.yaml:7:16: pipelines[0].input.subject: subject \"a..{tenant}\""));
    CHECK(complaints(sample_with(kResults, "subject: r.{tenant}.*"))
              .starts_with("t.yaml:13:16: pipelines[0].results.subject: subject \"r.{tenant}.*\""));
    CHECK(complaints(sample_with(kInput, "subject: ev{tenant}"))
              .starts_with("t.yaml:7:16: pipelines[0].input.subject: subject \"ev{tenant}\""));
}

TEST_CASE("messages: an unknown protocol is answered with those there are") {
    CHECK(complaints(sample_with(kUrl, "url: http://m\n      protocol: azurml"))
              .starts_with("t.yaml:12:17: pipelines[0].endpoint.protocol: 'azurml' is not known (set azureml, "));
}
