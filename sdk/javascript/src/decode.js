/**
 * From JSON to a configuration as its schema says: defaults filled in, and a pointer to whatever does not fit.
 *
 * The host has checked the schema already, in full. What is read here is what a module needs to rely on: types,
 * required members, words, bounds and defaults.
 */

/** Says where a value does not fit its schema. */
export class Misfit extends Error {
  constructor(pointer, message) {
    super(message);
    this.pointer = pointer;
  }
}

/** Reads a value. An absent one is `undefined`. Throws a `Misfit`. */
export function decode(schema, value, pointer) {
  if (schema === true || schema === undefined) return value;
  if (schema.enum !== undefined) return word(schema, value, pointer);
  const kind = KINDS[schema.type];
  if (kind === undefined) return value;
  if (!kind.fits(value)) fail(pointer, kind.wanted(schema), value);
  if (schema.minimum > value || schema.maximum < value) fail(pointer, kind.wanted(schema), value);
  if (schema.type === "object") return members(schema, value, pointer);
  if (schema.type === "array") return value.map((item, at) => decode(schema.items, item, pointer.index(at)));
  return value;
}

const KINDS = {
  object: { fits: (value) => isObject(value), wanted: () => "an object" },
  array: { fits: (value) => Array.isArray(value), wanted: () => "a list" },
  string: { fits: (value) => typeof value === "string", wanted: () => "a text" },
  boolean: { fits: (value) => typeof value === "boolean", wanted: () => "a boolean" },
  number: { fits: (value) => typeof value === "number", wanted: (schema) => `a number${range(schema)}` },
  integer: { fits: (value) => Number.isInteger(value), wanted: (schema) => `a whole number${range(schema)}` },
};

function members(schema, value, pointer) {
  const properties = schema.properties ?? {};
  const result = {};
  for (const [key, property] of Object.entries(properties)) {
    const given = Object.hasOwn(value, key) ? value[key] : null;
    if (given !== null) {
      result[key] = decode(property, given, pointer.key(key));
    } else if (property.default !== undefined) {
      result[key] = structuredClone(property.default);
    } else if (schema.required?.includes(key)) {
      throw new Misfit(pointer, `missing field \`${key}\``);
    } else if (property.type === "object" && property.properties !== undefined && !property.required?.length) {
      // A part that may be left out has the defaults of its own members.
      result[key] = decode(property, {}, pointer.key(key));
    }
  }
  if (schema.additionalProperties !== undefined && schema.additionalProperties !== false) {
    for (const [key, member] of Object.entries(value)) {
      if (!Object.hasOwn(properties, key)) {
        result[key] = decode(schema.additionalProperties, member, pointer.key(key));
      }
    }
  }
  return result;
}

function word(schema, value, pointer) {
  if (schema.enum.includes(value)) return value;
  if (typeof value !== "string") fail(pointer, "a text", value);
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
