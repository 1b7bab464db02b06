// A model endpoint that costs next to nothing, so that the bench measures the bridge: answers every row of a request
// with the row's own first number, which lets the bench check that each score came back to its event.
//
// Bodies: {"Inputs":{"WebServiceInput0":[…]}}, {"data":[…]} or […], rows being arrays or records; anything else is 400.
// Thread: one for each connection, which is also what makes --delay-ms a plain sleep.
// Prints `listening on PORT` and serves until it is stopped.
#include <microhttpd.h>
#include <netinet/in.h>
#include <signal.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdio>
#include <optional>
#include <string>
#include <string_view>
#include <thread>

namespace millrace::bench {
namespace {

using std::string_view;

// Walks over JSON that is taken to be well formed as far as brackets and strings go; says so when it is not.
class Walk {
  public:
    explicit Walk(string_view text) : text_(text) {}

    // Past the next '['; false when there is none outside of strings.
    bool enter_list() {
        while (at_ < text_.size()) {
            if (text_[at_] == '"') {
                skip_string();
            } else if (text_[at_++] == '[') {
                return true;
            }
        }
        return false;
    }

    // The first number of each element up to the list's end, with commas between; nothing when a row has none, or the
    // list does not end.
    std::optional<std::string> first_numbers() {
        std::string out;
        if (next() == ']') return out;
        while (at_ < text_.size()) {
            const auto number = element();
            if (number.empty()) return {};
            if (!out.empty()) out += ',';
            out += number;
            const char after = next();
            ++at_;
            if (after == ']') return out;
            if (after != ',') return {};
        }
        return {};
    }

  private:
    static bool in_number(char c) { return (c >= '0' && c <= '9') || c == '-' || c == '+' || c == '.'; }

    char next() {
        while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\n')) ++at_;
        return at_ < text_.size() ? text_[at_] : '\0';
    }

    void skip_string() {
        for (++at_; at_ < text_.size() && text_[at_] != '"'; ++at_) {
            if (text_[at_] == '\\') ++at_;
        }
        ++at_;
    }

    // Past one element, whatever is nested in it; its first number.
    string_view element() {
        string_view number;
        for (int depth = 0; at_ < text_.size();) {
            const char c = text_[at_];
            if (depth == 0 && (c == ',' || c == ']')) break;
            if (c == '"') {
                skip_string();
                continue;
            }
            if (number.empty() && in_number(c)) {
                const auto begin = at_;
                while (at_ < text_.size() && (in_number(text_[at_]) || text_[at_] == 'e' || text_[at_] == 'E')) ++at_;
                number = text_.substr(begin, at_ - begin);
                continue;
            }
            depth += c == '[' || c == '{' ? 1 : c == ']' || c == '}' ? -1 : 0;
            ++at_;
        }
        return number;
    }

    string_view text_;
    std::size_t at_ = 0;
};

// Request body → answer; nothing for a body without rows.
std::optional<std::string> answer(string_view body) {
    Walk walk(body);
    if (!walk.enter_list()) return {};
    const auto numbers = walk.first_numbers();
    if (!numbers) return {};
    if (body.starts_with(R"({"Inputs")")) return R"({"Results":{"WebServiceOutput0":[)" + *numbers + "]}}";
    if (body.starts_with('{')) return R"({"Results":[)" + *numbers + "]}";
    return '[' + *numbers + ']';
}

struct Service {
    std::chrono::milliseconds delay{};
};

MHD_Result respond(MHD_Connection* connection, unsigned status, std::string_view body) {
    MHD_Response* response =
        MHD_create_response_from_buffer(body.size(), const_cast<char*>(body.data()), MHD_RESPMEM_MUST_COPY);
    MHD_add_response_header(response, "Content-Type", "application/json");
    const MHD_Result queued = MHD_queue_response(connection, status, response);
    MHD_destroy_response(response);
    return queued;
}

// Called once for the head, once for each piece of the body, once behind it.
MHD_Result on_request(void* service, MHD_Connection* connection, const char*, const char*, const char*,
                      const char* piece, size_t* size, void** request) {
    if (*request == nullptr) {
        *request = new std::string;
        return MHD_YES;
    }
    auto& body = *static_cast<std::string*>(*request);
    if (*size > 0) {
        body.append(piece, *size);
        *size = 0;
        return MHD_YES;
    }
    std::this_thread::sleep_for(static_cast<const Service*>(service)->delay);
    const auto found = answer(body);
    return found ? respond(connection, 200, *found) : respond(connection, 400, R"({"message":"no rows"})");
}

void on_end(void*, MHD_Connection*, void** request, MHD_RequestTerminationCode) {
    delete static_cast<std::string*>(*request);
    *request = nullptr;
}

int serve(std::uint16_t port, Service service) {
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    pthread_sigmask(SIG_BLOCK, &signals, nullptr);
    signal(SIGPIPE, SIG_IGN);

    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    MHD_Daemon* daemon = MHD_start_daemon(
        MHD_USE_THREAD_PER_CONNECTION | MHD_USE_INTERNAL_POLLING_THREAD, 0, nullptr, nullptr, &on_request, &service,
        MHD_OPTION_SOCK_ADDR, reinterpret_cast<sockaddr*>(&address), MHD_OPTION_NOTIFY_COMPLETED, &on_end, nullptr,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, size_t{256} << 10, MHD_OPTION_END);
    if (daemon == nullptr) {
        std::perror("cannot listen");
        return 1;
    }
    std::printf("listening on %u\n", unsigned{MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_BIND_PORT)->port});
    std::fflush(stdout);
    int number = 0;
    sigwait(&signals, &number);
    MHD_stop_daemon(daemon);
    return 0;
}

}  // namespace
}  // namespace millrace::bench

int main(int argc, char** argv) {
    std::uint16_t port = 0;
    unsigned delay_ms = 0;
    CLI::App app("Answers each row of a request with the row's first number.");
    app.add_option("--port", port, "0 picks a free one")->capture_default_str();
    app.add_option("--delay-ms", delay_ms, "before each answer")->capture_default_str();
    CLI11_PARSE(app, argc, argv);
    return millrace::bench::serve(port, {std::chrono::milliseconds(delay_ms)});
}
