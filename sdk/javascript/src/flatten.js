/**
 * A schema and all that it refers to with `$ref` and `allOf`, as one.
 *
 * It is for decoding only: where two parts say something about one value, the one that stands nearer wins, because the
 * host has checked that the value fits both.
 */

/** Returns a function that flattens the parts of a schema. The same part gives the same object. */
export function flattener(root) {
  const known = new Map();
  const flatten = (schema, above = []) => {
    if (!isObject(schema)) return schema;
    if (schema.$ref === undefined && schema.allOf === undefined) return schema;
    if (above.includes(schema)) throw new Error("a schema refers to itself and says nothing else");
    if (known.has(schema)) return known.get(schema);
    const { $ref, allOf = [], ...own } = schema;
    const others = $ref === undefined ? allOf : [...allOf, referred(root, $ref)];
    const flat = others.map((other) => flatten(other, [...above, schema])).reduce(together, own);
    known.set(schema, flat);
    return flat;
  };
  return (schema) => flatten(schema);
}

/** What a JSON Pointer into the schema points at. */
function referred(root, $ref) {
  let found = $ref === "#" || $ref.startsWith("#/") ? root : undefined;
  for (const key of $ref.split("/").slice(1)) {
    const plain = decodeURIComponent(key).replaceAll("~1", "/").replaceAll("~0", "~");
    found = isObject(found) || Array.isArray(found) ? found[plain] : undefined;
  }
  if (found === undefined) throw new Error(`the schema has no \`${$ref}\``);
  return found;
}

function together(near, far) {
  if (!isObject(far)) return near;
  const flat = { ...far, ...near };
  if (near.properties !== undefined && far.properties !== undefined) {
    flat.properties = { ...far.properties, ...near.properties };
    for (const key of Object.keys(near.properties)) {
      if (!Object.hasOwn(far.properties, key)) continue;
      flat.properties[key] = { allOf: [near.properties[key], far.properties[key]] };
    }
  }
  if (near.required !== undefined && far.required !== undefined) {
    flat.required = [...new Set([...near.required, ...far.required])];
  }
  return flat;
}

function isObject(value) {
  return value !== null && typeof value === "object" && !Array.isArray(value);
}
