/** What a configuration is read as, and where it does not fit. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { decode, Misfit } from "../src/decode.js";
import { Pointer } from "../src/index.js";

const SCHEMA = {
  type: "object",
  required: ["port"],
  properties: {
    port: { type: "integer", minimum: 0, maximum: 65535 },
    ratio: { type: "number", default: 0.5 },
    protocol: { type: "string", enum: ["tcp", "udp", "quic"], default: "tcp" },
    labels: { type: "object", additionalProperties: { type: "string" } },
    paths: { type: "array", items: { type: "string" } },
    probe: { type: "object", properties: { seconds: { type: "integer", default: 10 } } },
  },
};

test("defaults are filled in, at every depth, and what is not known is left out", () => {
  assert.deepEqual(decode(SCHEMA, { port: 80, other: 1 }, Pointer.config()), {
    port: 80,
    ratio: 0.5,
    protocol: "tcp",
    probe: { seconds: 10 },
  });
});

const CASES = [
  [{ port: "80" }, "/config/port", "expected a whole number from 0 to 65535, found the text `80`"],
  [{ port: 65536 }, "/config/port", "expected a whole number from 0 to 65535, found the number 65536"],
  [{ port: 1.5 }, "/config/port", "expected a whole number from 0 to 65535, found a number with a fraction"],
  [{}, "/config", "missing field `port`"],
  [{ port: 1, paths: {} }, "/config/paths", "expected a list, found an object"],
  [{ port: 1, paths: ["a", 1] }, "/config/paths/1", "expected a text, found the number 1"],
  [{ port: 1, labels: { "a/b": true } }, "/config/labels/a~1b", "expected a text, found `true`"],
  [{ port: 1, protocol: "ftp" }, "/config/protocol", "unknown variant `ftp`, expected one of `tcp`, `udp`, `quic`"],
  [[], "/config", "expected an object, found a list"],
];

for (const [value, pointer, message] of CASES) {
  test(`${JSON.stringify(value)} does not fit`, () => {
    assert.throws(
      () => decode(SCHEMA, value, Pointer.config()),
      (error) => error instanceof Misfit && String(error.pointer) === pointer && error.message === message,
    );
  });
}
