"""Whether OpenAI's own client takes the double for the real thing: python openai_client.py URL"""
import sys

import openai
from openai_double import checksum

texts = [f"text {n}" for n in range(300)]
client = openai.OpenAI(base_url=sys.argv[1], api_key="key", max_retries=0)
for form in ("float", openai.NOT_GIVEN):  # which the client asks for as base64, and reads
    found = client.embeddings.create(model="m", input=texts, encoding_format=form)
    assert {one.index: one.embedding for one in found.data} == {n: checksum(text) for n, text in enumerate(texts)}
said = client.chat.completions.create(model="m", messages=[{"role": "user", "content": "abc"}])
assert said.choices[0].message.content == "cba"
try:
    client.embeddings.create(model="m", input=["good", ""])
    raise AssertionError("an empty text was taken")
except openai.BadRequestError as error:
    assert error.code == "invalid_request_error"
