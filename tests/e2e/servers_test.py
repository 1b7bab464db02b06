"""Real model servers from PyPI: each score comes back on its own event, equal to the model called directly.

Each server is in an environment of its own (.ci/venv install NAME). Events that a model cannot take (`distance: far`) are the
only dead letters. E2E_EVENTS is how many events a test sends.
"""
import json
import os
import pathlib
import random
import signal
import subprocess
import unittest
import urllib.request
import zlib

from harness import BINARY, HERE, ROOT, EndToEnd, Stage, free_port, wait_until

from nats_wire import AckedPublisher

EVENTS = int(os.environ.get("E2E_EVENTS", 2000))
TENANTS = ("alpha", "beta")
MODELS = HERE / "models"
FEATURES = ("distance", "passenger", "hour")

CONFIG = """\
version: 1
nats: {{urls: ["{url}"]}}
admin: {{listen: 127.0.0.1:{admin}}}
pipelines:
  - name: scores
    input: {{stream: EVENTS, subject: "events.{{tenant}}.raw"}}
    event: {{features: [{features}]}}
    endpoint:
      url: {endpoint_url}
{more_endpoint}
    results: {{subject: "results.{{tenant}}.scores", include: [n]}}
    dead_letter: {{subject: "dead.{{tenant}}.scores"}}
"""


def environment(name):
    """The folder of an environment's programs."""
    cache = subprocess.run([ROOT / ".ci" / "venv", "path"], check=True, capture_output=True, text=True).stdout.strip()
    return pathlib.Path(cache) / name / "bin"


class ServerStage(Stage):
    """A model server in the place of the scripted endpoint, and events that are taxi trips."""

    config = CONFIG

    def __init__(self):
        super().__init__()
        self.settings["features"] = ", ".join(FEATURES)

    def make_endpoint(self):
        """It is started by the test."""

    def start(self, server, argv, port, ready, **env):
        """Starts a model server on `port` and waits until GET `ready` is a 200."""
        child = self._children.start(server, argv, self.folder / f"millrace-{server}.log",
                                     {"PYTHONPATH": str(MODELS), "PYTHONDONTWRITEBYTECODE": "1", **env})

        def answers():
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}{ready}", timeout=2) as answer:
                    return answer.status == 200
            except OSError:
                return False
        wait_until(answers, f"{server} is ready", 90.0, child, 0.2)
        return child

    def start_kserve(self, port):
        """KServe's model server, which speaks both versions; its model is twice the sum of a row."""
        return self.start("kserve", [environment("kserve") / "python", MODELS / "kserve_model.py", "--http_port", port, "--grpc_port",
                                     free_port()], port, "/v2/models/fares/ready")

    def python(self, server, *argv):
        """Runs the model's own script in a server's environment."""
        subprocess.run([environment(server) / "python", MODELS / "taxi.py", *argv], check=True, timeout=120)

    def score(self, url, endpoint, poison=(), meanwhile=lambda: None, misfits=()):
        """Sends all events through a bridge with this endpoint; returns (scores by event, headers of dead letters by event)."""
        self.settings.update(endpoint_url=url, more_endpoint="\n".join("      " + line for line in endpoint.splitlines()))
        self.start_bridge()
        publisher = AckedPublisher(self.connection)
        for n, row in enumerate(rows()):
            event = dict(zip(FEATURES, row), n=n, text=text_of(row))
            if n in poison:
                event["distance"] = "far"
            if n in misfits:
                event["hour"] = "late"
            publisher.send(f"events.{TENANTS[n % 2]}.raw", json.dumps(event).encode(), str(n))
        publisher.drain()
        meanwhile()
        self.settle()
        scores, dead = {}, {}
        for message in self.jetstream.read("RESULTS"):
            body = json.loads(message.payload)
            assert message.subject.split(".")[1] == TENANTS[body["n"] % 2], "another tenant's"
            into, what = (scores, body.get("score")) if message.subject.startswith("results.") else (dead, dict(message.headers))
            assert body["n"] not in into, "twice"
            into[body["n"]] = what
        return scores, dead


def rows():
    """The trips; every value is a number JSON and Python write alike."""
    chance = random.Random(7)
    return [[round(chance.uniform(0, 30), 3), chance.randrange(1, 8), chance.randrange(24)] for _ in range(EVENTS)]


