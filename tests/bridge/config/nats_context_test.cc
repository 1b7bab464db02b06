// Contexts of the NATS CLI as the section `nats`: each member once, and each that cannot be honoured.
#include "bridge/config/nats_context.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "bridge/config/inspect.h"
#include "sample.h"

using namespace millrace;
using namespace millrace::config;

namespace {

// A home with one context in it, called `hub`.
struct Home {
    Home() {
        std::filesystem::create_directories(folder / "nats" / "context");
        setenv("XDG_CONFIG_HOME", folder.c_str(), 1);
    }
    ~Home() {
        unsetenv("XDG_CONFIG_HOME");
        std::filesystem::remove_all(folder);
    }
    Home(const Home&) = delete;
    Home& operator=(const Home&) = delete;

    [[nodiscard]] std::string path() const { return (folder / "nats" / "context" / "hub.json").string(); }

    // Members as they stand in JSON, without the braces.
    Reading read(const std::string& members, const std::string& given = "hub",
                 std::string yaml = std::string(kSample)) {
        std::ofstream(path()) << "{" << members << "}";
        auto reading = load_with_places("t.yaml", yaml).value();
        Problems problems("t.yaml");
        read_nats_context(reading, given, problems);
        said.clear();
        for (const Problem& problem : std::move(problems).take()) said += format(problem) + "\n";
        return reading;
    }
    settings::Nats nats(const std::string& members) {
        auto reading = read(members);
        REQUIRE_MESSAGE(said == "", said);
        return reading.settings.nats;
    }
    // What is said of it behind the file's name.
    std::string complaint(const std::string& members) {
        const Reading reading = read(members);
        CHECK(reading.settings.nats.urls == std::vector<std::string>{"nats://127.0.0.1:4222"});  // as it was
        CHECK(reading.settings.nats.context == "");
        const std::string before = "t.yaml: --context: NATS context \"" + path() + "\": ";
        std::string out;
        std::string rest = said;
        for (std::size_t at = 0; (at = rest.find(before)) != std::string::npos;) rest.erase(at, before.size());
        return rest;
    }

    std::filesystem::path folder =
        std::filesystem::temp_directory_path() / ("millrace-contexts-" + std::to_string(::getpid()));
    std::string said;
};

}  // namespace

