/**
 * From JSON to a configuration as its schema says: defaults filled in, and a pointer to whatever does not fit.
 *
 * The host has checked the schema already, in full. What is read here is what a module needs to rely on: types,
 * required members, words, bounds and defaults. `$ref` and `allOf` are followed; what stands behind `anyOf`, `oneOf` and
 * `if` is handed on as it is.
 */

import { flattener } from "./flatten.js";

/** Says where a value does not fit its schema. */
export class Misfit extends Error {
  constructor(pointer, message) {
    super(message);
    this.pointer = pointer;
  }
}

/** Reads a value. An absent one is `undefined`. Throws a `Misfit`. */
export function decode(schema, value, pointer) {
  return new Decoder(schema).read(schema, value, pointer);
}

/** Words of a schema behind which a member may be described that `properties` does not name. */
const ELSEWHERE = ["anyOf", "oneOf", "if", "dependentSchemas", "patternProperties", "unevaluatedProperties"];

const KINDS = {
  object: { fits: (value) => isObject(value), wanted: () => "an object" },
  array: { fits: (value) => Array.isArray(value), wanted: () => "a list" },
  string: { fits: (value) => typeof value === "string", wanted: () => "a text" },
  boolean: { fits: (value) => typeof value === "boolean", wanted: () => "a boolean" },
  number: { fits: (value) => typeof value === "number", wanted: (schema) => `a number${range(schema)}` },
  integer: { fits: (value) => Number.isInteger(value), wanted: (schema) => `a whole number${range(schema)}` },
  null: { fits: (value) => value === null, wanted: () => "nothing" },
};

class Decoder {
  #flat;
  /** The schemas whose absent values are being filled in. One that contains itself would be so without end. */
  #filled = [];

  constructor(root) {
    this.#flat = flattener(root);
  }

  read(given, value, pointer) {
    const schema = this.#flat(given);
    if (!isObject(schema)) return value;
    if (schema.enum !== undefined) return word(schema, value, pointer);
    const kinds = [schema.type ?? []].flat().map((name) => KINDS[name]);
    const isOutside = typeof value === "number" && (schema.minimum > value || schema.maximum < value);
    if (kinds.length > 0 && (isOutside || !kinds.some((kind) => kind.fits(value)))) {
      fail(pointer, kinds.map((kind) => kind.wanted(schema)).join(" or "), value);
    }
    if (Array.isArray(value)) return this.#items(schema, value, pointer);
    return isObject(value) ? this.#members(schema, value, pointer) : value;
  }

  #items(schema, value, pointer) {
    const first = schema.prefixItems ?? [];
    return value.map((item, at) => this.read(at < first.length ? first[at] : schema.items, item, pointer.index(at)));
  }

  #members(schema, value, pointer) {
    const properties = schema.properties ?? {};
    const members = [];
    for (const [key, given] of Object.entries(properties)) {
      const property = this.#flat(given);
      const place = pointer.key(key);
      const isNullable = [property.type].flat().includes("null");
      if (Object.hasOwn(value, key) && (value[key] !== null || isNullable)) {
        members.push([key, this.read(property, value[key], place)]);
      } else if (property.default !== undefined) {
        members.push([key, this.#fill(property, structuredClone(property.default), place)]);
      } else if (schema.required?.includes(key)) {
        throw new Misfit(pointer, `missing field \`${key}\``);
      } else if (property.type === "object" && property.properties !== undefined && !property.required?.length) {
        // A part that may be left out has the defaults of its own members.
        const filled = this.#fill(property, {}, place);
        if (filled !== undefined) members.push([key, filled]);
      }
    }
    const others = schema.additionalProperties ?? isOpen(schema);
    if (others !== false) {
      for (const [key, member] of Object.entries(value)) {
        if (!Object.hasOwn(properties, key)) members.push([key, this.read(others, member, pointer.key(key))]);
      }
    }
    return Object.fromEntries(members);
  }

  /** Reads what stands for an absent value. */
  #fill(property, value, pointer) {
    if (this.#filled.includes(property)) return property.default;
    this.#filled.push(property);
    try {
      return this.read(property, value, pointer);
    } finally {
      this.#filled.pop();
    }
  }
}

/** Whether an object may have members that `properties` does not name. */
function isOpen(schema) {
  const isSaid = (name) => schema[name] !== undefined && schema[name] !== false;
  return schema.properties === undefined || ELSEWHERE.some(isSaid);
}

function word(schema, value, pointer) {
  // Words that are lists or objects are compared by the host alone.
  if (schema.enum.includes(value)) return value;
  const areTexts = schema.enum.every((it) => typeof it === "string");
  if (areTexts && typeof value !== "string") fail(pointer, "a text", value);
  if (typeof value === "object" && value !== null) return value;
  if (!areTexts) fail(pointer, oneOf(schema.enum.filter((it) => !isObject(it) && !Array.isArray(it))), value);
  throw new Misfit(pointer, `unknown variant \`${value}\`, expected ${oneOf(schema.enum)}`);
}

function oneOf(words) {
  const quoted = words.map((it) => `\`${it}\``);
  if (quoted.length > 2) return `one of ${quoted.join(", ")}`;
  return quoted.join(" or ");
}

function range({ minimum, maximum }) {
  if (minimum !== undefined && maximum !== undefined) return ` from ${minimum} to ${maximum}`;
  if (minimum !== undefined) return minimum === 0 ? ", not negative" : `, at least ${minimum}`;
  return maximum === undefined ? "" : `, at most ${maximum}`;
}

function fail(pointer, wanted, value) {
  throw new Misfit(pointer, `expected ${wanted}, found ${found(value)}`);
}

function found(value) {
  if (value === null || value === undefined) return "nothing";
  if (Array.isArray(value)) return "a list";
  switch (typeof value) {
    case "boolean":
      return `\`${value}\``;
    case "number":
      return Number.isInteger(value) ? `the number ${value}` : "a number with a fraction";
    case "string":
      return `the text \`${value}\``;
    default:
      return "an object";
  }
}

function isObject(value) {
  return value !== null && typeof value === "object" && !Array.isArray(value);
}
