#include "bridge/cli/cli.h"

#include <doctest/doctest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "bridge/config/reference.h"
#include "bridge/config/schema.h"

using namespace millrace;
using namespace millrace::cli;

namespace {

struct Outcome {
    int code = -1;
    std::string out;
    std::string err;
};

Outcome call(std::vector<const char*> words, const std::string& input = "") {
    words.insert(words.begin(), "millrace");
    std::istringstream in(input);
    std::ostringstream out;
    std::ostringstream err;
    const int code = execute(static_cast<int>(words.size()), words.data(), {in, out, err});
    return {code, out.str(), err.str()};
}

// A folder that goes away with the test.
class Folder {
  public:
    Folder() : path_(std::filesystem::temp_directory_path() / ("millrace-cli-" + std::to_string(getpid()))) {
        std::filesystem::create_directories(path_);
    }
    ~Folder() { std::filesystem::remove_all(path_); }
    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;

    [[nodiscard]] std::string write(const std::string& name, const std::string& text) const {
        std::ofstream(path_ / name) << text;
        return (path_ / name).string();
    }
    [[nodiscard]] std::string path() const { return path_.string(); }

  private:
    std::filesystem::path path_;
};

std::string with_endpoint(const std::string& lines) {
    std::string text = config::short_example();
    const std::string url = "url: http://127.0.0.1:5001/score";
    return text.replace(text.find(url), url.size(), lines);
}

}  // namespace

TEST_CASE("cli: the help teaches") {
    const Outcome help = call({"--help"});
    CHECK(help.code == 0);
    CHECK(help.err == "");
    for (const char* part :
         {"run", "check", "setup", "try", "signature", "state", "permissions", "auth-callout", "schema", "reference",
          "Exit codes:", "  - name: trip-fares", "millrace check -c FILE --offline"}) {
        CHECK(help.out.contains(part));
    }
    for (const char* command :
         {"run", "check", "setup", "try", "signature", "state", "permissions", "auth-callout", "schema", "reference"}) {
        const Outcome each = call({command, "--help"});
        CHECK(each.code == 0);
        CHECK(each.out.contains(command));
    }
}

TEST_CASE("cli: the version") {
    const Outcome version = call({"--version"});
    CHECK(version.code == 0);
    CHECK(version.out == "millrace " MILLRACE_VERSION "\n");
}

TEST_CASE("cli: a bad call exits 2 and says why on the error stream") {
    for (const auto& words : std::vector<std::vector<const char*>>{{},
                                                                   {"run"},
                                                                   {"check"},
                                                                   {"check", "-c"},
                                                                   {"schema", "extra"},
                                                                   {"--nonsense"},
                                                                   {"check", "-c", "x", "--nonsense"}}) {
        const Outcome bad = call(words);
        CHECK(bad.code == 2);
        CHECK(bad.out == "");
        CHECK(bad.err != "");
    }
    CHECK(call({"chekc"}).err == "millrace: 'chekc' is no command (did you mean check?)\n");
    CHECK(call({"teleport"}).err == "millrace: 'teleport' is no command (millrace --help lists them)\n");
    CHECK(call({"chekc"}).code == 2);
}

TEST_CASE("cli: a file that cannot be read exits 2") {
    const Folder folder;
    const Outcome missing = call({"check", "-c", "/nonexistent/m.yaml", "--offline"});
    CHECK(missing.code == 2);
    CHECK(missing.out == "");
    CHECK(
        missing.err ==
        "millrace: '/nonexistent/m.yaml' cannot be read: No such file or directory (name the configuration with -c)\n");
    const std::string path = folder.path();
    const Outcome directory = call({"run", "-c", path.c_str()});
    CHECK(directory.code == 2);
    CHECK(directory.err == "millrace: '" + path + "' cannot be read: it is a directory (name a file)\n");
}

TEST_CASE("cli: check tells what would run") {
    const Folder folder;
    const std::string file = folder.write("m.yaml", config::short_example());
    const Outcome fine = call({"check", "-c", file.c_str(), "--offline"});
    CHECK(fine.code == 0);
    CHECK(fine.err == "");
    CHECK(fine.out ==
          "pipeline trip-fares\n"
          "  reads     events.{tenant}.trips in EVENTS, consumer trip-fares-p0\n"
          "  asks      azureml at http://127.0.0.1:5001/score, up to 500 events a request, 1 x 2 requests in flight\n"
          "  publishes results.{tenant}.trip-fares, dead.{tenant}.trip-fares, dead-unroutable.trip-fares\n"
          "  takes     what its endpoint says, which is not asked offline\n");
}

