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

const read = (schema, value) => decode(schema, value, Pointer.config());
const object = (properties, more) => ({ type: "object", properties, ...more });

test("the default of an object is filled in", () => {
  const schema = object({ probe: object({ seconds: { type: "integer", default: 10 } }, { default: {} }) });
  const value = read(schema, {});
  assert.deepEqual(value, { probe: { seconds: 10 } });
  assert.deepEqual(schema.properties.probe.default, {});
});

test("references are followed", () => {
  const schema = object(
    {
      first: { $ref: "#/$defs/a~1b%20c" },
      others: { type: "array", items: { $ref: "#/$defs/a~1b%20c" } },
      next: { $ref: "#" },
      level: { $ref: "#/$defs/level", default: 2 },
    },
    {
      $defs: { "a/b c": object({ seconds: { type: "integer", default: 10 } }), level: { type: "integer", maximum: 3 } },
    },
  );
  const first = { seconds: 10 };
  assert.deepEqual(read(schema, { others: [{}, { seconds: 1 }], next: { next: {} } }), {
    first,
    others: [first, { seconds: 1 }],
    next: { first, next: { first, next: { first, level: 2 }, level: 2 }, level: 2 },
    level: 2,
  });
  assert.throws(() => read(schema, { next: { level: 4 } }), /expected a whole number, at most 3, found the number 4/);
  assert.throws(() => read({ $ref: "#/$defs/none" }, {}), /the schema has no `#\/\$defs\/none`/);
  assert.throws(() => read({ $ref: "#" }, {}), /a schema refers to itself and says nothing else/);
});

test("a part that contains itself is filled in once", () => {
  const node = object({ size: { type: "integer", default: 1 }, next: { $ref: "#", default: {} } });
  assert.deepEqual(read(node, {}), { size: 1, next: { size: 1, next: {} } });
});

test("what is said together is one", () => {
  const schema = {
    allOf: [
      object({ a: { type: "integer", default: 1 }, b: { type: "string" } }, { required: ["b"] }),
      { $ref: "#/$defs/more", required: ["c"] },
    ],
    $defs: { more: object({ a: { minimum: 1 }, c: { type: "string" }, d: object({ e: { default: 2 } }) }) },
  };
  assert.deepEqual(read(schema, { b: "b", c: "c" }), { a: 1, b: "b", c: "c", d: { e: 2 } });
  assert.throws(() => read(schema, { b: "b" }), /missing field `c`/);
  assert.throws(() => read(schema, { c: "c" }), /missing field `b`/);
  assert.throws(() => read(schema, { a: 0, b: "b", c: "c" }), /expected a whole number, at least 1, found the number 0/);
});

test("a value may be of several types, and nothing may be one of them", () => {
  const schema = { type: "array", items: { type: ["integer", "null"], minimum: 1 } };
  assert.deepEqual(read(schema, [1, null]), [1, null]);
  assert.throws(() => read(schema, ["1"]), /expected a whole number, at least 1 or nothing, found the text `1`/);
  const members = object({ a: { type: ["string", "null"], default: "x" } });
  assert.deepEqual(read({ type: "array", items: members }, [{ a: null }, {}]), [{ a: null }, { a: "x" }]);
});

test("words may be numbers", () => {
  const schema = object({ share: { type: "integer", enum: [1, 2], default: 1 }, any: { enum: ["a", null, { b: 1 }] } });
  assert.deepEqual(read(schema, { share: 2, any: { b: 1 } }), { share: 2, any: { b: 1 } });
  assert.throws(() => read(schema, { share: 3 }), /expected `1` or `2`, found the number 3/);
});

test("what another word than properties describes is kept", () => {
  const choice = object({ kind: { default: "a" } }, { oneOf: [object({ x: {} }), object({ y: {} })] });
  assert.deepEqual(read(choice, { x: 1 }), { kind: "a", x: 1 });
  assert.deepEqual(read({ type: "object" }, { x: 1 }), { x: 1 });
  const list = { type: "array", prefixItems: [{ type: "string" }], items: { type: "integer" } };
  assert.deepEqual(read(list, ["a", 1, 2]), ["a", 1, 2]);
});

for (const [value, pointer, message] of CASES) {
  test(`${JSON.stringify(value)} does not fit`, () => {
    assert.throws(
      () => read(SCHEMA, value),
      (error) => error instanceof Misfit && String(error.pointer) === pointer && error.message === message,
    );
  });
}
