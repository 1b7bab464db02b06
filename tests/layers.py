"""Reads the #include lines and fails on one that goes up a layer, sideways, or reaches a library out of its place."""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent

LEVEL = {
    "bridge/base": 0,
    "subjects": 1, "bridge/windows": 1, "bridge/expression": 1, "bridge/signature": 1, "bridge/settings": 1, "bridge/state": 1,
    "bridge/engine": 2, "bridge/protocols": 2, "bridge/codec": 2, "bridge/ports": 2, "auth": 2,
    "bridge/io": 3,
    "bridge/shard": 4, "bridge/config": 4,
    "bridge/cli": 5, "bridge/app": 5, "bridge": 5,
}
# Which files may name a library: the header's prefix → a pattern of paths.
ALLOWED = {
    "nats": r"bridge/io/nats_\w+\.cc",
    "curl/": r"bridge/io/curl_\w+\.cc",
    "spdlog/": r"bridge/base/log\.cc",
    "simdjson": r"(.*\.cc|bridge/signature/json.h)",
    "yaml-cpp/": r"bridge/config/\w+\.cc",
    "CLI/": r"bridge/cli/\w+\.cc",
    "microhttpd": r"bridge/io/\w+\.cc",
    "prometheus/": r"bridge/io/(\w+\.cc|metrics_series\.h)",
    "openssl/": r".*\.cc",
    "sodium": r"auth/xkey\.cc",
    "gmpxx": r"bridge/windows/\w+\.cc",
}
# Level 5 is one room: main, app and cli see each other.
INCLUDE = re.compile(r'^\s*#include\s+([<"])([^>"]+)[>"]', re.M)


def problems():
    for path in sorted([*ROOT.glob("bridge/**/*.h"), *ROOT.glob("bridge/**/*.cc"), *ROOT.glob("subjects/*.*"), *ROOT.glob("auth/*.*")]):
        here = str(path.relative_to(ROOT))
        folder = str(path.parent.relative_to(ROOT))
        if folder not in LEVEL:
            yield f"{here}: folder {folder} has no layer"
            continue
        for kind, name in INCLUDE.findall(path.read_text()):
            if kind == '"':
                target = str(pathlib.PurePosixPath(name).parent)
                if target not in LEVEL or not (ROOT / name).exists():
                    yield f"{here}: #include \"{name}\" is no file of the tree"
                elif target != folder and LEVEL[target] >= LEVEL[folder] and LEVEL[folder] != 5:
                    yield f"{here}: layer {LEVEL[folder]} includes {name} of layer {LEVEL[target]}"
            else:
                for prefix, where in ALLOWED.items():
                    if name.startswith(prefix) and not re.fullmatch(where, here):
                        yield f"{here}: #include <{name}> belongs in {where}"
                if folder == "bridge/engine" and "/" in name:
                    yield f"{here}: the engine includes no third-party header, but <{name}>"


found = list(problems())
for line in found:
    print(line)
sys.exit(1 if found else 0)