TEST_CASE("cli: a context of the NATS CLI, of every command that reads a configuration") {
    const Folder folder;
    const std::string file = folder.write("m.yaml", config::short_example());
    const std::string good = folder.write("good.json", "{}");
    const std::string bad = folder.write("bad.json", R"({"tls_first": true})");
    CHECK(call({"check", "-c", file.c_str(), "--offline", "--context", good.c_str()}).code == 0);
    for (std::vector<const char*> words : std::vector<std::vector<const char*>>{{"run"},
                                                                                {"check"},
                                                                                {"setup"},
                                                                                {"try"},
                                                                                {"signature"},
                                                                                {"permissions", "acme"},
                                                                                {"state", "inspect"},
                                                                                {"state", "export"},
                                                                                {"state", "import", "-"}}) {
        for (const char* word : {"-c", file.c_str(), "--context", bad.c_str()}) words.push_back(word);
        const Outcome refused = call(words);
        CHECK(refused.code == 2);
        CHECK((refused.out + refused.err)
                  .starts_with(file + ": --context: NATS context \"" + bad + "\": tls_first: is set"));
    }
}

TEST_CASE("cli: check tells every mistake of a file, run starts nothing with it") {
    const Folder folder;
    const std::string file = folder.write("m.yaml", with_endpoint("url: m\n      max_batch_count: 0"));
    const std::string said =
        file +
        ":11:12: pipelines[0].endpoint.url: 'm' is no HTTP URL (write http://HOST:PORT/PATH or https://HOST/PATH)\n" +
        file + ":12:24: pipelines[0].endpoint.max_batch_count: 0 is below 1 (set 1 to 10000)\n";
    const Outcome checked = call({"check", "-c", file.c_str(), "--offline"});
    CHECK(checked.code == 2);
    CHECK(checked.out == said);
    for (const char* command : {"run", "try"}) {
        const Outcome refused = call({command, "-c", file.c_str()});
        CHECK(refused.code == 2);
        CHECK(refused.out == "");
        CHECK(refused.err == said);
    }
}

TEST_CASE("cli: a file over the limit is refused without being read whole") {
    const Folder folder;
    const std::string file = folder.write("m.yaml", "# " + std::string(3u << 20, 'x'));
    CHECK(call({"check", "-c", file.c_str(), "--offline"}).out ==
          file + ": the file is longer than 1048576 bytes (split it into one file per process)\n");
}

TEST_CASE("cli: check looks at the files that are named") {
    const Folder folder;
    const std::string config =
        folder.write("m.yaml", with_endpoint("url: https://m/\n      key_file: " + folder.path() + "/key"));
    const std::string at = config + ":12:17: ";
    const std::string named = "pipelines[0].endpoint.key_file: '" + folder.path() + "/key'";

    const Outcome missing = call({"check", "-c", config.c_str(), "--offline"});
    CHECK(missing.code == 1);
    CHECK(missing.out == at + named + " cannot be opened: No such file or directory (name a file that can be read)\n");

    const std::string key = folder.write("key", "");
    CHECK(call({"check", "-c", config.c_str(), "--offline"}).out ==
          at + named + " is empty (name a file that can be read)\n");

    std::ofstream(key) << "secret";
    std::filesystem::permissions(key, std::filesystem::perms(0644));
    const Outcome open = call({"check", "-c", config.c_str(), "--offline"});
    CHECK(open.code == 0);
    CHECK(
        open.out.starts_with(at + "warning: " + named + " holds a secret and can be read by everybody (chmod o-r)\n"));

    std::filesystem::permissions(key, std::filesystem::perms(0600));
    CHECK(call({"check", "-c", config.c_str(), "--offline"}).out.starts_with("pipeline trip-fares\n"));
    std::filesystem::remove(key);
    std::filesystem::create_directory(key);
    CHECK(call({"check", "-c", config.c_str(), "--offline"}).out ==
          at + named + " is no regular file (name a file that can be read)\n");
}

TEST_CASE("cli: run starts nothing while a file it is to read is not there") {
    const Folder folder;
    std::string text = config::short_example();
    const std::string nats = "nats: {urls: [\"nats://127.0.0.1:4222\"]}";
    text.replace(text.find(nats), nats.size(), "nats: {user: a, password_file: " + folder.path() + "/password}");
    const std::string file = folder.write("m.yaml", text);
    const Outcome refused = call({"run", "-c", file.c_str()});
    CHECK(refused.code == 2);
    CHECK(refused.out == "");
    CHECK(refused.err == file + ":2:32: nats.password_file: '" + folder.path() +
                             "/password' cannot be opened: No such file or directory (name a file that can be read)\n");
}