def text_of(row):
    """A trip in words."""
    return f"{row[0]} km \\ \"{row[1]}\" at {row[2]} o'clock, größer {row}"


class ServerTest(EndToEnd):
    """What the tests of all servers have in common."""

    def stage_for(self, server):
        """A stage with the trained model in its folder, and the scores of all rows."""
        if not (environment(server) / "python").exists():
            self.fail(f"no environment {server}: run .ci/venv install {server}")
        stage = self.put_on(ServerStage)
        stage.python(server, "train", stage.folder)
        (stage.folder / "rows.json").write_text(json.dumps(rows()), encoding="utf-8")
        stage.python(server, "score", stage.folder)
        return stage, json.loads((stage.folder / "scores.json").read_text(encoding="utf-8"))

    @staticmethod
    def mlserver(stage, declared=None):
        """MLServer with the trained model, and what its settings declare beside; returns its port."""
        http, grpc, metrics = free_port(), free_port(), free_port()
        (stage.folder / "settings.json").write_text(json.dumps(
            {"host": "127.0.0.1", "http_port": http, "grpc_port": grpc, "metrics_port": metrics, "parallel_workers": 0}))
        (stage.folder / "model-settings.json").write_text(json.dumps(
            {"name": "taxi", "implementation": "mlserver_sklearn.SKLearnModel", "parameters": {"uri": "./model.joblib"},
             **(declared or {})}))
        stage.start("mlserver", [environment("mlserver") / "mlserver", "start", stage.folder], http, "/v2/models/taxi/ready")
        return http

    def judge(self, stage, got, expected, poison=()):
        """Every event has its own score, or is one of the poisoned."""
        scores, dead = got
        self.assertEqual(set(dead), set(poison), f"dead letters: {list(dead.values())[:3]}")
        self.assertEqual(set(scores), set(range(EVENTS)) - set(poison))
        wrong = {n: (score, expected[n]) for n, score in scores.items() if score != expected[n]}
        self.assertFalse(wrong, f"{len(wrong)} wrong: {dict(list(wrong.items())[:3])}")
        stage.stop_bridge(self)
        stage.failed = False


