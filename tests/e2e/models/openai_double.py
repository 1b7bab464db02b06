"""A double of two of OpenAI's calls, written from their documented contract: embeddings and chat completions.

    python openai_double.py PORT

Embeddings come in a random order, each with its index; an input that is no text or empty is a 400. `checksum` says what the
vector of a text is; the answer to a chat is the last message, backwards.
"""
import base64
import http.server
import json
import random
import struct
import sys
import zlib


def checksum(text):
    """The vector of a text, in numbers that 32 bits hold."""
    return [float(zlib.crc32(text.encode()) % 65536), float(len(text))]


class Calls(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.answer(200, {"object": "list", "data": []})

    def do_POST(self):
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.headers.get("Authorization") != "Bearer key":
            return self.refuse(401, "invalid_api_key")
        if "model" not in asked:
            return self.refuse(400, "missing_required_parameter")
        return {"/v1/embeddings": self.embeddings, "/v1/chat/completions": self.chat}[self.path](asked)

    def embeddings(self, asked):
        texts = asked["input"] if isinstance(asked["input"], list) else [asked["input"]]
        if len(texts) > 2048 or not all(isinstance(text, str) and text for text in texts):
            return self.refuse(400, "invalid_request_error")
        data = []
        for index, text in enumerate(texts):
            vector = checksum(text)
            if asked.get("encoding_format") == "base64":
                vector = base64.b64encode(struct.pack(f"<{len(vector)}f", *vector)).decode()
            data.append({"object": "embedding", "index": index, "embedding": vector})
        random.shuffle(data)
        return self.answer(200, {"object": "list", "data": data, "model": asked["model"],
                                 "usage": {"prompt_tokens": len(texts), "total_tokens": len(texts)}})

    def chat(self, asked):
        said = asked["messages"][-1]["content"][::-1]
        return self.answer(200, {
            "id": "chatcmpl-1", "object": "chat.completion", "created": 0, "model": asked["model"],
            "choices": [{"index": 0, "message": {"role": "assistant", "content": said, "refusal": None}, "logprobs": None,
                         "finish_reason": "stop"}],
            "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}})

    def refuse(self, status, code):
        self.answer(status, {"error": {"message": code, "type": "invalid_request_error", "param": None, "code": code}})

    def answer(self, status, content):
        body = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


if __name__ == "__main__":
    http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Calls).serve_forever()