TEST_CASE("cli: check warns of secrets on the wire and of an open admin port") {
    const Folder folder;
    const std::string key = folder.write("key", "secret");
    std::filesystem::permissions(key, std::filesystem::perms(0600));
    std::string text = with_endpoint("url: http://model.example/\n      key_file: " + key);
    const std::string nats = "nats: {urls: [\"nats://127.0.0.1:4222\"]}";
    text.replace(text.find(nats), nats.size(),
                 "admin: {listen: \"0.0.0.0:9465\"}\nnats: {urls: [\"nats://n.example\"], token_file: " + key + "}");
    const std::string file = folder.write("m.yaml", text);
    const Outcome warned = call({"check", "-c", file.c_str(), "--offline"});
    CHECK(warned.code == 0);
    CHECK(warned.out.contains("warning: admin.listen: '0.0.0.0:9465' is not loopback"));
    CHECK(warned.out.contains("warning: nats.urls[0]: 'nats://n.example' sends the password or token unencrypted"));
    CHECK(warned.out.contains(
        "warning: pipelines[0].endpoint.url: 'http://model.example/' sends the key or token unencrypted"));
}

TEST_CASE("cli: check asks the server and the endpoint, and says where the file names them") {
    const Folder folder;
    std::string text = with_endpoint("url: http://127.0.0.1:1/score");  // nobody listens on port 1
    text.replace(text.find(":4222"), 5, ":1");
    const std::string file = folder.write("m.yaml", text);
    const Outcome alone = call({"check", "-c", file.c_str()});
    CHECK(alone.code == 1);
    CHECK(alone.out.contains(file + ":2:14: nats.urls: cannot connect to NATS: "));
    CHECK(alone.out.contains(file + ":11:12: pipelines[0].endpoint.url: "));
    CHECK_FALSE(alone.out.contains("pipeline trip-fares\n"));
    const Outcome setup = call({"setup", "-c", file.c_str()});
    CHECK(setup.code == 1);
    CHECK(setup.out + setup.err != "");
}

TEST_CASE("cli: schema and reference print what docs/ holds") {
    CHECK(call({"schema"}).out == config::json_schema());
    CHECK(call({"reference"}).out == config::reference_page());
    CHECK(call({"schema"}).code == 0);
}

TEST_CASE("cli: try shows the request of one event") {
    const Folder folder;
    const std::string file = folder.write("m.yaml", config::short_example());
    const std::string event = R"({"vendorid":1,"weekday":2,"pickuphour":3,"passenger":4,"distance":5.50})";
    const Outcome shown = call({"try", "-c", file.c_str(), "--offline", "--tenant", "acme"}, event);
    CHECK(shown.code == 0);
    CHECK(shown.out.contains("[1,2,3,4,5.50]"));
    const Outcome dead = call({"try", "-c", file.c_str(), "--offline"}, R"({"vendorid":1})");
    CHECK(dead.code == 1);
}

TEST_CASE("cli: try shows what is computed, and what is not selected") {
    std::string config = config::short_example();
    const std::string_view features = "features: [vendorid, weekday, pickuphour, passenger, distance]";
    config.replace(config.find(features), features.size(), "features: [vendorid, {miles: distance * 0.5}]");
    config.insert(config.find("    input:"), "    where: distance > 1\n");
    const Folder folder;
    const std::string file = folder.write("m.yaml", config);
    const Outcome shown = call({"try", "-c", file.c_str(), "--offline"}, R"({"vendorid":1,"distance":3})");
    CHECK(shown.code == 0);
    CHECK(shown.out.starts_with("computed\n  miles: 1.5\n\nrequest\n"));
    CHECK(shown.out.contains("[[1,1.5]]"));
    const Outcome filtered = call({"try", "-c", file.c_str(), "--offline"}, R"({"vendorid":1,"distance":1})");
    CHECK(filtered.code == 0);
    CHECK(filtered.out == "filtered\n  not selected by where: distance > 1\n");
    const Outcome dead = call({"try", "-c", file.c_str(), "--offline"}, R"({"distance":1.5})");
    CHECK(dead.code == 1);
    CHECK(dead.out.starts_with("computed\n  miles: 0.75\n\ndead letter\n"));
}

