// A real nats-server with JetStream on a free loopback port, its store in a temporary folder, and a cluster of three of
// them. MILLRACE_NATS_SERVER names another program than the nats-server on the PATH.
#pragma once

#include <arpa/inet.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <vector>

extern char** environ;

namespace millrace::contract {

inline int free_port() {
    const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    const bool bound = ::bind(fd, reinterpret_cast<sockaddr*>(&address), size) == 0 &&
                       ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) == 0;
    ::close(fd);
    if (!bound) throw std::runtime_error("no free port");
    return ntohs(address.sin_port);
}

// One nats-server process, killed with its folder at the end.
class NatsServer {
  public:
    NatsServer() : port_(free_port()) {
        std::string shape = (std::filesystem::temp_directory_path() / "millrace-contract-XXXXXX").string();
        if (::mkdtemp(shape.data()) == nullptr) throw std::runtime_error("no temporary folder");
        folder_ = shape;
    }
    ~NatsServer() {
        kill();
        std::error_code ignored;
        std::filesystem::remove_all(folder_, ignored);
    }
    NatsServer(const NatsServer&) = delete;
    NatsServer& operator=(const NatsServer&) = delete;

    // `more` is added to the server's configuration. An entry of `jetstream` goes into its block.
    void start(const std::string& more = "", const std::string& jetstream = "") {
        jetstream_ = jetstream;
        configure(more);
        const std::string path = (folder_ / "server.conf").string();
        const std::string log = (folder_ / "server.log").string();
        const char* name = std::getenv("MILLRACE_NATS_SERVER");
        const std::string program = name != nullptr ? name : "nats-server";
        const char* arguments[] = {program.c_str(), "-c", path.c_str(), "-l", log.c_str(), nullptr};
        if (::posix_spawnp(&pid_, program.c_str(), nullptr, nullptr, const_cast<char**>(arguments), environ) != 0)
            throw std::runtime_error("cannot start " + program);
    }
    void kill() {
        if (pid_ <= 0) return;
        ::kill(pid_, SIGKILL);
        ::waitpid(pid_, nullptr, 0);
        pid_ = 0;
    }
    // Neither reads nor answers; what is sent to it waits in the sockets.
    void suspend() const { ::kill(pid_, SIGSTOP); }
    void resume() const { ::kill(pid_, SIGCONT); }
    // Reads its configuration file again, with other additions.
    void reload(const std::string& more) {
        configure(more);
        ::kill(pid_, SIGHUP);
    }
    [[nodiscard]] std::string url() const { return "nats://127.0.0.1:" + std::to_string(port_); }

    [[nodiscard]] const std::filesystem::path& folder() const { return folder_; }

  private:
    void configure(const std::string& more) const {
        std::ofstream(folder_ / "server.conf") << "listen: \"127.0.0.1:" << port_ << "\"\njetstream { store_dir: \""
                                               << (folder_ / "store").string() << "\"\n"
                                               << jetstream_ << " }\n"
                                               << more;
    }

    int port_;
    pid_t pid_ = 0;
    std::filesystem::path folder_;
    std::string jetstream_;
};

// Three that are one. Killed and started together; the ports and the stores stay.
class NatsCluster {
  public:
    NatsCluster() {
        for (int& port : route_ports_) port = free_port();
    }

    void start(const std::string& more = "") {
        std::string routes;
        for (const int port : route_ports_) {
            routes += (routes.empty() ? "\"" : ", \"") + ("nats://127.0.0.1:" + std::to_string(port)) + "\"";
        }
        for (std::size_t i = 0; i < members_.size(); ++i) {
            members_[i].start("server_name: s" + std::to_string(i) +
                              "\ncluster { name: millrace, listen: \"127.0.0.1:" + std::to_string(route_ports_[i]) +
                              "\", routes: [" + routes + "] }\n" + more);
        }
    }
    void kill() {
        for (auto& member : members_) member.kill();
    }
    [[nodiscard]] std::vector<std::string> urls() const {
        std::vector<std::string> out;
        for (const auto& member : members_) out.push_back(member.url());
        return out;
    }

  private:
    std::array<NatsServer, 3> members_;
    std::array<int, 3> route_ports_{};
};

}  // namespace millrace::contract