class AzuremlTest(ServerTest):
    def score(self, script, endpoint, expect=lambda row, score: score, poison=(), **env):
        """The inference server of Azure ML with one of our scoring scripts."""
        stage, scores = self.stage_for("azureml")
        port = free_port()
        stage.start("azureml", [environment("azureml") / "azmlinfsrv", "--entry_script", MODELS / script, "--port", port], port, "/",
                    AZUREML_MODEL_DIR=str(stage.folder), PATH=f"{environment('azureml')}:{os.environ['PATH']}", **env)
        got = stage.score(f"http://127.0.0.1:{port}/score", "protocol: azureml\n" + endpoint, poison)
        self.judge(stage, got, [expect(row, score) for row, score in zip(rows(), scores)], poison)

    def test_decorated(self):
        self.score("score_decorated.py", "body: inputs")

    def test_undecorated_that_raises_on_some_rows(self):
        self.score("score_bare.py", "body: data", poison=(3, EVENTS // 2))

    def test_nan(self):
        self.score("score_bare.py", "body: data", lambda row, score: None if row[1] == 7 else score, MODE="nan")

    def test_json_in_a_string(self):
        self.score("score_bare.py", "body: data", MODE="dumps")


class SignatureTest(ServerTest):
    """What real servers say they take: printed, and held against the events."""

    def azureml(self, stage, script, port, **env):
        """The inference server of Azure ML on this port."""
        return stage.start("azureml", [environment("azureml") / "azmlinfsrv", "--entry_script", MODELS / script, "--port", port], port,
                           "/", AZUREML_MODEL_DIR=str(stage.folder), PATH=f"{environment('azureml')}:{os.environ['PATH']}", **env)

    def printed(self, stage, url, endpoint, code=0):
        """What `millrace signature` says of an endpoint."""
        settings = dict(stage.settings, endpoint_url=url, more_endpoint="\n".join("      " + line for line in endpoint.splitlines()))
        config = stage.folder / "signature.yaml"
        config.write_text(stage.config.format(admin=free_port(), **settings), encoding="utf-8")
        done = subprocess.run([BINARY, "signature", "-c", config], capture_output=True, text=True, timeout=30, check=False)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return done.stdout

    def test_azureml_prints_it(self):
        stage = self.stage_for("azureml")[0]
        port, bare = free_port(), free_port()
        self.azureml(stage, "score_records.py", port, ROWS=str(stage.folder / "rows"))
        text = self.printed(stage, f"http://127.0.0.1:{port}/score", "protocol: azureml\nrows: records")
        self.assertIn("takes\n  distance   string\n  passenger  int64\n  hour       int64\ngives\n  WebServiceOutput0  float64\n", text)
        block = text[text.index("  signature:\n"):].replace("\n  ", "\n")[2:]
        self.assertEqual(self.printed(stage, f"http://127.0.0.1:{port}/score", "protocol: azureml\nrows: records\n" + block)
                         .split("takes", 1)[1], text.split("takes", 1)[1], "what is printed can be pasted")
        self.azureml(stage, "score_bare.py", bare)
        self.assertIn("is the scoring script's run() decorated", self.printed(stage, f"http://127.0.0.1:{bare}/score", "body: data", 1))
        stage.failed = False

    def test_mlserver_prints_what_is_declared(self):
        stage = self.stage_for("mlserver")[0]
        http = self.mlserver(stage, {"inputs": [{"name": "distance", "datatype": "FP64", "shape": [-1, 1]},
                                                {"name": "kind", "datatype": "BYTES", "shape": [-1, 1]}],
                                     "outputs": [{"name": "predict", "datatype": "FP64", "shape": [-1, 1]}]})
        url, endpoint = f"http://127.0.0.1:{http}/v2/models/taxi/infer", "protocol: open_inference\ntensors: {x: FP64}\nsignature: "
        self.assertIn("takes\n  distance  float64\n  kind      string\ngives\n  predict  float64\n",
                      self.printed(stage, url, endpoint + "endpoint", 1))  # of three features by place, it takes two
        stage.failed = False

    def test_mlflow_has_a_file(self):
        stage = self.stage_for("mlflow")[0]
        stage.python("mlflow", "mlflow_signed", stage.folder)
        endpoint = "protocol: mlflow\nsignature: "
        self.assertIn("name the model's MLmodel file", self.printed(stage, "http://127.0.0.1:1/invocations", endpoint + "endpoint", 1))
        self.assertIn("takes\n  distance   float64\n  passenger  int64\n  hour       int64?\n",
                      self.printed(stage, "http://127.0.0.1:1/invocations", endpoint + f"{{file: {stage.folder}/signed/MLmodel}}"))
        stage.failed = False

    def test_numbers_become_texts_and_a_misfit_never_reaches_it(self):
        stage = self.stage_for("azureml")[0]
        port, seen = free_port(), stage.folder / "rows"
        self.azureml(stage, "score_records.py", port, ROWS=str(seen))
        scores, dead = stage.score(f"http://127.0.0.1:{port}/score", "protocol: azureml\nrows: records", misfits=(7, EVENTS // 2))
        self.assertEqual(set(dead), {7, EVENTS // 2})
        for headers in dead.values():
            self.assertEqual((headers["Millrace-Reason"], headers["Millrace-Detail"], headers["Millrace-Attempt"]),
                             ("signature_misfit", "hour: expected int64, found a string that is no number", "0"))
        self.assertEqual(scores, {n: 2 * row[0] + row[1] for n, row in enumerate(rows()) if n not in dead})
        asked = [json.loads(line) for line in seen.read_text(encoding="utf-8").splitlines()]
        self.assertTrue(all(isinstance(row["distance"], str) for row in asked))
        self.assertEqual(len(asked), EVENTS - 2)
        stage.stop_bridge(self)
        stage.failed = False

    def test_another_deployment_holds_and_the_first_one_resumes(self):
        stage = self.stage_for("azureml")[0]
        port, seen = free_port(), stage.folder / "rows"
        server = self.azureml(stage, "score_records.py", port, ROWS=str(seen))
        url = f"http://127.0.0.1:{port}/score"

        def publish(numbers):
            publisher = AckedPublisher(stage.connection)
            for n in numbers:
                publisher.send("events.alpha.raw", json.dumps({"distance": n + 0.5, "passenger": 1, "hour": 2, "n": n}).encode(), str(n))
            publisher.drain()

        stage.settings.update(endpoint_url=url, more_endpoint="      protocol: azureml\n      rows: records")
        server.kill()
        stage.start_bridge()  # before the endpoint, which is nothing to fail for
        publish(range(100))
        log = stage.folder / "millrace-1.log"
        self.wait(lambda: "signature cannot be read yet" in log.read_text(), "the bridge waits for the signature")
        server = self.azureml(stage, "score_records.py", port, ROWS=str(seen))
        stage.settle()
        server.kill()
        publish(range(100, 200))
        self.azureml(stage, "score_records.py", port, ROWS=str(seen), TAKES="float")
        self.wait(lambda: "expected distance string" in log.read_text(), "the bridge holds for another signature", 90)
        stage.stop_bridge(self)
        stage.start_bridge()  # takes it as it is
        stage.settle()
        asked = [json.loads(line)["distance"] for line in seen.read_text(encoding="utf-8").splitlines()]
        self.assertEqual({type(distance) for distance in asked[:100]}, {str})
        self.assertEqual({type(distance) for distance in asked[-100:]}, {float})
        subjects = [message.subject for message in stage.jetstream.read("RESULTS")]
        self.assertEqual((len(subjects), set(subjects)), (200, {"results.alpha.scores"}), "nothing is dead-lettered for it")
        stage.stop_bridge(self)
        stage.failed = False


class MlserverTest(ServerTest):
    def score(self, endpoint, poison=()):
        """MLServer with its own scikit-learn runtime."""
        stage, scores = self.stage_for("mlserver")
        http = self.mlserver(stage)
        got = stage.score(f"http://127.0.0.1:{http}/v2/models/taxi/infer", "protocol: open_inference\n" + endpoint, poison)
        self.judge(stage, got, scores, poison)

    def test_matrix(self):
        self.score("tensors: {input-0: FP64}")

    def test_columns(self):
        self.score("body: columns\ntensors: {distance: FP64, passenger: INT64, hour: INT64}\n"
                      "extras: {parameters: {content_type: pd}}")

    def test_that_raises_on_a_row(self):
        self.score("tensors: {input-0: FP64}", poison=(EVENTS // 2,))


class MlflowTest(ServerTest):
    def score(self, endpoint, poison=()):
        """`mlflow models serve`."""
        stage, scores = self.stage_for("mlflow")
        stage.python("mlflow", "mlflow", stage.folder)
        port = free_port()
        stage.start("mlflow", [environment("mlflow") / "mlflow", "models", "serve", "-m", stage.folder / "mlflow", "--env-manager",
                               "local", "-h", "127.0.0.1", "-p", port], port, "/ping",
                    PATH=f"{environment('mlflow')}:{os.environ['PATH']}")
        got = stage.score(f"http://127.0.0.1:{port}/invocations", "protocol: mlflow\n" + endpoint, poison)
        self.judge(stage, got, scores, poison)

    def test_split_that_raises_on_some_rows(self):
        self.score("body: dataframe_split", (5, EVENTS // 2))

    def test_records(self):
        self.score("body: dataframe_records\nrows: records")

    def test_inputs(self):
        self.score("body: inputs")


class KserveTest(ServerTest):
    def score(self, path, endpoint, poison=()):
        stage = self.put_on(ServerStage)
        port = free_port()
        stage.start_kserve(port)
        got = stage.score(f"http://127.0.0.1:{port}{path}", endpoint, poison)
        self.judge(stage, got, [2 * sum(row) for row in rows()], poison)

    def test_instances(self):
        self.score("/v1/models/fares:predict", "protocol: tensorflow_serving", (4, EVENTS // 3))

    def test_open_inference(self):
        self.score("/v2/models/fares/infer", "protocol: open_inference\ntensors: {x: FP64}")

    def test_binary_matrix(self):
        self.score("/v2/models/fares/infer", "protocol: open_inference\nbody: binary_matrix\ntensors: {x: FP64}", (4, EVENTS // 3))

    def test_binary_columns(self):
        self.score("/v2/models/fares/infer", "protocol: open_inference\nbody: binary_columns\n"
                   "tensors: {distance: FP64, passenger: INT8, hour: UINT64}", (4, EVENTS // 3))


NGINX = """\
{user}daemon off;
pid {folder}/nginx.pid;
error_log {folder}/nginx-error.log;
events {{ worker_connections 256; }}
http {{
    log_format status $status;
    access_log {folder}/statuses.log status;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    limit_req_zone $server_port zone=all:1m rate=5r/s;
    limit_req_status 429;
    server {{
        listen 127.0.0.1:{port};
        client_max_body_size 1500;
        location /v1/ {{
            limit_req zone=all burst=1 nodelay;
            proxy_read_timeout 500ms;
            proxy_pass http://127.0.0.1:{model};
        }}
    }}
}}
"""


class GatewayTest(ServerTest):
    def test_what_nginx_says_in_front_of_a_server_loses_no_event(self):
        stage = self.put_on(ServerStage)
        port, model_port = free_port(), free_port()
        model = stage.start_kserve(model_port)
        config = stage.folder / "nginx.conf"
        config.write_text(NGINX.format(folder=stage.folder, port=port, model=model_port, user="user root;\n" if os.getuid() == 0 else ""),
                          encoding="ascii")
        stage.start("nginx", ["nginx", "-p", stage.folder, "-c", config, "-e", stage.folder / "nginx-error.log"], port,
                    "/v1/models/fares", PATH=f"{os.environ['PATH']}:/usr/sbin")
        model.signal(signal.SIGSTOP)
        statuses = stage.folder / "statuses.log"

        def meanwhile():
            self.wait(lambda: "504" in statuses.read_text(), "a 504 of a model that hangs")
            model.kill()
            self.wait(lambda: "502" in statuses.read_text(), "a 502 of a model that is gone")
            stage.start_kserve(model_port)

        got = stage.score(f"http://127.0.0.1:{port}/v1/models/fares:predict",
                          "protocol: tensorflow_serving\nparallel_requests_per_partition: 4", meanwhile=meanwhile)
        self.judge(stage, got, [2 * sum(row) for row in rows()])
        self.assertLessEqual({"200", "413", "429", "502", "504"}, set(statuses.read_text().split()))


class TritonTest(ServerTest):
    """A double, which Triton's own client has to take for the real thing first."""

    def test_binary_columns(self):
        stage = self.put_on(ServerStage)
        stage.settings["features"] = "distance, passenger, n, text"
        port = free_port()
        stage.start("triton", [environment("triton") / "python", MODELS / "triton_double.py", port], port, "/v2")
        subprocess.run([environment("triton") / "python", MODELS / "triton_client.py", f"127.0.0.1:{port}"], check=True, timeout=60,
                       env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"})
        got = stage.score(f"http://127.0.0.1:{port}/v2/models/echo/infer", "protocol: open_inference\nbody: binary_columns\n"
                          "tensors: {distance: FP64, passenger: INT8, n: INT64, text: BYTES}", (9, EVENTS // 2))
        self.judge(stage, got, [{"distance": row[0], "passenger": row[1], "n": n, "text": text_of(row), "elements": 4}
                                for n, row in enumerate(rows())], (9, EVENTS // 2))


class OpenaiTest(ServerTest):
    """A double, which OpenAI's own client has to take for the real thing first."""

    def score(self, path, endpoint, expect):
        stage = self.put_on(ServerStage)
        stage.settings["features"] = "text"
        port = free_port()
        stage.start("openai", [environment("openai") / "python", MODELS / "openai_double.py", port], port, "/v1/models")
        subprocess.run([environment("openai") / "python", MODELS / "openai_client.py", f"http://127.0.0.1:{port}/v1"], check=True,
                       timeout=60, env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"})
        key = stage.folder / "key"
        key.write_text("key\n", encoding="ascii")
        key.chmod(0o600)
        got = stage.score(f"http://127.0.0.1:{port}{path}", f"key_file: {key}\n" + endpoint)
        self.judge(stage, got, [expect(text_of(row)) for row in rows()])

    def test_embeddings(self):
        self.score("/v1/embeddings", "protocol: openai_embeddings\nrows: values\nextras: {model: m}",
                   lambda text: [float(zlib.crc32(text.encode()) % 65536), float(len(text))])

    def test_chat(self):
        self.score("/v1/chat/completions", "protocol: openai_chat\nparallel_requests_per_partition: 4\n"
                   "results_pointer: /choices/0/message/content\n"
                   "request: {model: m, messages: [{role: user, content: 'say: {text}'}]}",
                   lambda text: ("say: " + text)[::-1])


if __name__ == "__main__":
    unittest.main()