TEST_CASE("cli: try shows the headers of the request, and no login") {
    const Folder folder;
    const std::string file = folder.write(
        "m.yaml",
        with_endpoint("url: http://127.0.0.1:1/score\n      headers: {authorization: Basic c2VjcmV0, X-Team: t}"));
    const std::string event = R"({"vendorid":1,"weekday":2,"pickuphour":3,"passenger":4,"distance":5})";
    const Outcome shown = call({"try", "-c", file.c_str(), "--offline"}, event);
    CHECK(shown.code == 0);
    CHECK(shown.out.contains("X-Team: (not shown)\n"));
    CHECK(shown.out.contains("authorization: (not shown)\n"));
    CHECK_FALSE(shown.out.contains("c2VjcmV0"));
}

TEST_CASE("cli: try tells what becomes of an event whose tenant is refused") {
    const Folder folder;
    const std::string file = folder.write("m.yaml", config::short_example());
    const Outcome nobody = call({"try", "-c", file.c_str(), "--tenant", "a.b"}, "{}");
    CHECK(nobody.code == 1);
    CHECK_FALSE(nobody.out.contains("POST"));
    CHECK(nobody.out.contains("dead letter\n  dead-unroutable.trip-fares\n"));
    CHECK(nobody.out.contains("Millrace-Reason: unroutable_tenant\n"));
    CHECK(nobody.out.contains("Millrace-Subject: events.a.b.trips\n"));
}

TEST_CASE("cli: try wants to know which pipeline where there are several") {
    const Folder folder;
    const std::string text = config::short_example();
    std::string other = text.substr(text.find("  - name:"));
    for (const std::string name : {"events.", "results.", "trip-fares"}) {
        for (std::size_t at = 0; (at = other.find(name, at)) != std::string::npos; at += name.size() + 1)
            other.insert(at, "x");
    }
    const std::string file = folder.write("m.yaml", text + other);
    CHECK(call({"try", "-c", file.c_str()}, "{}").out ==
          "--pipeline: there are several, say which (trip-fares, xtrip-fares)\n");
    const Outcome unknown = call({"try", "-c", file.c_str(), "--pipeline", "y"}, "{}");
    CHECK(unknown.code == 2);
    CHECK(unknown.out == "--pipeline: 'y' is not one of those configured (trip-fares, xtrip-fares)\n");
}

TEST_CASE("cli: state has three commands, of pipelines that keep any") {
    const Folder folder;
    const std::string file = folder.write("m.yaml", config::short_example());
    CHECK(call({"state"}).code == 2);
    for (const char* command : {"inspect", "export", "import"}) {
        CHECK(call({"state", command, "--help"}).out.contains("--pipeline"));
        CHECK(call({"state", command}).code == 2);
    }
    for (const Outcome& outcome :
         {call({"state", "inspect", "-c", file.c_str()}), call({"state", "export", "-c", file.c_str()}),
          call({"state", "import", "-c", file.c_str(), "-"})}) {
        CHECK(outcome.code == 2);
        CHECK(outcome.out == "");
        CHECK(outcome.err.starts_with("error: no_state: "));
    }
    const Outcome missing = call({"state", "import", "-c", file.c_str(), "/nowhere/state.json"});
    CHECK(missing.code == 2);
    CHECK(missing.err == "millrace: '/nowhere/state.json' cannot be read\n");
}

TEST_CASE("cli: output that cannot be written is no success") {
    std::istringstream in;
    std::ofstream full("/dev/full");
    std::ostringstream err;
    const char* words[] = {"millrace", "schema"};
    CHECK(execute(2, words, {in, full, err}) == 1);
    CHECK(err.str() == "millrace: the output could not be written\n");
}

TEST_CASE("cli: permissions of a tenant, for the server's configuration") {
    const Folder folder;
    const std::string file = folder.write("m.yaml", config::short_example());
    const Outcome fine = call({"permissions", "acme", "-c", file.c_str(), "--json"});
    CHECK(fine.code == 0);
    CHECK(fine.out == R"({
"permissions": {
    "publish": { "allow": [
        "events.acme.trips"
      ] },
    "subscribe": { "allow": [
        "_INBOX_acme.>",
        "dead.acme.trip-fares",
        "results.acme.trip-fares"
      ] }
}
}
)");
    const Outcome hostile = call({"permissions", "a.b", "-c", file.c_str()});
    CHECK(hostile.code == 2);
    CHECK(hostile.out == "");
    CHECK(hostile.err == "millrace: \"a.b\" is no tenant's name (1 to 64 of A-Z a-z 0-9 _ -)\n");
    CHECK(call({"permissions", "acme", "-c", file.c_str(), "--stored"}).err.contains("no stream is named"));
    CHECK(call({"permissions", "acme", "-c", file.c_str(), "--account", "acme"}).err.contains("the bridge's account"));
}