TEST_CASE("context: servers") {
    Home home;
    using Urls = std::vector<std::string>;
    CHECK(home.nats("").urls == Urls{"nats://127.0.0.1:4222"});
    CHECK(home.nats(R"("url": "demo.nats.io")").urls == Urls{"nats://demo.nats.io"});
    CHECK(home.nats(R"("url": "nats://a:1, tls://b ,,c:2")").urls == Urls{"nats://a:1", "tls://b", "nats://c:2"});
    CHECK(home.complaint(R"("url": "ws://a")") ==
          "url: 'ws://a' is no NATS URL (write nats://HOST:PORT or tls://HOST:PORT)\n");
    for (const char* url : {"nats://u:canary@a", "u:canary@a", "ws://u:canary@a", "nats://u:ca/nary@a"})
        CHECK(home.complaint(R"("url": ")" + std::string(url) + "\"") ==
              "url: the URL has a user in it, which logs would show (leave it out; secrets come from files)\n");
}

TEST_CASE("context: one way to log in") {
    Home home;
    const std::string file = home.path();
    auto nats = home.nats(R"("user": "u", "password": "canary")");
    CHECK(nats.user == "u");
    CHECK(nats.password_file == file);
    CHECK(nats.context_file == file);
    CHECK(nats.context == "hub");
    nats = home.nats(R"("token": "canary")");
    CHECK(nats.token_file == file);
    CHECK(nats.context_file == file);
    nats = home.nats(R"("user_jwt": "canary", "user_seed": "canary")");
    CHECK(nats.credentials_file == file);
    nats = home.nats(R"("creds": "/x.creds")");
    CHECK(nats.credentials_file == "/x.creds");
    CHECK(nats.context_file == "");
    CHECK(home.nats(R"("nkey": "/x.nk")").nkey_file == "/x.nk");
    nats = home.nats(R"("user": "u", "password": "file:///p")");
    CHECK(nats.password_file == "/p");
    CHECK(nats.context_file == "");
    CHECK(home.nats(R"("token": "my:token")").token_file == file);

    CHECK(home.complaint(R"("user": "u", "password": "p", "creds": "/c", "token": "t")") ==
          "creds: cannot stand beside user (log in one way: remove one)\n"
          "token: cannot stand beside user (log in one way: remove one)\n");
    CHECK(home.complaint(R"("user": "u")") == "user: has no password beside it (they go together)\n");
    CHECK(home.complaint(R"("password": "p")") == "password: has no user beside it (they go together)\n");
    CHECK(home.complaint(R"("user_jwt": "p")") == "user_jwt: has no user_seed beside it (they go together)\n");
    CHECK(home.complaint(R"("user_jwt": "file:///j", "user_seed": "file:///s")") ==
          "user_jwt: is not read from a file of its own (write a credentials file and name it in creds)\n"
          "user_seed: is not read from a file of its own (write a credentials file and name it in creds)\n");
    CHECK(home.complaint(R"("nsc": "nsc://o/a/u")") ==
          "nsc: 'nsc://o/a/u' is looked up by nsc, which is not run (name the file in creds)\n");
    for (const char* scheme : {"op", "nsc", "env", "data", "ENV"})
        CHECK(home.complaint(R"("token": ")" + std::string(scheme) + R"(://canary")") ==
              "token: '" + std::string(scheme) + "' is a way to look it up that is not taken (name a file)\n");
    CHECK(home.complaint(R"("creds": "data:;base64,canary")") ==
          "creds: 'data' is a way to look it up that is not taken (name a file)\n");
    CHECK(home.complaint(R"("nkey": "SUACSSL3UAHUDXKFSNVUZRF5UHPMWZ6BFDTJ7M6USDXIEDNPPQYYYCU3VY")") ==
          "nkey: the seed itself stands here, where logs may show it (write it into a file, and name that)\n");
}

TEST_CASE("context: TLS, prefixes, and what cannot be honoured") {
    Home home;
    CHECK_FALSE(home.nats("").tls.enabled);
    auto nats = home.nats(R"("ca": "/ca")");
    CHECK(nats.tls.enabled);
    CHECK(nats.tls.ca_file == "/ca");
    nats = home.nats(R"("cert": "/c", "key": "/k")");
    CHECK(nats.tls.enabled);
    CHECK(nats.tls.cert_file == "/c");
    CHECK(nats.tls.key_file == "/k");
    CHECK(home.nats(R"("jetstream_domain": "hub")").jetstream_domain == "hub");
    CHECK(home.nats(R"("jetstream_api_prefix": "JS.hub.API.")").api_prefix == "JS.hub.API");
    CHECK(home.nats(R"("inbox_prefix": "_I.x")").inbox_prefix == "_I.x");

    CHECK(home.complaint(R"("cert": "/c")") == "cert: has no key beside it (they go together)\n");
    CHECK(home.complaint(R"("jetstream_domain": "a.b")").starts_with("jetstream_domain: 'a.b' has a dot"));
    CHECK(home.complaint(R"("jetstream_api_prefix": "a.*")").starts_with("jetstream_api_prefix: 'a.*' has a wildcard"));
    CHECK(home.complaint(R"("jetstream_domain": "a", "jetstream_api_prefix": "b")") ==
          "jetstream_api_prefix: cannot stand beside jetstream_domain, which is a prefix too (remove one)\n");
    CHECK(home.complaint(R"("inbox_prefix": "a.>")").starts_with("inbox_prefix: 'a.>' has a wildcard"));
    CHECK(home.complaint(R"("tls_first": true)").starts_with("tls_first: is set, and TLS begins only after"));
    CHECK(home.complaint(R"("socks_proxy": "socks5://u:canary@p")") ==
          "socks_proxy: is set, and servers are reached directly only (remove it if they can be)\n");
    CHECK(home.complaint(R"("windows_cert_store": "user")") ==
          "windows_cert_store: 'user' is a store of Windows (name files in cert, key and ca)\n");
}

TEST_CASE("context: paths as the CLI expands them") {
    Home home;
    setenv("MILLRACE_TEST", "there", 1);
    setenv("HOME", "/home/me", 1);
    const auto creds = [&](const std::string& path) {
        return home.nats(R"("creds": ")" + path + "\"").credentials_file;
    };
    CHECK(creds("$MILLRACE_TEST/a") == "there/a");
    CHECK(creds("/x/${MILLRACE_TEST}y$MILLRACE_TEST") ==
          "/x/therey"
          "there");
    CHECK(creds("~/a") == "/home/me/a");
    CHECK(creds("~a") == "~a");
    CHECK(creds("file:///a/b") == "/a/b");
    CHECK(home.complaint(R"("creds": "/a/$MILLRACE_NOT_THERE")") ==
          "creds: '$MILLRACE_NOT_THERE' is not set in the environment\n");
    for (const char* path : {"/a/$", "/a/$/b", "${MILLRACE_TEST", "${}"})
        CHECK(home.complaint(R"("creds": ")" + std::string(path) + "\"") ==
              "creds: has a $ in it that begins no variable (write $NAME or ${NAME})\n");
    unsetenv("MILLRACE_TEST");
}

TEST_CASE("context: where it is looked for") {
    Home home;
    CHECK(home.read("").settings.nats.context == "hub");
    CHECK(home.said == "");
    CHECK(home.read("", home.path()).settings.nats.context == home.path());
    home.read("", "elsewhere");
    CHECK(home.said == "t.yaml: --context: NATS context \"" + (home.folder / "nats/context/elsewhere.json").string() +
                           "\" cannot be read: No such file or directory\n");
    for (const char* name : {"a/b", "..", "a\\b", "../hub", "/etc/passwd"}) {
        home.read("", name);
        CHECK(home.said.starts_with("t.yaml: --context: '" + std::string(name) + "' is no context (write its name"));
    }
    unsetenv("XDG_CONFIG_HOME");
    setenv("HOME", home.folder.c_str(), 1);
    std::filesystem::create_directories(home.folder / ".config");
    std::filesystem::rename(home.folder / "nats", home.folder / ".config" / "nats");
    auto reading = load_with_places("t.yaml", kSample).value();
    Problems problems("t.yaml");
    read_nats_context(reading, "hub", problems);
    CHECK(problems.empty());
    CHECK(reading.settings.nats.context == "hub");
    unsetenv("HOME");
    read_nats_context(reading, "hub", problems);
    CHECK(format(std::move(problems).take().front()) ==
          "t.yaml: --context: 'hub' cannot be looked for (set HOME or XDG_CONFIG_HOME)");
}

TEST_CASE("context: it is all of nats") {
    Home home;
    const std::string section = R"(nats: {urls: ["nats://127.0.0.1:4222"]})";
    const auto with = [&](const std::string& nats) { return sample_with(section, "nats: {" + nats + "}"); };
    CHECK(home.read(R"("url": "a")", "", with("context: hub")).settings.nats.urls.front() == "nats://a");
    CHECK(complaints(with("context: hub, urls: ['nats://b'], tls: {enabled: true}")) ==
          "t.yaml:2:28: nats.urls: cannot stand beside nats.context, which is all there is (remove one)\n"
          "t.yaml:2:57: nats.tls.enabled: cannot stand beside nats.context, which is all there is (remove one)\n");
    // The command line's goes before everything that the file says.
    const auto given =
        home.read(R"("url": "a")", "hub", with("user: u, password_file: /p, inbox_prefix: _I")).settings.nats;
    CHECK(given.user == "");
    CHECK(given.password_file == "");
    CHECK(given.inbox_prefix == "");
    CHECK(home.read(R"("url": "a")", "hub", with("context: other")).settings.nats.urls.front() == "nats://a");
    home.read(R"("url": 1)", "", with("context: hub"));
    CHECK(home.said.starts_with("t.yaml:2:17: nats.context: NATS context \""));
}

TEST_CASE("context: its file is looked at as one that holds a secret") {
    Home home;
    const auto looked = [&](const std::string& members) {
        std::string out;
        for (const Problem& problem : inspect("t.yaml", home.read(members))) out += format(problem) + "\n";
        return out;
    };
    std::ofstream(home.path()) << "{}";
    ::chmod(home.path().c_str(), 0644);
    CHECK(looked("") == "");
    CHECK(looked(R"("token": "canary", "url": "nats://a")") ==
          "t.yaml:2:1: warning: nats.token_file: '" + home.path() +
              "' holds a secret and can be read by everybody (chmod o-r)\n"
              "t.yaml:2:1: warning: nats.urls[0]: 'nats://a' sends the password or token unencrypted (set "
              "nats.tls.enabled: true)\n");
    ::chmod(home.path().c_str(), 0640);
    CHECK(looked(R"("token": "canary")") == "");
    CHECK(looked(R"("creds": "/nowhere/x")").contains("'/nowhere/x' cannot be opened"));
}
