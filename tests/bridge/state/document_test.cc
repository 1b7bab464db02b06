// Documents of state: what is written is read back, and nothing else is.
#include "bridge/state/document.h"

#include <doctest/doctest.h>

#include <algorithm>

namespace millrace::state {
namespace {

Head whole(std::string content) {
    Head head;
    head.epoch = 3;
    head.commit = 17;
    head.floor = 1017;
    head.out_base = {0, 5};
    head.content = std::move(content);
    head.content_size = head.content.size();
    head.content_digest = digest(head.content);
    return head;
}

Document some() {
    return {{{"trips", "00ff", {{0, whole("what is open")}, {7, whole(std::string("\0\xff\"", 3))}}},
             {"a \"quoted\" name", "", {}}}};
}

std::string problem(const std::string& text) {
    const auto read = read_document(text);
    return read ? "" : read.error().text;
}

std::string replaced(std::string text, const std::string& old, const std::string& by) {
    const auto at = text.find(old);
    REQUIRE(at != std::string::npos);
    return text.replace(at, old.size(), by);
}

TEST_CASE("a document is read back as it was written") {
    for (const Document& document : {some(), Document{}}) {
        const std::string text = write(document);
        const auto read = read_document(text);
        REQUIRE(read);
        CHECK(write(*read) == text);
        CHECK(read->pipelines.size() == document.pipelines.size());
    }
    const auto read = read_document(write(some()));
    const PipelineState& trips = read->pipelines.front();
    CHECK(trips.name == "trips");
    CHECK(trips.layout == "00ff");
    CHECK(trips.partitions.at(1).partition == 7);
    CHECK(trips.partitions.at(1).head.content == std::string("\0\xff\"", 3));
    CHECK(trips.partitions.at(0).head.floor == 1017);
}

TEST_CASE("white space is of no account, every other byte is") {
    const std::string text = write(some());
    std::string loose = text;
    std::ranges::replace(loose, '\n', ' ');
    REQUIRE(read_document(loose));
    CHECK(write(*read_document(loose)) == text);
    for (std::size_t at = 0; at < text.size(); ++at) {
        if (text[at] == '\n') continue;
        for (const int bit : {0, 1, 5, 7}) {
            std::string damaged = text;
            damaged[at] = static_cast<char>(damaged[at] ^ 1 << bit);
            CAPTURE(at);
            CAPTURE(bit);
            CHECK(!read_document(damaged));
        }
    }
    for (std::size_t size = 0; size + 1 < text.size(); ++size) CHECK(!read_document(text.substr(0, size)));
}

TEST_CASE("a document says what is wrong with it") {
    const std::string text = write(some());
    CHECK(problem("").starts_with("document_damaged: it is not JSON"));
    CHECK(problem("[]").contains("`format`"));
    CHECK(problem(replaced(text, "\"version\":1", "\"version\":2")).starts_with("document_version: it has version 2"));
    CHECK(problem(replaced(text, "trips", "tripz")).contains("its digest does not match"));
    CHECK(problem(replaced(text, "\"partition\":7", "\"partition\":4294967303")).contains("its number"));
    CHECK(problem(replaced(text, "\"partition\":7", "\"partition\":6")).contains("its digest does not match"));
    CHECK(problem(replaced(text, "\"head\":\"TVJI", "\"head\":\"TVJJ")).contains("partition 0: the head is damaged"));
}

TEST_CASE("only heads that hold everything are read") {
    const auto with = [](auto change) {
        Document document = some();
        change(document.pipelines[0].partitions[0].head);
        return problem(write(document));
    };
    const std::string wanted = "partition 0: its head is not one that holds everything";
    CHECK(with([](Head&) {}).empty());
    CHECK(with([](Head& head) { head.base = 4; }).contains(wanted));
    CHECK(with([](Head& head) { head.parts = 1; }).contains(wanted));
    CHECK(with([](Head& head) { head.content += "more"; }).contains(wanted));
    CHECK(with([](Head& head) { head.content.back() = '?'; }).contains(wanted));
}

}  // namespace
}  // namespace millrace::state
